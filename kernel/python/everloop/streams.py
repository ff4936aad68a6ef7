"""``sys.stdout`` and ``sys.stderr`` of the kernel: text that becomes ``stream`` messages of the cell that wrote it."""

import contextlib
import io
import sys

import _everloop

_DESCRIPTORS = {"stdout": 1, "stderr": 2}


class OutStream(io.TextIOBase):
    """A text stream whose writes go to the outbox, from any thread and under the parent of the caller's context."""

    encoding = "utf-8"
    errors = "replace"
    newlines = None
    line_buffering = True
    write_through = True
    mode = "w"

    def __init__(self, name):
        super().__init__()
        self._name = name
        self._buffer = None

    @property
    def name(self):
        """``<stdout>`` or ``<stderr>``, as CPython names them."""
        return f"<{self._name}>"

    @property
    def buffer(self):
        """The same stream for bytes, which are taken as UTF-8."""
        if self._buffer is None:
            self._buffer = _Bytes(self)
        return self._buffer

    def writelines(self, lines):
        """Publish all `lines` at once."""
        self.write("".join(lines))

    def flush(self):
        """Publish what is still on its way."""
        if self._buffer is not None:
            self._buffer.finish()
        _everloop.flush_streams()

    def close(self):
        """Flush only: there is no other stream that the next cell could print to."""
        self.flush()

    def writable(self):
        """Always."""
        return True

    def isatty(self):
        """Never."""
        return False

    def fileno(self):
        """1 or 2. What a child process writes there is captured from the descriptor and becomes stream messages too."""
        return _DESCRIPTORS[self._name]

    def reconfigure(self, **options):
        """Accepted, since programs set encodings on ``sys.stdout``; what goes to front ends is always UTF-8."""

    def __repr__(self):
        return f"<everloop.OutStream name={self.name!r} mode='w' encoding='utf-8'>"

    def __del__(self):
        # IOBase would flush, and there may be nothing left to flush to.
        pass


# `write`, which `print` calls twice for each line, is native.
_everloop.give_write(OutStream)


class _Bytes(io.BufferedIOBase):
    """``sys.stdout.buffer``. A character may arrive in pieces."""

    mode = "wb"

    def __init__(self, stream):
        super().__init__()
        self.raw = self
        self._stream = stream
        self._decoder = None

    @property
    def name(self):
        return self._stream.name

    def write(self, data):
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        self._stream.write(self._decode(bytes(data)))
        return memoryview(data).nbytes

    def finish(self):
        """Publish what is left of an incomplete character."""
        if self._decoder is not None:
            self._stream.write(self._decode(b"", final=True))

    def flush(self):
        self._stream.flush()

    def close(self):
        self.flush()

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        return self._stream.fileno()

    def _decode(self, data, final=False):
        if self._decoder is None:
            import codecs

            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return self._decoder.decode(data, final)

    def __del__(self):
        pass


def say(text):
    """Write `text` of the kernel itself to stderr, also where code of the user has broken ``sys.stderr``."""
    try:
        sys.stderr.write(text)
    except (Exception, SystemExit):
        _everloop.write_stream("stderr", text)


@contextlib.contextmanager
def own_streams():
    """Inside, ``sys.stdout`` and ``sys.stderr`` are the kernel's, whatever code of the user has made of them."""
    before = {name: getattr(sys, name, None) for name in _DESCRIPTORS}
    sys.stdout, sys.stderr = OutStream("stdout"), OutStream("stderr")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before.values()


def install():
    """Make :class:`OutStream` what ``sys.stdout`` and ``sys.stderr`` are, also after user code has reset them."""
    sys.stdout = sys.__stdout__ = OutStream("stdout")
    sys.stderr = sys.__stderr__ = OutStream("stderr")

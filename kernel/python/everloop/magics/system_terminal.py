"""A command of the shell on a terminal of its own, which is what IPython gives to ``!command``.

The terminal is as pexpect's: 80 columns, stdout and stderr in the order in which they were written, nobody who types.
"""

import asyncio
import codecs
import contextlib
import os
import shutil
import signal
import termios

ROWS, COLUMNS = 24, 80

#: Seconds that a program may take to end after Ctrl-C, and after each signal that follows.
PATIENCE = 0.2
#: Seconds in which the last output arrives when processes that the program left behind hold its terminal.
LAST_WORDS = 0.05

# A turn of the loop reads at most this many times from one terminal, so that others get theirs.
_READS = 16
_CTRL_C = b"\x03\n"


class TerminalCommand:
    """A command that runs; `ended` is the future of its exit status, as ``Popen.returncode`` has it."""

    def __init__(self, command, write):
        """Start `command` in the user's shell; `write` is called with its output as it comes."""
        self._loop = asyncio.get_running_loop()
        self._write = write
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._status = None
        self._reads = True
        self.ended = self._loop.create_future()
        shell = _shell()
        self._master, slave = os.openpty()
        try:
            termios.tcsetwinsize(slave, (ROWS, COLUMNS))
            self.pid = _spawn(shell, command, os.ttyname(slave))
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._loop.add_reader(self._master, self._read_ready)
        self._loop._watcher.add_child_handler(self.pid, self._exited)

    async def interrupt(self):
        """Type Ctrl-C; what does not end of it is ended, its whole process group."""
        with contextlib.suppress(OSError):
            os.write(self._master, _CTRL_C)
        try:
            for number in (None, signal.SIGHUP, signal.SIGTERM):
                self._signal(number)
                await asyncio.wait([self.ended], timeout=PATIENCE)
        finally:
            self.kill()
        await asyncio.shield(self.ended)

    def kill(self):
        """End the whole process group, now."""
        self._signal(signal.SIGKILL)

    def _signal(self, number):
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _read_ready(self):
        for _ in range(_READS):
            try:
                data = os.read(self._master, 65536)
            except BlockingIOError:
                return
            except OSError:
                # EIO: nobody has the terminal any more.
                data = b""
            if not data:
                self._output_ended()
                return
            self._write_decoded(data)

    def _write_decoded(self, data, final=False):
        text = self._decoder.decode(data, final)
        if text:
            self._write(text)

    def _output_ended(self):
        if self._reads:
            self._reads = False
            self._loop.remove_reader(self._master)
            self._write_decoded(b"", final=True)
        self._end_if_both()

    def _exited(self, pid, status):
        # The watcher calls on a thread of its own where there are no descriptors of processes.
        self._loop.call_soon_threadsafe(self._has_exited, status)

    def _has_exited(self, status):
        self._status = status
        if self._reads:
            self._loop.call_later(LAST_WORDS, self._output_ended)
        self._end_if_both()

    def _end_if_both(self):
        if self._status is not None and not self._reads and not self.ended.done():
            # Hangs up on whoever still has the terminal; not before, since the command may open it again.
            os.close(self._master)
            self.ended.set_result(self._status)


def _shell():
    name = os.environ.get("SHELL", "sh")
    path = shutil.which(name)
    if path is None:
        raise OSError(f'"{name}" shell not found')
    return path


def _spawn(shell, command, terminal):
    """Start `command` as the leader of a session whose terminal is `terminal`; returns its process identifier."""
    return os.posix_spawn(
        shell,
        [shell, "-c", command],
        os.environ,
        # The first terminal that the leader of a session opens becomes the session's.
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2),
        ],
        setsid=True,
        # What Python ignores is the default's again, and what threads of the kernel block arrives.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        setsigmask=signal.pthread_sigmask(signal.SIG_BLOCK, []) - {signal.SIGINT},
    )

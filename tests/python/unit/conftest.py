"""The Python of the kernel on CPython: the native module `_everloop` is replaced by one that records what it is told."""

import pathlib
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "kernel" / "python"))


class Door(types.ModuleType):
    """What `_everloop` promises to Python, kept in lists. `answers` are what the front end will say to questions."""

    def __init__(self):
        super().__init__("_everloop")
        self.reset()

    def reset(self):
        self.log = []
        self.answers = []
        self.stdin_allowed = True

    def publish(self, msg_type, content, metadata=None, buffers=None):
        self.log.append((msg_type, content))
        self.last_buffers = buffers

    def write_stream(self, name, text):
        # What the real one does to text that has no UTF-8.
        text.encode("utf-8")
        self.log.append((name, text))

    def give_write(self, stream_class):
        def write(stream, text):
            if not isinstance(text, str):
                raise TypeError(f"write() argument must be str, not {type(text).__name__}")
            if text:
                # Half a surrogate pair has no UTF-8.
                self.write_stream(stream._name, text.encode("utf-8", "backslashreplace").decode())
            return len(text)

        stream_class.write = write

    def has_names_only(self, mapping):
        return all(type(key) is str for key in mapping)

    def field(self, mapping, name, missing):
        return next((value for key, value in list(mapping.items()) if type(key) is str and key == name), missing)

    def instance_field(self, obj, name, missing):
        shown = self.in_class(type(obj), "__dict__", missing)
        if type(shown) not in (types.GetSetDescriptorType, types.MemberDescriptorType):
            return missing
        found = shown.__get__(obj)
        return self.field(found, name, missing) if type(found) is dict else missing

    def fields_like(self, mapping, beginning):
        found = list(mapping.items())
        return {key: value for key, value in found if type(key) is str and key.startswith(beginning)}

    def in_class(self, cls, name, missing):
        for base in type.__dict__["__mro__"].__get__(cls):
            value = self.own_field(base, name, missing)
            if value is not missing:
                return value
        return missing

    def own_field(self, cls, name, missing):
        found = type.__dict__["__dict__"].__get__(cls)
        return next((value for key, value in found.items() if type(key) is str and key == name), missing)

    def is_subclass(self, cls, kind):
        return any(base is kind for base in type.__dict__["__mro__"].__get__(cls))

    def flush_streams(self):
        self.log.append(("flush", None))

    def allow_stdin(self):
        return self.stdin_allowed

    def ask(self, prompt, password):
        self.log.append(("ask", (prompt, password)))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def messages(self):
        """What was published, without streams, questions and flushes."""
        return [entry for entry in self.log if entry[0] not in ("flush", "ask", "stdout", "stderr")]

    def text(self, name):
        """Everything written to `name`."""
        return "".join(text for kind, text in self.log if kind == name)


DOOR = sys.modules["_everloop"] = Door()


@pytest.fixture
def door():
    DOOR.reset()
    return DOOR

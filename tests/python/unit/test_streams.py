"""sys.stdout, sys.stderr, input() and getpass()."""

import builtins
import getpass as getpass_module
import io
import subprocess
import sys
import threading

import pytest

from everloop import stdin
from everloop.streams import OutStream


@pytest.fixture
def stdout(door):
    return OutStream("stdout")


def test_print(door, stdout):
    print("a", 1, file=stdout)
    assert door.text("stdout") == "a 1\n"
    assert stdout.write("é𝄞") == 2
    assert stdout.write("") == 0
    assert [kind for kind, _ in door.log] == ["stdout"] * (len(door.log))


def test_names_do_not_mix(door, stdout):
    stderr = OutStream("stderr")
    stdout.write("out")
    stderr.write("err")
    assert (door.text("stdout"), door.text("stderr")) == ("out", "err")


@pytest.mark.parametrize("value", [b"bytes", 1, None, ["text"]])
def test_only_text(stdout, value):
    with pytest.raises(TypeError, match="must be str"):
        stdout.write(value)


def test_writelines_is_one_write(door, stdout):
    stdout.writelines(["a\n", "b\n"])
    stdout.writelines(line for line in ["c\n"])
    assert [text for _, text in door.log] == ["a\nb\n", "c\n"]


def test_half_a_surrogate_pair_does_not_end_the_cell(door, stdout):
    assert stdout.write("a\ud800b") == 3
    assert door.text("stdout") == "a\\ud800b"


def test_flush(door, stdout):
    stdout.flush()
    assert door.log == [("flush", None)]


def test_it_looks_like_a_text_file(stdout):
    assert isinstance(stdout, io.TextIOBase)
    assert stdout.encoding == "utf-8"
    assert stdout.name == "<stdout>"
    assert stdout.mode == "w"
    assert stdout.writable()
    assert not stdout.readable()
    assert not stdout.seekable()
    assert not stdout.isatty()
    assert not stdout.closed
    stdout.reconfigure(encoding="latin-1")
    with pytest.raises(io.UnsupportedOperation):
        stdout.read()


def test_closing_is_not_the_end(door, stdout):
    stdout.close()
    with stdout:
        pass
    assert not stdout.closed
    stdout.write("still here")
    assert door.text("stdout") == "still here"


def test_bytes(door, stdout):
    assert stdout.buffer.write(b"abc") == 3
    stdout.buffer.write(bytearray(b"\xc3"))
    assert door.text("stdout") == "abc"
    stdout.buffer.write(memoryview(b"\xa9"))
    assert door.text("stdout") == "abcé"
    stdout.buffer.write(b"\xff\xc3")
    stdout.flush()
    assert door.text("stdout") == "abcé��"
    with pytest.raises(TypeError):
        stdout.buffer.write("text")
    stdout.buffer.close()
    assert not stdout.buffer.closed


def test_any_thread_may_write(door, stdout):
    threads = [threading.Thread(target=lambda: [stdout.write("x") for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert door.text("stdout") == "x" * 400


def test_child_processes_can_have_it(stdout):
    assert stdout.fileno() == stdout.buffer.fileno() == 1
    assert OutStream("stderr").fileno() == 2
    done = subprocess.run([sys.executable, "-c", "pass"], stdout=stdout, stderr=OutStream("stderr"), check=True)
    assert done.returncode == 0


def test_stream_of_a_dead_kernel_is_collected_in_silence(door):
    OutStream("stdout").__del__()
    assert door.log == []


# -- questions


def test_input(door):
    door.answers = ["answer"]
    assert stdin.input("What? ") == "answer"
    # What was printed is on the screen before the question.
    assert door.log == [("flush", None), ("ask", ("What? ", False))]


def test_prompt_may_be_any_object(door):
    door.answers = ["", ""]
    stdin.input(5)
    stdin.input()
    assert [entry[1] for entry in door.log if entry[0] == "ask"] == [("5", False), ("", False)]


def test_getpass(door):
    door.answers = ["secret", "secret"]
    assert stdin.getpass() == "secret"
    assert door.log[-1] == ("ask", ("Password: ", True))
    with pytest.warns(UserWarning, match="stream"):
        stdin.getpass("PIN: ", stream=sys.stderr)


@pytest.mark.parametrize(("ask", "name"), [(stdin.input, "raw_input"), (stdin.getpass, "getpass")])
def test_front_end_that_cannot_be_asked(door, ask, name):
    door.stdin_allowed = False
    with pytest.raises(NotImplementedError) as caught:
        ask("?")
    assert str(caught.value) == f"{name} was called, but this frontend does not support input requests."
    assert isinstance(caught.value, NotImplementedError)
    assert door.log == []


def test_end_of_file(door):
    door.answers = ["\x04"]
    with pytest.raises(EOFError):
        stdin.input()


def test_interrupted(door):
    door.answers = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt, match="Interrupted by user"):
        stdin.input()


def test_install(door, monkeypatch):
    monkeypatch.setattr(builtins, "input", builtins.input)
    monkeypatch.setattr(getpass_module, "getpass", getpass_module.getpass)
    stdin.install(builtins)
    assert builtins.input is stdin.input
    assert getpass_module.getpass is stdin.getpass

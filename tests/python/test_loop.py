"""EverLoop with what nobody should do: the error that asyncio documents, and the loop goes on.

What happens is in ``programs/bad_input.py``; each of its functions runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from client import Kernel

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")
PROGRAM = Path(__file__).parent / "programs" / "bad_input.py"

CLOSED = "RuntimeError: Event loop is closed"
OTHER_THREAD = "RuntimeError: Non-thread-safe operation invoked on an event loop other than the current one"

EXPECTED = {
    "callback_that_raises": """
        Exception in callback int() | invalid literal for int() with base 10: 'x' | True
        Exception in callback int() | invalid literal for int() with base 10: 'z' | True
        Exception in callback None() | invalid literal for int() with base 10: 'w' | False
        Exception in callback int() | invalid literal for int() with base 10: 'y' | True
        """,
    "callback_that_exits": """
        KeyboardInterrupt:  False
        [1] []
        """,
    "closed_loop": f"""
        call_soon {CLOSED}
        call_soon_threadsafe {CLOSED}
        call_later {CLOSED}
        call_at {CLOSED}
        run_forever {CLOSED}
        run_until_complete {CLOSED}
        create_task {CLOSED}
        run_in_executor {CLOSED}
        add_reader {CLOSED}
        add_signal_handler {CLOSED}
        False True False
        """,
    "running_loop": """
        close RuntimeError: Cannot close a running event loop
        other RuntimeError: Cannot run the event loop while another loop is running
        thread RuntimeError: This event loop is already running
        """,
    "debug_mode": f"""
        call_soon {OTHER_THREAD}
        call_later {OTHER_THREAD}
        call_at {OTHER_THREAD}
        TypeError: coroutines cannot be used with call_soon()
        TypeError: a callable object was expected by call_at(), got 3
        bad_input.py debug_mode
        int('x')
        debug_mode
        """,
    "arguments": """
        TypeError: delay must not be None
        TypeError: when cannot be None
        TypeError: must be real number, not str
        TypeError: context must be a contextvars.Context, not int
        TypeError: call_soon() got an unexpected keyword argument 'foo'
        ['soon', 'later'] Exception in callback 3()
        """,
    "timers": """
        4 4
        False True False 2
        True True
        False
        <TimerHandle cancelled when=inf>
        """,
    "descriptor_closed_while_watched": """
        True True False
        OSError: [Errno 9] Bad file descriptor
        ValueError: Invalid file descriptor: -1
        ValueError: Invalid file object: 'x'
        True
        b'again'
        """,
    "child_reaped_elsewhere": """
        WARNING
        255
        4
        """,
    "signals": """
        RuntimeError: sig 9 cannot be caught
        TypeError: coroutines cannot be used with add_signal_handler()
        ValueError: invalid signal number 9999
        arrived
        True False
        """,
    "interrupted_run": """
        cancelled
        KeyboardInterrupt:
        """,
    "handle_shared_with_a_thread": "['ran', 'cancelled']",
    "no_descriptors_left": "True None 2",
    "cycles": "None None",
    "default_loop": """
        EverLoop
        EverLoop
        EverLoop
        None
        """,
}


def happens(name: str) -> str:
    program = [BINARY, "python", str(PROGRAM), name]
    run = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("name", EXPECTED)
def test_bad_input(name: str) -> None:
    expected = [line.strip() for line in EXPECTED[name].strip().splitlines()]
    assert [line.strip() for line in happens(name).splitlines()] == expected


def test_an_exception_handler_that_raises() -> None:
    said = happens("handler_that_raises")
    assert said.startswith("Unhandled error in exception handler\ncontext: {'message': 'Exception in callback int()'")
    assert "During handling of the above exception, another exception occurred" in said
    assert said.endswith("KeyError: 'handler'\nSystemExit: 3\ngoes on\n")


def test_ten_thousand_connections() -> None:
    opened, answered = happens("connections").split()
    assert int(opened) > 100
    assert answered == "True"


@pytest.mark.everloop_only("the loop of an ipykernel is closed by it")
def test_a_cell_misuses_the_loop(kernel: Kernel) -> None:
    code = """
import asyncio
loop = asyncio.get_running_loop()
def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
print(attempt(loop.close))
print(attempt(loop.call_later, None, print))
print(type(asyncio.EventLoop()).__name__, isinstance(loop.call_soon(int), asyncio.Handle))
loop.call_later(1e300, print, 'never').cancel()
await asyncio.sleep(0.01)
print('goes on')
"""
    assert kernel.ok(code).stdout.splitlines() == [
        "RuntimeError: Cannot close a running event loop",
        "TypeError: delay must not be None",
        "EverLoop True",
        "goes on",
    ]

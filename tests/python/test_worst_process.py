"""Code that ends the process, forks it, takes its descriptors and its signals; and what the kernel tells of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel
from worst import answers, dies, each, log_of, survives, told_of

LINES = 2000
PRINTS = f"for number in range({LINES}): print(number)\n"
PRINTED = "".join(f"{number}\n" for number in range(LINES))


# -- the end


def takes_leave(kernel: Kernel, directory: Path, code: str = "") -> Path:
    """Let a kernel that is to end run `code`, and say ``bye`` in the file that is returned when it ends."""
    farewell = directory / "farewell"
    kernel.ok(f"{code}\nimport atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye');")
    kernel.expects_death = True
    return farewell


FATAL = {
    "SIGSEGV": (signal.SIGSEGV, "import ctypes\nctypes.memset(0, 1, 1)", "SIGSEGV, an invalid memory reference (address 0x0)"),
    "sent": (signal.SIGSEGV, "import signal\nsignal.raise_signal(11)", "SIGSEGV, an invalid memory reference (sent by a process)"),
    "SIGABRT": (signal.SIGABRT, "import os\nos.abort()", "SIGABRT, native code gave up"),
    "SIGBUS": (signal.SIGBUS, "import os, mmap, tempfile\nf = tempfile.TemporaryFile()\nf.truncate(4096)\nm = mmap.mmap(f.fileno(), 4096)\nf.truncate(0)\nm[0]", "SIGBUS, memory that is not there"),
    "SIGFPE": (signal.SIGFPE, "import signal\nsignal.raise_signal(8)", "SIGFPE"),
    "SIGILL": (signal.SIGILL, "import signal\nsignal.raise_signal(4)", "SIGILL"),
    "thread": (signal.SIGSEGV, "import ctypes, threading\nt = threading.Thread(target=ctypes.memset, args=(0, 1, 1))\nt.start()\nt.join()", "SIGSEGV"),
}  # fmt: skip


@pytest.mark.everloop_only("ipykernel loses what was printed, and does not say what it was")
@each(("number", "code", "what"), FATAL)
def test_a_fault_is_told_and_loses_nothing(fresh_kernel: Kernel, number: signal.Signals, code: str, what: str) -> None:
    cell = dies(fresh_kernel, PRINTS + code)
    assert fresh_kernel.exit_code == -number
    assert cell.stdout == PRINTED
    told = told_of(cell)
    assert told.startswith(what)
    assert "everloop: the process ends: " + what in log_of(fresh_kernel)
    assert "In [1] ran when the process ended" in log_of(fresh_kernel)


@pytest.mark.everloop_only("ipykernel does not say where it was")
def test_a_fault_names_the_line(fresh_kernel: Kernel) -> None:
    cell = dies(fresh_kernel, "import ctypes\ndef culprit():\n    ctypes.memset(0, 1, 1)\nculprit()")
    assert "line 3, in culprit" in told_of(cell)
    # What is below is the kernel's own, which is for the log.
    assert "everloop." not in told_of(cell)
    assert "line 3, in culprit" in log_of(fresh_kernel)


@pytest.mark.everloop_only("ipykernel says nothing")
def test_a_fault_between_cells_is_in_the_log(fresh_kernel: Kernel) -> None:
    code = "import asyncio, ctypes\nasync def later():\n    await asyncio.sleep(0.3)\n    print('last words')\n    ctypes.memset(0, 1, 1)\ntask = asyncio.create_task(later())"
    cell = fresh_kernel.ok(code)
    fresh_kernel.wait_exit(10)
    assert cell.stdout == "last words\n"
    assert "the process ends: SIGSEGV" in log_of(fresh_kernel)


@pytest.mark.everloop_only("ipykernel loses what was printed")
@pytest.mark.parametrize("status", [0, 3])
def test_os_exit_loses_nothing(fresh_kernel: Kernel, status: int) -> None:
    cell = dies(fresh_kernel, f"{PRINTS}import os\nos._exit({status})")
    assert fresh_kernel.exit_code == status
    assert cell.stdout == PRINTED
    assert f"os._exit({status}) was called" in told_of(cell)


@pytest.mark.everloop_only("ipykernel ends silently")
def test_hanging_up_ends_the_kernel_in_order(fresh_kernel: Kernel, tmp_path: Path) -> None:
    farewell = takes_leave(fresh_kernel, tmp_path)
    os.kill(fresh_kernel.pid, signal.SIGHUP)
    fresh_kernel.wait_exit(5)
    assert fresh_kernel.exit_code == 0
    assert farewell.read_text() == "bye"


@pytest.mark.everloop_only("ipykernel says nothing")
def test_a_stack_that_is_used_up_is_told(fresh_kernel: Kernel) -> None:
    """What a thread frees may need more than it has: docs/upstream.md.

    A collection that runs meanwhile, as IPython's modules are loaded, would take the lists apart itself, one by one.
    """
    code = """
    import gc, threading
    gc.disable()
    def culprit():
        nested = []
        for _ in range(1_000_000): nested = [nested]
        del nested
    threading.stack_size(1 << 20)
    thread = threading.Thread(target=culprit)
    print("last words")
    thread.start()
    thread.join()
    """
    cell = dies(fresh_kernel, code, 30)
    assert fresh_kernel.exit_code == -signal.SIGSEGV
    assert cell.stdout == "last words\n"
    assert "the stack of the thread is used up" in told_of(cell)


# -- panics


PANIC = """
import ast, codeop
def panic():
    # RustPython's own `compile`, without what `compat/negative_numbers.py` does.
    codeop.compile(ast.fix_missing_locations(ast.Expression(ast.Constant(-1))), 'x', 'eval')
"""
FAILED = "the interpreter failed, which is a defect of it"


@pytest.fixture
def panicking(fresh_kernel: Kernel) -> Kernel:
    fresh_kernel.ok(PANIC)
    return fresh_kernel


@pytest.mark.everloop_only("CPython has no such defect")
@pytest.mark.parametrize(
    "code",
    [
        "panic()",
        "import asyncio\nasync def f(): panic()\nawait asyncio.create_task(f())",
        "%%thread\npanic()",
        "class A:\n    def __repr__(self): panic()\nA()",
    ],
    ids=["cell", "task", "cell on a thread", "repr"],
)
def test_a_panic_is_an_exception(panicking: Kernel, code: str) -> None:
    """The interpreter's defect ends the code that met it, and not the kernel."""
    cell = survives(panicking, code, "SystemError")
    assert cell.error["evalue"].startswith(FAILED)
    assert "codeop.compile" in cell.traceback or "in panic" in cell.traceback
    assert "panicked at" in log_of(panicking)


@pytest.mark.everloop_only("CPython has no such defect")
@pytest.mark.parametrize(
    "code",
    [
        "import threading\nt = threading.Thread(target=panic)\nt.start()\nt.join()",
        "import _thread\n_thread.start_new_thread(panic, ())",
        "import asyncio\nasyncio.get_running_loop().call_soon(panic)\nawait asyncio.sleep(0.1)",
    ],
    ids=["thread", "bare thread", "callback"],
)
def test_a_panic_beside_a_cell_is_shown_under_it(panicking: Kernel, code: str) -> None:
    cell = survives(panicking, code)
    panicking.until(lambda: FAILED in cell.stderr, "what the interpreter failed with")


# -- kill -QUIT


def asked(kernel: Kernel, *expected: str) -> str:
    """The log after SIGQUIT, when it has all of this."""
    os.kill(kernel.pid, signal.SIGQUIT)
    kernel.until(lambda: all(text in log_of(kernel) for text in expected), f"{expected} in the log", 20)
    return log_of(kernel)


@pytest.mark.everloop_only("SIGQUIT ends ipykernel")
@pytest.mark.parametrize(
    "code",
    ["while True: pass", "import time; time.sleep(1000)", "import threading; threading.Event().wait()", "input()"],
    ids=["loops", "sleeps", "waits", "asks"],
)
def test_sigquit_tells_what_a_cell_does(fresh_kernel: Kernel, code: str) -> None:
    cell = fresh_kernel.submit(f"def culprit():\n    {code}\nprint('begun')\nculprit()").wait_for("begun")
    asked(fresh_kernel, "Thread python", "in culprit", "Task 1, a cell of In [1]")
    fresh_kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert answers(fresh_kernel)


@pytest.mark.everloop_only("SIGQUIT ends ipykernel")
def test_sigquit_tells_of_threads_and_tasks(fresh_kernel: Kernel) -> None:
    code = """
    import asyncio, threading
    never = threading.Event()
    def waits(): never.wait()
    threading.Thread(target=waits, name="waiter", daemon=True).start()
    async def inner(): await asyncio.sleep(1000)
    async def outer(): await inner()
    task = asyncio.create_task(outer(), name="patient")
    await asyncio.sleep(0)
    """
    fresh_kernel.ok(code)
    log = asked(fresh_kernel, "Thread waiter", "in waits", "outer() patient")
    task = log[log.index("outer() patient") :]
    assert task.index("in inner") < task.index("in outer")
    assert answers(fresh_kernel)


def test_sigquit_belongs_to_who_takes_it(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("import signal\nassert signal.getsignal(signal.SIGQUIT) == signal.SIG_DFL")
    fresh_kernel.ok("taken = []\nsignal.signal(signal.SIGQUIT, lambda *_: taken.append(1))")
    cell = fresh_kernel.submit("import time\nprint('begun')\nwhile not taken: time.sleep(0.01)").wait_for("begun")
    os.kill(fresh_kernel.pid, signal.SIGQUIT)
    assert cell.wait().reply["status"] == "ok"


# -- children


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_child_prints(fresh_kernel: Kernel, name: str) -> None:
    code = f"import os, sys\npid = os.fork()\nif pid == 0:\n    for n in range(3): print('child', n, file=sys.{name})\n    os._exit(7)\nos.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    cell = survives(fresh_kernel, code)
    assert cell.result == "7"
    assert "child 0\nchild 1\nchild 2\n" in cell.stream(name)


CHILDREN = {
    "returns": ("pass", "0", ""),
    "exits": ("raise SystemExit", "0", ""),
    "exits with a status": ("raise SystemExit(5)", "5", ""),
    "raises": ("1 / 0", "1", "ZeroDivisionError"),
    "awaits": ("await __import__('asyncio').sleep(1)", "1", "RuntimeError"),
}


@pytest.mark.everloop_only("a child of ipykernel's takes its messages")
@each(("does", "status", "says"), CHILDREN)
def test_a_child_ends_where_its_cell_does(fresh_kernel: Kernel, does: str, status: str, says: str) -> None:
    cell = fresh_kernel.ok(
        f"import os\npid = os.fork()\nif pid == 0:\n    {does}\nelse:\n    _, status = os.waitpid(pid, 0)\n    print('ended with', os.waitstatus_to_exitcode(status))"
    )
    assert cell.stdout == f"ended with {status}\n"
    assert says in cell.stderr
    assert answers(fresh_kernel)


def test_a_child_beside_threads(fresh_kernel: Kernel) -> None:
    code = """
    import os, threading
    go = threading.Event()
    threads = [threading.Thread(target=go.wait, daemon=True) for _ in range(20)]
    for thread in threads: thread.start()
    pid = os.fork()
    if pid == 0: os._exit(7)
    status = os.waitpid(pid, 0)[1]
    go.set()
    os.waitstatus_to_exitcode(status)
    """
    assert survives(fresh_kernel, code).result == "7"


def test_a_child_runs_a_loop_of_its_own(fresh_kernel: Kernel) -> None:
    code = "import asyncio, os\npid = os.fork()\nif pid == 0:\n    asyncio.run(asyncio.sleep(0.01))\n    os._exit(7)\nos.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    assert survives(fresh_kernel, code).result == "7"


def test_a_process_of_multiprocessing(fresh_kernel: Kernel) -> None:
    code = "import multiprocessing\ncontext = multiprocessing.get_context('fork')\nqueue = context.SimpleQueue()\ndef work(): queue.put(5)\nprocess = context.Process(target=work)\nprocess.start()\nvalue = queue.get()\nprocess.join()\nvalue, process.exitcode"
    assert survives(fresh_kernel, code).result == "(5, 0)"


# -- descriptors and limits


@pytest.mark.parametrize(
    "code",
    ["for n in (0, 1, 2): os.close(n)", "null = os.open('/dev/null', os.O_RDWR)\nfor n in (0, 1, 2): os.dup2(null, n)"],
    ids=["close", "dup2"],
)
def test_the_descriptors_of_the_streams(fresh_kernel: Kernel, code: str) -> None:
    fresh_kernel.run(f"import os\n{code}")
    assert fresh_kernel.run("print('all the same')").stdout == "all the same\n"
    assert answers(fresh_kernel)


@pytest.mark.parametrize("before", ["", "get_ipython()\n"], ids=["bare", "IPython"])
@pytest.mark.parametrize("closes", ["os.closerange(0, 1000)\nprint(1)", "os.closerange(3, 1000)"])
def test_a_kernel_without_its_sockets_ends(fresh_kernel: Kernel, closes: str, before: str) -> None:
    """It could not be reached any more; so it does not stay behind."""
    dies(fresh_kernel, f"{before}import os\n{closes}")
    assert fresh_kernel.exit_code != 0


def test_all_descriptors_in_use(fresh_kernel: Kernel) -> None:
    fresh_kernel.run("import os\nkept = []\nwhile True: kept.append(os.dup(0))")
    fresh_kernel.run("for n in kept: os.close(n)")
    assert answers(fresh_kernel)


@pytest.mark.everloop_only("ipykernel has IPython from the start")
def test_ipython_is_loaded_when_there_are_descriptors_again(fresh_kernel: Kernel) -> None:
    taken = fresh_kernel.run("import os\nkept = []\nwhile True: kept.append(os.dup(0))")
    assert "IPython is not loaded before there is what it needs: OSError" in taken.stderr
    assert "cannot be loaded now: OSError" in fresh_kernel.run("%time 1").traceback
    fresh_kernel.ok("for n in kept: os.close(n)")
    assert "Wall time" in fresh_kernel.ok("%time 1").stdout
    assert fresh_kernel.ok("len(In)").result == "6"


def test_a_file_that_may_not_grow_is_an_exception(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(
        "import resource\nhard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\nresource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))"
    )
    survives(
        fresh_kernel,
        "with open('file', 'wb', buffering=0) as file:\n    for _ in range(2): file.write(b'12')",
        "OSError",
    )


# -- signals


ALL = "import signal\nfor number in signal.valid_signals():\n    try: signal.signal(number, {0})\n    except (OSError, ValueError): pass"


@pytest.mark.parametrize("handler", ["lambda *_: None", "signal.SIG_IGN", "signal.SIG_DFL"])
def test_handlers_for_everything(fresh_kernel: Kernel, handler: str) -> None:
    survives(fresh_kernel, ALL.format(handler))
    survives(fresh_kernel, "import subprocess\nassert subprocess.run(['true']).returncode == 0")


def test_all_signals_blocked(fresh_kernel: Kernel) -> None:
    survives(fresh_kernel, "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals());")


RAISES = "import os, signal, time\ndef handler(*_): raise ValueError('of the handler')\n"


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGALRM"])
def test_a_handler_raises_in_the_cell(fresh_kernel: Kernel, name: str) -> None:
    """At once, also in a call that waits."""
    code = f"signal.signal(signal.{name}, handler)\nimport threading\nthreading.Timer(0.2, os.kill, (os.getpid(), signal.{name})).start()\ntime.sleep(1000)"
    cell = survives(fresh_kernel, RAISES + code, "ValueError")
    assert "of the handler" in cell.traceback


@pytest.mark.everloop_only("it ends ipykernel")
def test_a_handler_that_raises_between_cells_ends_nothing(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok(RAISES + "signal.signal(signal.SIGUSR1, handler);")
    os.kill(fresh_kernel.pid, signal.SIGUSR1)
    # It is told under the cell, whose last steps may not be over: as its error then.
    fresh_kernel.until(lambda: "of the handler" in cell.stderr or cell.error is not None, "the error")
    assert "of the handler" in (cell.stderr or cell.traceback)
    assert answers(fresh_kernel)


@pytest.mark.everloop_only("it ends ipykernel")
def test_a_timer_whose_handler_raises_ends_no_cell_but_its_own(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.run(
        RAISES
        + "signal.signal(signal.SIGALRM, handler)\nsignal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)\ntime.sleep(1000)"
    )
    assert cell.reply["ename"] == "ValueError"
    deadline = time.monotonic() + 20
    while fresh_kernel.run("signal.setitimer(signal.ITIMER_REAL, 0);").reply["status"] != "ok":
        assert time.monotonic() < deadline
    assert answers(fresh_kernel)


# -- the end of Python


@pytest.mark.parametrize("ends", ["shutdown", "SIGTERM"])
@pytest.mark.parametrize(
    "holds",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
        "class A:\n    def __del__(self):\n        while True: pass\nkept = A()",
        "class A:\n    def __del__(self): 1 / 0\nkept = A()",
    ],
    ids=["a thread", "a destructor", "a destructor that raises"],
)
@pytest.mark.everloop_only("ipykernel waits for its threads")
def test_atexit_handlers_run_whatever_holds_the_end_up(
    fresh_kernel: Kernel, tmp_path: Path, holds: str, ends: str
) -> None:
    farewell = takes_leave(fresh_kernel, tmp_path, holds)
    if ends == "SIGTERM":
        os.kill(fresh_kernel.pid, signal.SIGTERM)
    else:
        fresh_kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    fresh_kernel.wait_exit(5)
    assert farewell.read_text() == "bye"


@pytest.mark.everloop_only("ipykernel has IPython from the start, and ends without them")
@pytest.mark.parametrize("loads", ["%time 1", "get_ipython()", "1 / 0"])
@pytest.mark.parametrize("when", ["at once", "begun"])
def test_atexit_handlers_run_while_ipython_is_loaded(
    fresh_kernel: Kernel, tmp_path: Path, loads: str, when: str
) -> None:
    farewell = takes_leave(fresh_kernel, tmp_path)
    cell = fresh_kernel.submit(loads)
    if when == "begun":
        cell.wait_published("status")
    os.kill(fresh_kernel.pid, signal.SIGTERM)
    fresh_kernel.wait_exit(5)
    assert farewell.read_text() == "bye"


@pytest.mark.parametrize(
    "does", ["1 / 0", "raise SystemExit", "import time; time.sleep(1000)"], ids=["raises", "exits", "blocks"]
)
@pytest.mark.everloop_only("ipykernel waits")
def test_atexit_handlers_hold_nothing_up(fresh_kernel: Kernel, does: str) -> None:
    cell = fresh_kernel.ok(f"import atexit\n@atexit.register\ndef farewell():\n    print('bye')\n    {does}")
    fresh_kernel.expects_death = True
    fresh_kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    fresh_kernel.wait_exit(5)
    assert cell.stdout == "bye\n"
    if "sleep" in does:
        # What held it up is told.
        assert "in farewell" in log_of(fresh_kernel)


# -- the log


FILTERS = {
    "default": ({}, True, False),
    "error": ({"EVERLOOP_LOG": "error"}, False, False),
    "target": ({"EVERLOOP_LOG": "everloop::dispatch=warn"}, True, False),
    "another target": ({"EVERLOOP_LOG": "everloop::sockets=debug"}, False, True),
    "both": ({"EVERLOOP_LOG": "warn,everloop::sockets=debug"}, True, True),
    "no filter": ({"EVERLOOP_LOG": "everloop=loud"}, True, False),
}


@pytest.mark.everloop_only("a variable of its own")
@each(("env", "warns", "debugs"), FILTERS)
def test_the_log_is_filtered(
    start_kernel: Callable[..., Kernel], env: dict[str, str], warns: bool, debugs: bool
) -> None:
    """By level and target; it goes to the stderr that the process was started with, and never to a cell."""
    kernel = start_kernel(env=env)
    # Dispatch warns of a message that is signed wrongly; a subscriber that leaves is worth a debugging line of the sockets.
    channel = kernel.channels["shell"]
    channel.send_multipart([b"<IDS|MSG>", b"0" * 64, b"{}", b"{}", b"{}", b"{}"])
    subscriber = kernel.client.connect_iopub()
    subscriber.close(linger=0)
    cell = kernel.ok("print('to the cell')")
    kernel.until(lambda: ("ignored a message" in log_of(kernel)) >= warns, "the warning", 10)
    kernel.until(lambda: ("a peer has left" in log_of(kernel)) >= debugs, "the debugging line", 10)
    log = log_of(kernel)
    assert ("ignored a message" in log) == warns
    assert (" DEBUG everloop::sockets" in log) == debugs
    assert ("EVERLOOP_LOG is ignored" in log) == ("loud" in env.get("EVERLOOP_LOG", ""))
    assert "to the cell" not in log
    assert cell.stderr == ""

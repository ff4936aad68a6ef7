"""Interrupts of other threads than the interpreter thread: what runs there stops, and nothing else does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from client import Kernel

pytestmark = pytest.mark.everloop_only("threads of cells are everloop's")

PRELUDE = """
import asyncio, concurrent.futures, dis, os, queue, select, signal, socket, subprocess, sys, threading, time
from everloop.threads import CellThread

begun = []
pair, pipe = socket.socketpair(), os.pipe()
never = threading.Event()
over = threading.Event()

async def until_begun():
    while not begun:
        await asyncio.sleep(0)

wait = threading.Condition.wait
safe = next(step.offset for step in dis.get_instructions(wait) if step.argval == 'gotit')

async def until_waiting(thread):
    frame = None
    while frame is None or frame.f_code is not wait.__code__ or frame.f_lasti <= safe:
        await asyncio.sleep(0)
        frame = sys._current_frames().get(thread.ident)

def spin():
    while not over.is_set():
        pass
    return 'undisturbed'
"""

# What a thread does when it is interrupted; `begun.append(1)` says that it is worth it.
BUSY = {
    "busy loop": "while True: pass",
    "short sleeps": "while True: time.sleep(0.0002)",
    "prints": "while True: print('x')",
    "sleep": "time.sleep(1000)",
    "socket": "pair[0].recv(1)",
    "pipe": "os.read(pipe[0], 1)",
    "select": "select.select([pair[0]], [], [])",
    "poll": "select.poll().poll()",
    "subprocess": "subprocess.run(['sleep', '1000'])",
    "lock": "lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
    "event": "never.wait()",
    "event with a limit": "never.wait(1000)",
    "condition": "condition = threading.Condition()\n    with condition: condition.wait()",
    "queue": "queue.Queue().get()",
    "simple queue": "queue.SimpleQueue().get()",
    "future": "concurrent.futures.Future().result()",
    "join": "thread = threading.Thread(target=never.wait, daemon=True)\n    thread.start()\n    thread.join()",
    "loop": "async def coroutine():\n        begun.append(1)\n        await asyncio.sleep(1000)\n    asyncio.run(coroutine())",
    "busy coroutine": "async def coroutine():\n        begun.append(1)\n        while True: pass\n    asyncio.run(coroutine())",
}

# `threading` waits for a lock of its own in Python: an interrupt just before that leaves the lock as it should not be, as in
# any Python, so these are interrupted when `Condition.wait` has come so far that it takes the lock again.
LOCKS = {"event", "event with a limit", "condition", "queue", "future"}

# What the interpreter thread does between the interrupt and its effect.
MEANWHILE = {
    "awaits": "while not task.done(): await asyncio.sleep(0.001)",
    "idle": "await asyncio.wait([task])",
    "busy": "while not ended: pass",
}

INTERRUPT = """
begun.clear()
ended = []
def work():
    {begin}
    {work}
def target():
    try:
        work()
    except BaseException as error:
        ended.append(type(error).__name__)
        raise
task = asyncio.ensure_future(thread_of_cell.call(target))
await until_begun()
{until_waiting}
thread_of_cell.interrupt()
{meanwhile}
try:
    await task
except KeyboardInterrupt:
    print('interrupted', *ended)
"""


@pytest.fixture
def threads(kernel: Kernel) -> Kernel:
    kernel.ok(PRELUDE + "thread_of_cell = CellThread()")
    return kernel


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("name", BUSY)
def test_what_a_thread_does_is_interrupted(threads: Kernel, name: str, meanwhile: str) -> None:
    until_waiting = "await until_waiting(thread_of_cell._thread)" if name in LOCKS else ""
    work = BUSY[name]
    begin = "pass" if "begun" in work else "begun.append(1)"
    code = INTERRUPT.format(begin=begin, work=work, meanwhile=MEANWHILE[meanwhile], until_waiting=until_waiting)
    cell = threads.ok(code, limit=15)
    assert cell.stdout.endswith("interrupted KeyboardInterrupt\n")
    assert threads.ok("await thread_of_cell.call(lambda: 'goes on')").result == "'goes on'"
    threads.ok("never.set(); never = threading.Event(); thread_of_cell.close()")


def test_input(threads: Kernel) -> None:
    code = """
asking = CellThread()
task = asyncio.ensure_future(asking.call(input, 'name? '))
try:
    print(await task)
except KeyboardInterrupt:
    print('interrupted')
asking.close()
"""
    cell = threads.submit(code)
    threads.answer(threads.question(cell), "Ada")
    assert cell.wait().stdout == "Ada\n"
    signalled = "asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, asking.interrupt)"
    cell = threads.submit(code.replace("try:", f"{signalled}\ntry:", 1))
    threads.question(cell)
    os.kill(threads.pid, signal.SIGUSR1)
    assert cell.wait().stdout == "interrupted\n"
    threads.ok("asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1);")


def test_recursion_as_deep_as_in_a_cell(threads: Kernel) -> None:
    code = """
import sys
def depth(n): return n and 1 + depth(n - 1)
limit = sys.getrecursionlimit()
sys.setrecursionlimit(300_000)
try:
    deep = CellThread()
    print(await deep.call(depth, 200_000))
    deep.close()
finally:
    sys.setrecursionlimit(limit)
"""
    assert threads.ok(code).stdout == "200000\n"
    assert threads.ok("threading.stack_size()").result == "0"


def test_a_thread_has_the_stack_that_was_asked_for(threads: Kernel) -> None:
    code = """
def mapped():
    pointer = int(open(f'/proc/self/task/{threading.get_native_id()}/syscall').read().split()[-2], 16)
    for line in open('/proc/self/maps'):
        begin, end = (int(part, 16) for part in line.split()[0].split('-'))
        if begin <= pointer < end:
            sizes.append(end - begin)
sizes = []
threading.stack_size(64 << 20)
for _ in range(2):
    thread = threading.Thread(target=mapped)
    thread.start()
    thread.join()
print([size >> 20 for size in sizes], threading.stack_size(0) >> 20)
"""
    assert threads.ok(code).stdout == "[64, 64] 64\n"


def test_values_errors_and_context(threads: Kernel) -> None:
    assert threads.ok("await thread_of_cell.call(divmod, 7, 2)").result == "(3, 1)"
    cell = threads.run("def divide(): return 1 / 0\nawait thread_of_cell.call(divide)")
    assert cell.error is not None
    assert cell.error["ename"] == "ZeroDivisionError"
    assert "in divide" in cell.traceback
    assert "_outcome_of" not in cell.traceback
    code = """
import contextvars
variable = contextvars.ContextVar('variable', default='default')
await thread_of_cell.call(variable.set, 'set')
await thread_of_cell.call(variable.get), variable.get()
"""
    assert threads.ok(code).result == "('set', 'default')"
    assert threads.ok("await thread_of_cell.call(asyncio.run, asyncio.sleep(0.01, 'slept'))").result == "'slept'"


def test_calls_wait_for_each_other(threads: Kernel) -> None:
    code = """
order = []
def slow(n):
    order.append(n)
    time.sleep(0.01)
    order.append(n)
await asyncio.gather(*(thread_of_cell.call(slow, n) for n in range(3)))
order
"""
    assert threads.ok(code).result == "[0, 0, 1, 1, 2, 2]"


def test_cancelling_interrupts_and_waits(threads: Kernel) -> None:
    code = """
begun.clear()
def work():
    try:
        begun.append(1)
        time.sleep(1000)
    except KeyboardInterrupt:
        time.sleep(0.05)
        begun.append('tidied')
task = asyncio.create_task(thread_of_cell.call(work))
await until_begun()
task.cancel()
try:
    await task
except asyncio.CancelledError:
    print(begun)
"""
    assert threads.ok(code).stdout == "[1, 'tidied']\n"


@pytest.mark.parametrize("ours", ["await until_begun()", "await asyncio.sleep(0)\n    while not begun: pass"])
@pytest.mark.parametrize("work", ["busy loop", "sleep", "short sleeps", "socket"])
def test_none_of_many_is_lost_or_hits_another(threads: Kernel, work: str, ours: str) -> None:
    """Two other threads are busy meanwhile, and see the signal first as often as not."""
    code = f"""
over.clear()
others = [CellThread(), CellThread()]
spinning = [asyncio.ensure_future(thread.call(spin)) for thread in others]
def target():
    begun.append(1)
    {BUSY[work]}
interrupted = 0
for _n in range(200):
    begun.clear()
    task = asyncio.ensure_future(thread_of_cell.call(target))
    {ours}
    thread_of_cell.interrupt()
    try:
        await task
    except KeyboardInterrupt:
        interrupted += 1
over.set()
print(interrupted, *await asyncio.gather(*spinning))
for thread in others: thread.close()
"""
    assert threads.ok(code, limit=120).stdout == "200 undisturbed undisturbed\n"


def test_one_that_comes_when_a_call_ends_never_hits_the_next(threads: Kernel) -> None:
    code = """
def short(n):
    for _n in range(n): pass
def next_one():
    for _n in range(500): pass
    return 'next'
results = set()
for n in range(300):
    task = asyncio.ensure_future(thread_of_cell.call(short, n * 10))
    await asyncio.sleep(0)
    for _n in range(n % 50): pass
    thread_of_cell.interrupt()
    try:
        await task
    except KeyboardInterrupt:
        pass
    thread_of_cell.interrupt()
    results.add(await thread_of_cell.call(next_one))
results
"""
    assert threads.ok(code, limit=60).result == "{'next'}"


def test_one_before_the_call_has_begun_is_kept_for_it(threads: Kernel) -> None:
    code = """
ran = []
task = asyncio.ensure_future(thread_of_cell.call(ran.append, 1))
other = asyncio.ensure_future(thread_of_cell.call(str, 5))
await asyncio.sleep(0)
for _n in range(100): pass
thread_of_cell.interrupt()
results = await asyncio.gather(task, other, return_exceptions=True)
(repr(results[0]), ran) in [('KeyboardInterrupt()', []), ('None', [1]), ('KeyboardInterrupt()', [1])], results[1]
"""
    assert threads.ok(code).result == "(True, '5')"


def test_signals_of_the_interpreter_thread_arrive_while_threads_are_busy(threads: Kernel) -> None:
    code = """
over.clear()
others = [CellThread(), CellThread()]
spinning = [asyncio.ensure_future(thread.call(spin)) for thread in others]
arrived = {signal.SIGALRM: 0, signal.SIGINT: 0, signal.SIGUSR1: 0}
def count(number, _frame):
    arrived[number] += 1
before = {number: signal.signal(number, count) for number in arrived}
sendings = {
    signal.SIGALRM: lambda: signal.setitimer(signal.ITIMER_REAL, 0.001),
    signal.SIGINT: lambda: os.kill(os.getpid(), signal.SIGINT),
    signal.SIGUSR1: lambda: os.kill(os.getpid(), signal.SIGUSR1),
}
for number, send in sendings.items():
    for n in range(200):
        send()
        limit = time.monotonic() + 10
        while arrived[number] <= n and time.monotonic() < limit:
            if n % 2:
                time.sleep(0.01)
for number, handler in before.items():
    signal.signal(number, handler)
over.set()
print(*arrived.values(), *await asyncio.gather(*spinning))
for thread in others: thread.close()
"""
    assert threads.ok(code, limit=120).stdout == "200 200 200 undisturbed undisturbed\n"


def test_none_of_the_interpreter_threads_signals_is_lost_to_a_thread_that_begins(threads: Kernel) -> None:
    code = """
ticks = 0
def tick(*_):
    global ticks
    ticks += 1
before = signal.signal(signal.SIGUSR1, tick)
for n in range(100):
    sender = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
    sender.start()
    CellThread().close()
    sender.join()
    limit = time.monotonic() + 10
    while ticks <= n and time.monotonic() < limit: pass
signal.signal(signal.SIGUSR1, before)
ticks
"""
    assert threads.ok(code, limit=60).result == "100"


@pytest.mark.parametrize("how", ["message", "signal"])
@pytest.mark.parametrize("code", ["time.sleep(1000)", "while True: pass", "await asyncio.sleep(1000)"])
def test_an_interrupt_of_the_cell_leaves_threads_alone(threads: Kernel, code: str, how: str) -> None:
    threads.ok(
        "over.clear()\nothers = [CellThread(), CellThread()]\n"
        "spinning = [asyncio.ensure_future(thread.call(spin)) for thread in others]"
    )
    for _ in range(10):
        cell = threads.submit(f"print('begun')\n{code}").wait_for("begun\n")
        threads.interrupt(how)
        assert cell.wait(15).reply["ename"] == "KeyboardInterrupt"
    ended = "over.set()\nprint(*await asyncio.gather(*spinning))\nfor thread in others: thread.close()"
    assert threads.ok(ended).stdout == "undisturbed undisturbed\n"


def test_asking_for_a_handler_on_a_thread_takes_no_signals(threads: Kernel) -> None:
    code = """
arrived = 0
def count(*_):
    global arrived
    arrived += 1
before = signal.signal(signal.SIGUSR1, count)
def ask():
    known.append(signal.getsignal(signal.SIGUSR1) is count)
    spin()
known = []
over.clear()
asking = threading.Thread(target=ask)
asking.start()
while not known: pass
for n in range(200):
    os.kill(os.getpid(), signal.SIGUSR1)
    limit = time.monotonic() + 5
    while arrived <= n and time.monotonic() < limit: pass
over.set()
asking.join()
signal.signal(signal.SIGUSR1, before)
arrived, known
"""
    assert threads.ok(code, limit=60).result == "(200, [True])"


def test_sigterm_is_the_kernels(start_kernel: Callable[..., Kernel]) -> None:
    """Code that saves its handler and puts it back, as servers do, changes nothing."""
    kernel = start_kernel()
    kernel.ok("import signal\nbefore = signal.getsignal(signal.SIGTERM)\nassert before is signal.SIG_DFL")
    kernel.ok("assert signal.signal(signal.SIGTERM, before) is before")
    kernel.ok("heard = []\nassert signal.signal(signal.SIGTERM, lambda *_: heard.append(1)) is before")
    assert kernel.ok("import os\nos.kill(os.getpid(), signal.SIGTERM)\nwhile not heard: pass\nheard").result == "[1]"


def test_rustpython_still_loses_signals_to_a_thread_that_asked_for_a_handler(fresh_kernel: Kernel) -> None:
    """When this fails, `getsignal` of `compat/signals.py` is no longer needed."""
    code = """
import _signal
arrived = 0
def count(*_):
    global arrived
    arrived += 1
signal.signal(signal.SIGUSR1, count)
def ask():
    _signal.getsignal(signal.SIGUSR1)
    begun.append(1)
    spin()
threading.Thread(target=ask).start()
await until_begun()
sent = 0
while sent == arrived and sent < 100_000:
    sent += 1
    os.kill(os.getpid(), signal.SIGUSR1)
    limit = time.monotonic() + 1
    while arrived < sent and time.monotonic() < limit: time.sleep(0.01)
over.set()
sent > arrived
"""
    fresh_kernel.ok(PRELUDE)
    assert fresh_kernel.ok(code, limit=60).result == "True"


def test_a_handler_of_sigurg_does_not_take_the_kernels(threads: Kernel) -> None:
    code = """
urgent = []
print(signal.signal(signal.SIGURG, lambda *_: urgent.append(1)) == signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGURG)
limit = time.monotonic() + 10
while not urgent and time.monotonic() < limit: pass
print(bool(urgent))
"""
    assert threads.ok(code).stdout == "True\nTrue\n"
    cell = threads.submit("print('begun')\nwhile True: pass").wait_for("begun\n")
    threads.interrupt("message")
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    threads.ok("signal.signal(signal.SIGURG, signal.SIG_DFL)")


def test_threads_end(threads: Kernel) -> None:
    code = """
def count(): return sum(thread.name == 'one of many' for thread in threading.enumerate())
many = [CellThread('one of many') for _n in range(10)]
during = count()
for thread in many: thread.close()
limit = time.monotonic() + 10
while count() and time.monotonic() < limit: await asyncio.sleep(0.01)
during, count()
"""
    assert threads.ok(code).result == "(10, 0)"


def test_a_kernel_with_a_busy_thread_shuts_down(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(PRELUDE + "thread_of_cell = CellThread()")
    fresh_kernel.ok("task = asyncio.ensure_future(thread_of_cell.call(spin))")
    fresh_kernel.expects_death = True
    fresh_kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    fresh_kernel.until(lambda: fresh_kernel.exit_code is not None, "the end of the process")
    assert fresh_kernel.exit_code == 0

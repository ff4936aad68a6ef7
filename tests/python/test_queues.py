"""``asyncio.Queue`` and its subclasses: what is overridden is called, nobody who waits is forgotten."""

from __future__ import annotations

from client import Kernel

PRELUDE = """
import asyncio, gc, warnings

async def turns(count=3):
    for _ in range(count): await asyncio.sleep(0)
"""


def value_of(kernel: Kernel, code: str) -> str:
    """What the last expression shows, on one line."""
    return " ".join((kernel.ok(PRELUDE + code).result or "").split())


def test_order_of_items_and_of_those_who_wait(kernel: Kernel) -> None:
    code = """
q, log = asyncio.Queue(2), []
async def put(i):
    await q.put(i)
    log.append(('put', i))
async def get(name):
    log.append((name, await q.get()))
putters = [asyncio.create_task(put(i)) for i in range(4)]
await turns()
full = q.full(), q.qsize(), len(q._putters), list(log)
await asyncio.gather(*[get(name) for name in 'abcd'], *putters)
full, log, q.empty(), repr(q)[-11:]
"""
    assert value_of(kernel, code) == (
        "((True, 2, 2, [('put', 0), ('put', 1)]), "
        "[('put', 0), ('put', 1), ('a', 0), ('b', 1), ('put', 2), ('put', 3), ('c', 2), ('d', 3)], True, "
        "'=2 tasks=4>')"
    )


def test_an_overridden_method_is_called(kernel: Kernel) -> None:
    code = """
class Loud(asyncio.Queue):
    pass
calls = []
def loud(name):
    own = getattr(asyncio.Queue, name)
    def method(self, *args):
        calls.append(name)
        return own(self, *args)
    return method
names = ['full', 'qsize', 'empty', 'put_nowait', 'get_nowait', '_put', '_get', '_wakeup_next', '_get_loop', '_init']
found = []
for name in names:
    kind = type('Loud', (asyncio.Queue,), {name: loud(name)})
    q = kind(1)
    getter = asyncio.create_task(q.get())
    await turns()
    await q.put(1)
    assert await getter == 1
    found.append(name in calls)
late = asyncio.Queue(1)
await late.put(1)
late._get = lambda: 'of the instance'
found, await late.get(), late.qsize()
"""
    expected = f"([{', '.join(['True'] * 10)}], 'of the instance', 1)"
    assert value_of(kernel, code) == expected


def test_a_class_that_changes_is_looked_at_again(kernel: Kernel) -> None:
    code = """
class Doubling(asyncio.Queue): pass
q = Doubling()
await q.put(1)
Doubling._put = lambda self, item: self._queue.extend([item, item])
await q.put(2)
del Doubling._put
await q.put(3)
[await q.get() for _ in range(q.qsize())]
"""
    assert value_of(kernel, code) == "[1, 2, 2, 3]"


def test_priority_and_lifo_and_a_queue_without_duplicates(kernel: Kernel) -> None:
    code = """
class Unique(asyncio.Queue):
    def _init(self, maxsize): self._queue = []
    def _put(self, item): item in self._queue or self._queue.append(item)
    def _get(self): return self._queue.pop(0)
async def through(q):
    for item in 2, 3, 1, 3: await q.put(item)
    return [await q.get() for _ in range(q.qsize())]
kinds = asyncio.PriorityQueue, asyncio.LifoQueue, Unique
[await through(kind()) for kind in kinds], [issubclass(kind, asyncio.Queue) for kind in kinds], asyncio.Queue[int]
"""
    assert value_of(kernel, code) == (
        "([[1, 2, 3, 3], [3, 1, 3, 2], [2, 3, 1]], [True, True, True], asyncio.queues.Queue[int])"
    )


def test_cancelled_waiters_are_skipped_and_pass_the_call_on(kernel: Kernel) -> None:
    code = """
q = asyncio.Queue()
first, second, third = [asyncio.create_task(q.get()) for _ in range(3)]
await turns()
second.cancel()
q.put_nowait('a')
first.cancel()
await turns()
taken = first.cancelled(), second.cancelled(), third.result(), len(q._getters)
q = asyncio.Queue(1)
await q.put(0)
first, second = [asyncio.create_task(q.put(i)) for i in (1, 2)]
await turns()
item = q.get_nowait()
first.cancel()
await turns()
try: await asyncio.wait_for(asyncio.Queue().get(), 0.01)
except TimeoutError: late = True
taken, item, first.cancelled(), second.done(), list(q._queue), len(q._putters), late
"""
    expected = "((True, True, 'a', 0), 0, True, True, [2], 0, True)"
    assert value_of(kernel, code) == expected


def test_shutdown_wakes_all(kernel: Kernel) -> None:
    code = """
async def outcome(awaitable):
    try: return await awaitable
    except asyncio.QueueShutDown: return 'down'
q = asyncio.Queue()
getters = [asyncio.create_task(outcome(q.get())) for _ in range(2)]
await turns()
q.shutdown()
woken = await asyncio.gather(*getters)
q = asyncio.Queue(1)
await q.put(1)
putter = asyncio.create_task(outcome(q.put(2)))
await turns()
q.shutdown()
rest = [await putter, await outcome(q.get()), await outcome(q.get()), await outcome(q.put(1))]
q = asyncio.Queue()
for i in range(3): q.put_nowait(i)
joined = asyncio.create_task(q.join())
await turns()
q.shutdown(immediate=True)
await joined
woken, rest, q.qsize(), q._unfinished_tasks, await outcome(q.get())
"""
    assert value_of(kernel, code) == "(['down', 'down'], ['down', 1, 'down', 'down'], 0, 0, 'down')"


def test_join_and_task_done(kernel: Kernel) -> None:
    code = """
q, done = asyncio.Queue(), []
async def work():
    while True:
        done.append(await q.get())
        q.task_done()
worker = asyncio.create_task(work())
for time in range(2):
    for i in range(3): await q.put(i)
    await q.join()
worker.cancel()
try: q.task_done()
except ValueError as raised: done.append(str(raised))
done, q._finished.is_set()
"""
    assert value_of(kernel, code) == "([0, 1, 2, 0, 1, 2, 'task_done() called too many times'], True)"


def test_the_awaitable_behaves_as_a_coroutine(kernel: Kernel) -> None:
    code = """
q = asyncio.Queue()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    q.put(1)
    gc.collect()
used = q.put(2)
await used
try: await used
except RuntimeError as raised: again = str(raised)
answers = await asyncio.gather(q.get(), asyncio.shield(q.put(item=3)), q.get())
waiting = q.get()
waiting.send(None)
before = len(q._getters)
waiting.close()
dropped = q.get()
dropped.send(None)
del dropped
gc.collect()
[str(w.message) for w in caught], again, answers, asyncio.iscoroutine(waiting), before, len(q._getters)
"""
    assert value_of(kernel, code) == (
        "([\"coroutine 'Queue.put' was never awaited\"], 'cannot reuse already awaited coroutine', "
        "[2, None, 3], True, 1, 0)"
    )


def test_another_loop_is_refused_and_odd_sizes_are_compared(kernel: Kernel) -> None:
    code = """
q = asyncio.Queue()
waiter = asyncio.create_task(q.get())
await turns()
def elsewhere():
    loop = asyncio.new_event_loop()
    try: loop.run_until_complete(q.get())
    except RuntimeError as raised: return str(raised)
    finally: loop.close()
refused = await asyncio.to_thread(elsewhere)
waiter.cancel()
odd = asyncio.Queue(1.5)
odd.put_nowait(1)
half = odd.full()
odd.put_nowait(2)
refused.endswith('is bound to a different event loop'), half, odd.full(), odd.maxsize, asyncio.Queue(-1).full()
"""
    assert value_of(kernel, code) == "(True, False, True, 1.5, False)"

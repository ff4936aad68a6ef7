"""What `asyncio` promises of `to_thread` and `run_in_executor(None, ...)`. Prints the name of each check that held."""

import asyncio
import concurrent.futures
import contextvars
import threading
import weakref

variable = contextvars.ContextVar("variable", default="unset")


async def results_and_errors():
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(divmod, 7, 2) == (3, 1)
    assert await loop.run_in_executor(None, sorted, [3, 1]) == [1, 3]
    for raised, expected in (
        (ValueError("no"), ValueError),
        (concurrent.futures.CancelledError(), asyncio.CancelledError),
        (StopIteration(), RuntimeError),
    ):
        try:
            await asyncio.to_thread(fail, raised)
        except expected:
            continue
        raise AssertionError(raised)


def fail(error):
    raise error


async def contexts():
    variable.set("here")
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(variable.get) == "here"
    assert await loop.run_in_executor(None, variable.get) == "unset"


async def as_many_threads_as_workers():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(int)
    workers = loop._default_executor._max_workers
    barrier = threading.Barrier(workers)
    await asyncio.wait_for(asyncio.gather(*(asyncio.to_thread(barrier.wait) for _ in range(workers))), 30)
    names = await asyncio.gather(*(asyncio.to_thread(lambda: threading.current_thread().name) for _ in range(500)))
    assert set(names) <= {f"asyncio_{number}" for number in range(workers)}


async def what_was_cancelled_before_it_began_does_not_run():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(int)
    workers = loop._default_executor._max_workers
    released, ran = threading.Event(), []
    busy = [asyncio.ensure_future(asyncio.to_thread(released.wait)) for _ in range(workers)]
    await asyncio.sleep(0)
    late = loop.run_in_executor(None, ran.append, 1)
    late.cancel()
    await asyncio.sleep(0.01)  # in debug mode it is for the loop to pass the cancellation on
    released.set()
    await asyncio.gather(*busy)
    await asyncio.gather(*(asyncio.to_thread(int) for _ in range(2 * workers)))
    assert late.cancelled()
    assert not ran


async def the_executor_takes_other_work_too():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(int)
    executor = loop._default_executor
    assert isinstance(executor, concurrent.futures.ThreadPoolExecutor)
    assert executor.submit(max, 1, 2).result(30) == 2
    assert list(executor.map(abs, [-1, -2])) == [1, 2]


async def another_executor_can_be_set():
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        loop.set_default_executor(executor)
        assert await asyncio.to_thread(lambda: threading.current_thread().name) == "mine_0"


async def after_its_shutdown_it_takes_nothing():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(int)
    threads = list(loop._default_executor._threads)
    await loop.shutdown_default_executor()
    assert not any(thread.is_alive() for thread in threads)
    try:
        loop.run_in_executor(None, int)
    except RuntimeError:
        return
    raise AssertionError("it took something")


async def its_threads_end_with_it():
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(int)
    threads, executor = list(loop._default_executor._threads), weakref.ref(loop._default_executor)
    loop._default_executor = loop._own_executor = None
    for thread in threads:
        await asyncio.to_thread(thread.join, 30)
        assert not thread.is_alive()
    assert executor() is None


for check in (
    results_and_errors,
    contexts,
    as_many_threads_as_workers,
    what_was_cancelled_before_it_began_does_not_run,
    the_executor_takes_other_work_too,
    another_executor_can_be_set,
    after_its_shutdown_it_takes_nothing,
    its_threads_end_with_it,
):
    asyncio.run(check())
    if check is not its_threads_end_with_it:
        asyncio.run(check(), debug=True)
    print(check.__name__)

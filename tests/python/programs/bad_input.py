"""What EverLoop does with what nobody should do: each function prints what happened. Called with the name of one."""

import asyncio
import errno
import gc
import logging
import math
import os
import resource
import signal
import socket
import sys
import threading
import warnings
import weakref


def attempt(function, *args):
    try:
        return function(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def new_loop():
    """A loop and the list of what its exception handler is told."""
    loop = asyncio.new_event_loop()
    contexts = []
    loop.set_exception_handler(lambda _loop, context: contexts.append(context))
    return loop, contexts


def spin(loop, seconds=0.0):
    loop.call_later(seconds, loop.stop)
    loop.run_forever()


def callback_that_raises():
    loop, contexts = new_loop()
    handles = [loop.call_soon(int, "x"), loop.call_later(0, int, "y"), loop.call_soon_threadsafe(int, "z")]
    reader, writer = socket.socketpair()
    loop.add_writer(writer, lambda: (loop.remove_writer(writer), int("w")))
    spin(loop, 0.05)
    for context in contexts:
        print(context["message"].partition(" at ")[0], "|", context["exception"], "|", context["handle"] in handles)
    reader.close()


def handler_that_raises():
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    loop = asyncio.new_event_loop()

    def handler(_loop, _context):
        raise KeyError("handler")

    loop.set_exception_handler(handler)
    loop.call_soon(int, "x")
    spin(loop)
    loop.set_exception_handler(lambda _loop, _context: sys.exit(3))
    loop.call_soon(int, "x")
    print(attempt(spin, loop))
    spin(loop)
    print("goes on")


def callback_that_exits():
    loop, contexts = new_loop()
    seen = []

    def interrupt():
        raise KeyboardInterrupt

    loop.call_soon(interrupt)
    loop.call_soon(seen.append, 1)
    print(attempt(loop.run_forever), loop.is_running())
    spin(loop)
    print(seen, contexts)


def closed_loop():
    loop, _ = new_loop()
    loop.close()
    loop.close()
    reader, _writer = socket.socketpair()
    coroutine = asyncio.sleep(0)
    calls = {
        "call_soon": (print,),
        "call_soon_threadsafe": (print,),
        "call_later": (1, print),
        "call_at": (1, print),
        "run_forever": (),
        "run_until_complete": (coroutine,),
        "create_task": (coroutine,),
        "run_in_executor": (None, print),
        "add_reader": (reader, print),
        "add_signal_handler": (signal.SIGUSR1, print),
    }
    for method, args in calls.items():
        print(method, attempt(getattr(loop, method), *args))
    print(loop.remove_reader(reader), loop.is_closed(), loop.is_running())
    coroutine.close()


def running_loop():
    loop, _ = new_loop()
    other, _ = new_loop()

    def elsewhere():
        print("thread", attempt(loop.run_forever))
        loop.call_soon_threadsafe(loop.stop)

    loop.call_soon(lambda: print("close", attempt(loop.close)))
    loop.call_soon(lambda: print("other", attempt(other.run_forever)))
    loop.call_soon(lambda: threading.Thread(target=elsewhere).start())
    loop.run_forever()


def debug_mode():
    loop, contexts = new_loop()
    loop.set_debug(True)

    async def coroutine():
        pass

    def elsewhere():
        for method, args in (("call_soon", (len,)), ("call_later", (1, len)), ("call_at", (1, len))):
            print(method, attempt(getattr(loop, method), *args))
        loop.call_soon_threadsafe(loop.stop)

    loop.call_soon(lambda: threading.Thread(target=elsewhere).start())
    loop.run_forever()
    print(attempt(loop.call_soon, coroutine))
    print(attempt(loop.call_later, 1, 3))
    handle = loop.call_later(0, int, "x")
    print(os.path.basename(handle._source_traceback[-1].filename), handle._source_traceback[-1].name)
    handle.cancel()
    print(repr(handle).partition(" created at ")[0].partition("when=")[2].partition(" ")[2])
    loop.call_soon(int, "x")
    spin(loop)
    print(contexts[0]["source_traceback"][-1].name)


def arguments():
    loop, contexts = new_loop()
    seen = []
    print(attempt(loop.call_later, None, print))
    print(attempt(loop.call_at, None, print))
    print(attempt(loop.call_later, "1", print))
    print(attempt(lambda: loop.call_soon(print, context=3)))
    print(attempt(lambda: loop.call_soon(print, foo=3)))
    loop.call_soon(callback=lambda: seen.append("soon"))
    loop.call_later(delay=0, callback=lambda: seen.append("later"))
    loop.call_soon(3)
    spin(loop, 0.01)
    print(seen, contexts[0]["message"])


def timers():
    loop, _ = new_loop()
    seen = []
    never = [loop.call_later(delay, seen.append, delay) for delay in (math.inf, 1e300, 32_503_680_000, 1e10)]
    for delay in (-math.inf, -1, math.nan, 0):
        loop.call_later(delay, seen.append, delay)
    spin(loop, 0.02)
    print(len(seen), len(loop._scheduled))
    when = loop.time() + 60
    first, second = loop.call_at(when, len), loop.call_at(when, print)
    print(first == second, first == loop.call_at(when, len), first < second, len({first, second}))
    print(*(isinstance(first, kind) for kind in (asyncio.TimerHandle, asyncio.Handle)))
    print(isinstance(loop.call_soon(len), asyncio.TimerHandle))
    for timer in never:
        timer.cancel()
    print(never[0])


def descriptor_closed_while_watched():
    loop, _ = new_loop()
    reader, writer = socket.socketpair()
    number = reader.fileno()
    loop.add_reader(reader, print)
    loop.add_writer(reader, loop.remove_writer, number)
    reader.close()
    spin(loop, 0.01)
    print(loop.remove_reader(number), loop.remove_writer(number), loop.remove_reader(number))
    for file in (number, -1, "x"):
        print(attempt(loop.add_reader, file, print))
    reader, writer = socket.socketpair()
    print(reader.fileno() == number)
    loop.add_reader(reader, lambda: (print(reader.recv(9)), loop.stop()))
    writer.send(b"again")
    loop.run_forever()


def child_reaped_elsewhere():
    logging.basicConfig(format="%(levelname)s", stream=sys.stdout)

    async def main():
        process = await asyncio.create_subprocess_exec("/bin/sleep", "60")
        # The loop has no turn in which to see the exit before somebody else has reaped the child.
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)
        print(await process.wait())
        process = await asyncio.create_subprocess_exec("/bin/sh", "-c", "exit 4")
        print(await process.wait())

    asyncio.run(main())


def signals():
    loop, _ = new_loop()

    async def coroutine():
        pass

    print(attempt(loop.add_signal_handler, signal.SIGKILL, print))
    print(attempt(loop.add_signal_handler, signal.SIGUSR1, coroutine))
    print(attempt(loop.add_signal_handler, 9999, print))
    loop.add_signal_handler(signal.SIGUSR1, lambda: (print("arrived"), loop.stop()))
    loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
    loop.run_forever()
    print(loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1))


def interrupted_run():
    async def main():
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            print("cancelled")

    print(attempt(asyncio.run, main()))


def handle_shared_with_a_thread():
    loop, _ = new_loop()
    entered, go_on = threading.Event(), threading.Event()
    order = []

    def callback():
        entered.set()
        go_on.wait(10)
        order.append("ran")

    def cancel():
        entered.wait(10)
        threading.Timer(0.05, go_on.set).start()
        handle.cancel()
        order.append("cancelled")
        loop.call_soon_threadsafe(loop.stop)

    handle = loop.call_soon_threadsafe(callback)
    threading.Thread(target=cancel).start()
    loop.run_forever()
    print(order)


def no_descriptors_left():
    gc.collect()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    taken = []
    while True:
        try:
            taken.append(os.dup(0))
        except OSError:
            break

    def loop_that_runs():
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(asyncio.sleep(0))
        finally:
            loop.close()

    sys.unraisablehook = lambda _: None
    warnings.simplefilter("ignore")
    outcomes = []
    for _ in range(20):
        outcome = attempt(loop_that_runs)
        outcomes.append(outcome)
        if outcome is None:
            break
        os.close(taken.pop())
        gc.collect()
    print(outcomes[0].startswith(f"OSError: [Errno {errno.EMFILE}]"), outcomes[-1], len(set(outcomes)))


def connections():
    """As many as the limit of descriptors allows, up to 10,000."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(10_000, (hard - 200) // 2)

    async def echo(reader, writer):
        writer.write(await reader.readexactly(4))
        writer.close()

    async def main():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
        address = server.sockets[0].getsockname()
        streams = []
        while len(streams) < wanted:
            batch = (asyncio.open_connection(*address) for _ in range(min(200, wanted - len(streams))))
            streams += await asyncio.gather(*batch)
        for _reader, writer in streams:
            writer.write(b"ping")
        answers = [await reader.readexactly(4) for reader, _writer in streams]
        for _reader, writer in streams:
            writer.close()
        print(wanted, answers.count(b"ping") == wanted)
        server.close()

    asyncio.run(main())


class Holder:
    def callback(self):
        pass


def cycles():
    """An object that keeps the handles of its methods is collected, and so is a loop that nobody closed."""
    loop, _ = new_loop()
    holder = Holder()
    holder.timer, holder.handle = loop.call_later(0, holder.callback), loop.call_soon(holder.callback)
    spin(loop, 0.01)
    reference = weakref.ref(holder)
    del holder
    other = asyncio.new_event_loop()
    other.call_later(60, print, other)
    other_reference = weakref.ref(other)
    del other
    sys.unraisablehook = lambda _: None
    warnings.simplefilter("ignore")
    gc.collect()
    print(reference(), other_reference())


def default_loop():
    warnings.simplefilter("ignore")
    asyncio.set_event_loop_policy(None)
    for make in (asyncio.new_event_loop, asyncio.EventLoop, asyncio.DefaultEventLoopPolicy().new_event_loop):
        loop = make()
        print(type(loop).__name__)
        loop.close()
    import selectors

    selector = selectors.DefaultSelector()
    loop = asyncio.EventLoop(selector)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    print(selector.get_map())


globals()[sys.argv[1]]()

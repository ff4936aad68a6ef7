"""What `event_loop.rs` measures. Each function does its subject `count` times and returns the seconds that it took."""

import asyncio
import random
import time


def on_a_loop(subject):
    def run(count):
        return asyncio.run(subject(count))

    return run


def _chain(schedule_of):
    async def subject(count):
        loop = asyncio.get_running_loop()
        schedule, done, left = schedule_of(loop), loop.create_future(), count

        def step():
            nonlocal left
            left -= 1
            if left > 0:
                schedule(step)
            else:
                done.set_result(None)

        start = time.perf_counter()
        schedule(step)
        await done
        return time.perf_counter() - start

    return on_a_loop(subject)


call_soon = _chain(lambda loop: loop.call_soon)
call_soon_threadsafe = _chain(lambda loop: loop.call_soon_threadsafe)


@on_a_loop
async def timers(count):
    loop = asyncio.get_running_loop()
    done, left = loop.create_future(), count
    generator = random.Random(1)
    delays = [generator.random() * 1e-4 for _ in range(count)]

    def fire():
        nonlocal left
        left -= 1
        if not left:
            done.set_result(None)

    start = time.perf_counter()
    for delay in delays:
        loop.call_later(delay, fire)
    await done
    return time.perf_counter() - start


@on_a_loop
async def sleep_zero(count):
    start = time.perf_counter()
    for _ in range(count):
        await asyncio.sleep(0)
    return time.perf_counter() - start


async def _nothing():
    pass


@on_a_loop
async def create_task(count):
    start = time.perf_counter()
    for _ in range(count):
        await asyncio.create_task(_nothing())
    return time.perf_counter() - start


@on_a_loop
async def gather(count):
    start = time.perf_counter()
    await asyncio.gather(*[_nothing() for _ in range(count)])
    return time.perf_counter() - start


@on_a_loop
async def queue(count):
    there, back = asyncio.Queue(1), asyncio.Queue(1)

    async def pong():
        for _ in range(count):
            await back.put(await there.get())

    task = asyncio.create_task(pong())
    start = time.perf_counter()
    for number in range(count):
        await there.put(number)
        await back.get()
    await task
    return time.perf_counter() - start


@on_a_loop
async def stream_echo(count):
    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    start = time.perf_counter()
    for _ in range(count):
        writer.write(b"x" * 1023 + b"\n")
        await reader.readline()
    seconds = time.perf_counter() - start
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    return seconds

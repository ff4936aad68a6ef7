"""Steps of trio's and curio's tasks, and cells, keep no memory."""

import asyncio
import gc
from functools import partial

import curio
import trio

from everloop import runners


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


async def steps(library, count):
    for _ in range(count):
        await library.sleep(0)


async def run_steps(runner, library, count):
    await runner.run(steps(library, count))


async def cells(runner, library, count):
    for _ in range(count):
        await runner.run(steps(library, 1))


async def least_growth(rounds):
    """Of five rounds, since now and then the allocator takes what it gives back later."""
    growths = []
    for _ in range(5):
        before = resident()
        await rounds()
        growths.append(resident() - before)
    return min(growths)


async def main():
    for runner, library in ((runners.trio, trio), (runners.curio, curio)):
        per_step = await least_growth(partial(run_steps, runner, library, 50_000)) / 50_000
        assert per_step < 30, (library, per_step)
        per_cell = await least_growth(partial(cells, runner, library, 1_000)) / 1_000
        assert per_cell < 2_000, (library, per_cell)
        runners.switch(runner, runners.asyncio)


asyncio.run(main())
print("done")

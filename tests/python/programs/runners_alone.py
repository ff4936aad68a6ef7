"""The runners called as functions, on a thread that has no loop and on one whose loop runs."""

import asyncio
import warnings

import curio
import trio

from everloop import runners

warnings.simplefilter("error")


async def nap(library):
    await library.sleep(0.001)
    return library.__name__


async def fail(library):
    await library.sleep(0)
    raise ValueError(library.__name__)


def check():
    for runner, library in ((runners.asyncio, asyncio), (runners.trio, trio), (runners.curio, curio)):
        assert str(runner) == library.__name__
        assert runner(nap(library)) == library.__name__
        raised = None
        try:
            runner(fail(library))
        except ValueError as error:
            raised = str(error)
        assert raised == library.__name__


async def main():
    check()
    for runner in (runners.trio, runners.curio):
        runners.switch(runner, runners.asyncio)


check()
asyncio.run(main())
print("done")

"""nest_asyncio: `apply()`, and then `asyncio.run` and `run_until_complete` inside of a running loop.

Note: nothing is replaced, since the loop does that by itself.
"""

import asyncio

import nest_asyncio

nest_asyncio.apply()


async def inner(number):
    await asyncio.sleep(0)
    return number


async def outer():
    return asyncio.run(inner(1)) + asyncio.get_running_loop().run_until_complete(inner(2))


assert asyncio.run(outer()) == 3
assert asyncio.run.__module__ == "everloop.reentry"
print("done")

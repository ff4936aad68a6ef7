"""tqdm: bars for loops, for `asyncio.gather` and `as_completed`, and for a pool of threads; their texts on a file."""

import asyncio
import io

from tqdm import tqdm
from tqdm.asyncio import tqdm as tqdm_asyncio
from tqdm.contrib.concurrent import thread_map

out = io.StringIO()
assert sum(tqdm(range(100), file=out, desc="adding", mininterval=0)) == 4950
assert "adding: 100%" in out.getvalue()
assert "100/100" in out.getvalue()


async def double(number):
    await asyncio.sleep(0)
    return number * 2


async def main():
    doubled = await tqdm_asyncio.gather(*map(double, range(10)), file=out, desc="gathering")
    assert doubled == [number * 2 for number in range(10)]
    completed = [await each for each in tqdm_asyncio.as_completed(list(map(double, range(5))), file=out)]
    assert sorted(completed) == [0, 2, 4, 6, 8]

    async def numbers():
        for number in range(3):
            yield number

    assert [number async for number in tqdm_asyncio(numbers(), file=out, total=3)] == [0, 1, 2]


asyncio.run(main())
assert "gathering: 100%" in out.getvalue()
assert thread_map(abs, [-1, -2], file=out, max_workers=2) == [1, 2]
print("done")

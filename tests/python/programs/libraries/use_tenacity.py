"""tenacity: calls that are tried again until they succeed or too often, with waits that grow; the same with await."""

import asyncio

import tenacity

waited = []
calls = []


@tenacity.retry(
    stop=tenacity.stop_after_attempt(4),
    wait=tenacity.wait_exponential(multiplier=1),
    retry=tenacity.retry_if_exception_type(ConnectionError),
    sleep=waited.append,
)
def fragile():
    calls.append(None)
    if len(calls) < 3:
        raise ConnectionError("not yet")
    return "there"


assert fragile() == "there"
assert waited == [1, 2]
assert fragile.statistics["attempt_number"] == 3


@tenacity.retry(stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_none())
async def broken():
    await asyncio.sleep(0)
    raise ValueError("never")


async def main():
    try:
        await broken()
    except tenacity.RetryError as error:
        assert error.last_attempt.attempt_number == 2
    else:
        raise AssertionError("no error")
    async for attempt in tenacity.AsyncRetrying(stop=tenacity.stop_after_attempt(3)):
        with attempt:
            if attempt.retry_state.attempt_number < 3:
                raise OSError
    assert attempt.retry_state.attempt_number == 3


asyncio.run(main())
print("done")

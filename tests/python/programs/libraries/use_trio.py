"""trio: nurseries, cancellation, sockets, threads."""

import trio


async def echo(stream):
    async for data in stream:
        await stream.send_all(data)


async def ask(port, number):
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"%d" % number)
        assert await stream.receive_some() == b"%d" % number


async def fail():
    raise ValueError("no")


async def main():
    async with trio.open_nursery() as servers:
        listeners = await servers.start(trio.serve_tcp, echo, 0)
        port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as clients:
            for number in range(10):
                clients.start_soon(ask, port, number)
        servers.cancel_scope.cancel()
    with trio.move_on_after(0.05) as scope:
        await trio.sleep(60)
    assert scope.cancelled_caught
    assert await trio.to_thread.run_sync(sorted, [2, 1]) == [1, 2]
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 60)
            nursery.start_soon(fail)
    except Exception as group:
        if [type(error) for error in group.exceptions] != [ValueError]:
            raise
    else:
        raise AssertionError("the nursery did not fail")


trio.run(main)
print("done")

"""anyio: on trio: task groups, cancellation, streams of sockets, threads, signals of a process."""

import anyio
import anyio.to_thread


async def echo(stream):
    async with stream:
        async for data in stream:
            await stream.send(data)


async def ask(port, number):
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"%d" % number)
        assert await stream.receive() == b"%d" % number


async def main():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as servers:
        servers.start_soon(listener.serve, echo)
        async with anyio.create_task_group() as clients:
            for number in range(10):
                clients.start_soon(ask, port, number)
        servers.cancel_scope.cancel()
    with anyio.move_on_after(0.05) as scope:
        await anyio.sleep(60)
    assert scope.cancelled_caught
    assert await anyio.to_thread.run_sync(sorted, [2, 1]) == [1, 2]
    done = await anyio.run_process(["cat"], input=b"through a pipe")
    assert done.stdout == b"through a pipe"
    send, receive = anyio.create_memory_object_stream(1)
    async with send, receive:
        await send.send("item")
        assert await receive.receive() == "item"


anyio.run(main, backend="trio")
print("done")

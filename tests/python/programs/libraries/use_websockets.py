"""websockets: a server and clients of it in one loop; a timeout, a clean end."""

import asyncio
import contextlib

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedOK


async def echo(connection):
    async for message in connection:
        if message != "silence":
            await connection.send(message)


async def talk(port, name):
    async with connect(f"ws://127.0.0.1:{port}") as socket:
        for number in range(10):
            await socket.send(f"{name} {number}")
            assert await socket.recv() == f"{name} {number}"
        await socket.send(b"x" * 200_000)
        assert await socket.recv() == b"x" * 200_000


async def main():
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.gather(*(talk(port, f"client {number}") for number in range(5)))
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await socket.send("silence")
            try:
                async with asyncio.timeout(0.1):
                    await socket.recv()
            except TimeoutError:
                pass
            else:
                raise AssertionError("no timeout")
            await socket.send("after")
            assert await socket.recv() == "after"
            server.close()
            with contextlib.suppress(ConnectionClosedOK):
                await socket.recv()


asyncio.run(main())
print("done")

"""httpx: its client, asynchronous and in a thread, against a server of asyncio; a timeout, a clean end."""

import asyncio

import httpx


async def serve(reader, writer):
    while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
        path = head.split()[1]
        if path == b"/hang":
            await reader.read()
            break
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
        await writer.drain()
    writer.close()


async def serve_until_closed(reader, writer):
    try:
        await serve(reader, writer)
    except asyncio.IncompleteReadError:
        writer.close()


def from_a_thread(base):
    with httpx.Client(base_url=base) as client:
        return client.get("/thread").text


async def main():
    async with await asyncio.start_server(serve_until_closed, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        base = f"http://{host}:{port}"
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            answers = await asyncio.gather(*(client.get(f"/{number}") for number in range(20)))
            assert [answer.text for answer in answers] == [f"/{number}" for number in range(20)]
            try:
                await client.get("/hang", timeout=0.1)
            except httpx.ReadTimeout:
                pass
            else:
                raise AssertionError("no timeout")
        assert await asyncio.to_thread(from_a_thread, base) == "/thread"


asyncio.run(main())
print("done")

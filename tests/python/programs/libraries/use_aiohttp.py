"""aiohttp: a server and a client of it in one loop; requests, a websocket, a timeout, a clean end."""

import asyncio

import aiohttp
from aiohttp import web

cancelled = []


async def greet(request):
    return web.json_response({"name": request.match_info["name"], "sent": await request.text()})


async def hang(request):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.append(True)
        raise


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data.upper())
    return socket


async def use(session):
    async def post(name):
        async with session.post(f"/greet/{name}", data="x" * 10_000) as response:
            assert response.status == 200
            answer = await response.json()
            assert answer == {"name": name, "sent": "x" * 10_000}

    await asyncio.gather(*(post(f"n{number}") for number in range(20)))
    async with session.ws_connect("/echo") as socket:
        await socket.send_str("hello")
        assert (await socket.receive_str()) == "HELLO"
    try:
        await session.get("/hang", timeout=aiohttp.ClientTimeout(total=0.1))
    except TimeoutError:
        pass
    else:
        raise AssertionError("no timeout")


async def main():
    application = web.Application()
    application.add_routes([web.post("/greet/{name}", greet), web.get("/hang", hang), web.get("/echo", echo)])
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        await use(session)
    await runner.cleanup()
    assert cancelled == [True]


asyncio.run(main())
print("done")

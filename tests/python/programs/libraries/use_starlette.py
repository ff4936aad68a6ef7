"""starlette and uvicorn: an application with routes, middleware and a websocket, served, and asked over real sockets.

Note: uvicorn takes asyncio's loop, h11 and websockets; uvloop and httptools are extensions for CPython.
"""

import asyncio

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect


async def greet(request):
    return JSONResponse({"hello": request.path_params["name"], "sent": await request.json()})


async def count(request):
    async def lines():
        for number in range(1000):
            yield f"{number}\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def echo(socket):
    await socket.accept()
    async for message in socket.iter_text():
        await socket.send_text(message.upper())


application = Starlette(
    routes=[Route("/greet/{name}", greet, methods=["POST"]), Route("/count", count), WebSocketRoute("/echo", echo)],
    middleware=[Middleware(GZipMiddleware, minimum_size=100)],
)


async def main():
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = await asyncio.gather(*(client.post(f"/greet/{n}", json=[n]) for n in range(10)))
        assert [answer.json() for answer in answers] == [{"hello": str(n), "sent": [n]} for n in range(10)]
        lines = await client.get("/count")
        assert lines.headers["content-encoding"] == "gzip"
        assert lines.text.splitlines()[-1] == "999"
        assert (await client.get("/nothing")).status_code == 404
    async with connect(f"ws://127.0.0.1:{port}/echo") as socket:
        await socket.send("hello")
        assert await socket.recv() == "HELLO"
    server.should_exit = True
    await serving


asyncio.run(main())
print("done")

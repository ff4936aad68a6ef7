"""tornado: its HTTP server and client, a websocket, a timeout, on the loop of asyncio."""

import asyncio

from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect


class Greet(RequestHandler):
    def get(self, name):
        self.write({"name": name})


class Hang(RequestHandler):
    async def get(self):
        await asyncio.sleep(1)


class Echo(WebSocketHandler):
    async def on_message(self, message):
        await self.write_message(message.upper())


async def main():
    server = HTTPServer(Application([(r"/greet/(.*)", Greet), ("/hang", Hang), ("/echo", Echo)]))
    socket, port = bind_unused_port()
    server.add_socket(socket)
    client = AsyncHTTPClient(force_instance=True)
    base = f"//127.0.0.1:{port}"
    answers = await asyncio.gather(*(client.fetch(f"http:{base}/greet/{number}") for number in range(20)))
    assert [answer.body for answer in answers] == [b'{"name": "%d"}' % number for number in range(20)]
    connection = await websocket_connect(f"ws:{base}/echo")
    await connection.write_message("hello")
    assert await connection.read_message() == "HELLO"
    connection.close()
    try:
        await client.fetch(f"http:{base}/hang", request_timeout=0.1)
    except HTTPTimeoutError:
        pass
    else:
        raise AssertionError("no timeout")
    client.close()
    server.stop()
    await server.close_all_connections()


asyncio.run(main())
print("done")

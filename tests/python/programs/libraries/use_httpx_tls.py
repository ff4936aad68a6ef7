"""httpx: https to a server with a certificate of its own: refused, accepted with an SSL context, not verified."""

import asyncio
import os
import ssl

import httpx

CERTIFICATE = os.environ["EVERLOOP_TEST_CERTIFICATE"]


async def serve(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecret")
    await writer.drain()
    writer.close()


async def main():
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(CERTIFICATE)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs) as server:
        address = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        for verify in (trusting, False):
            async with httpx.AsyncClient(verify=verify) as client:
                assert (await client.get(address)).text == "secret"
        async with httpx.AsyncClient() as client:
            try:
                await client.get(address)
            except httpx.ConnectError as error:
                assert "certificate verify failed" in str(error).lower(), error
            else:
                raise AssertionError("the certificate was not verified")


asyncio.run(main())
print("done")

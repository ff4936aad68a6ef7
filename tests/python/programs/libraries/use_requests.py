"""requests: a session with cookies, JSON, a redirect, a timeout and chunks; https with a certificate of its own."""

import http.server
import json
import os
import ssl
import threading

import requests

CERTIFICATE = os.environ["EVERLOOP_TEST_CERTIFICATE"]
silence = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/moved":
            self.answer(302, Location="/cookie")
        elif self.path == "/silent":
            silence.wait(30)
        else:
            self.answer(200, str(self.headers["Cookie"]).encode(), **{"Set-Cookie": "seen=1"})

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(201, json.dumps({"sent": sent}).encode(), **{"Content-Type": "application/json"})

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve(scheme):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if scheme == "https":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"{scheme}://localhost:{server.server_port}"


server, address = serve("http")
with requests.Session() as session:
    assert session.get(f"{address}/cookie").text == "None"
    moved = session.get(f"{address}/moved")
    assert moved.text == "seen=1"
    assert [step.status_code for step in moved.history] == [302]
    created = session.post(address, json={"a": "ä"})
    assert created.status_code == 201
    assert created.json() == {"sent": {"a": "ä"}}
    chunks = session.get(address, stream=True).iter_content(2)
    assert list(chunks) == [b"se", b"en", b"=1"]
    try:
        session.get(f"{address}/silent", timeout=0.1)
    except requests.ReadTimeout:
        silence.set()
    else:
        raise AssertionError("no timeout")
server.shutdown()
server.server_close()

server, address = serve("https")
assert requests.get(address, verify=CERTIFICATE).text == "None"
try:
    requests.get(address)
except requests.exceptions.SSLError:
    pass
else:
    raise AssertionError("the certificate was not verified")
server.shutdown()
server.server_close()
print("done")

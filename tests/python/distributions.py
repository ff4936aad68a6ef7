"""Packages made by tests: wheels and source distributions, and a server that pip takes them from.

https://packaging.python.org/en/latest/specifications/
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from client import LIMIT


def wheel(directory: Path, name: str, version: str, files: dict[str, str], requires: tuple[str, ...] = ()) -> Path:
    """Write a wheel in pure Python to `directory`."""
    metadata = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{metadata}/METADATA": _metadata(name, version, requires),
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{metadata}/RECORD"] = f"{record}{metadata}/RECORD,,\n"
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


def source(directory: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a source distribution to `directory`; its `files` say how it is built."""
    path = directory / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in {**files, "PKG-INFO": _metadata(name, version, ())}.items():
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def _metadata(name: str, version: str, requires: tuple[str, ...]) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*lines, *(f"Requires-Dist: {requirement}" for requirement in requires)]) + "\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class Index:
    """A server with one package; of its file it sends the second half when :attr:`goes_on` is set, as ``/go-on`` does."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.goes_on = threading.Event()
        self.url = ""

    def answer(self, path: str, send: Callable[[bytes, str, int], None], write: Callable[[bytes], object]) -> None:
        if path.endswith(self.file.name):
            content = self.file.read_bytes()
            half = len(content) // 2
            send(content[:half], "application/octet-stream", len(content))
            self.goes_on.wait(LIMIT)
            write(content[half:])
        elif path == "/go-on":
            self.goes_on.set()
            send(b"", "text/plain", 0)
        else:
            page = f'<a href="/files/{self.file.name}">{self.file.name}</a>'.encode()
            send(page, "text/html", len(page))


@contextmanager
def serve(file: Path) -> Iterator[Index]:
    """An index as pip's ``--index-url`` takes it, with this wheel."""
    index = Index(file)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.answer(self.path, self._send, self.wfile.write)

        def _send(self, content: bytes, kind: str, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index.url = f"http://127.0.0.1:{server.server_port}/simple/"
        try:
            yield index
        finally:
            index.goes_on.set()
            server.shutdown()

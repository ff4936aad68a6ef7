"""``socket.recvmsg_into``, which RustPython lacks: trio, and with it anyio and httpx, name it when they are imported."""

from everloop.compat.imports import after_import


def install():
    """Give the class its method when the module has been imported."""
    after_import("socket", _complete)


def _complete(module):
    if not hasattr(module.socket, "recvmsg_into"):
        module.socket.recvmsg_into = recvmsg_into


def recvmsg_into(self, buffers, ancbufsize=0, flags=0, /):
    """As ``socket.recvmsg``, with the data in `buffers`, one filled after the other; returns its length first."""
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    data, *rest = self.recvmsg(sum(map(len, views)), ancbufsize, flags)
    start = 0
    for view in views:
        part = data[start : start + len(view)]
        view[: len(part)] = part
        start += len(part)
    return len(data), *rest

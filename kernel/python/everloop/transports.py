"""The transport of stream sockets: asyncio's own, with what runs for every packet in Rust."""

import socket
from asyncio import base_events, futures, trsock
from asyncio.log import logger
from asyncio.selector_events import _SelectorSocketTransport

import _everloop


class SocketTransport(_everloop.SocketTransport, _SelectorSocketTransport):
    """As ``asyncio.selector_events._SelectorSocketTransport``, whose cold methods it inherits."""

    def __init__(self, loop, sock, protocol, waiter=None, extra=None, server=None):
        self._loop = loop
        self._extra = dict(extra) if extra else {}
        self._add_addresses(sock)
        self._set_write_buffer_limits()
        self._sock = sock
        fd = sock.fileno()
        self._attach(fd)
        self.set_protocol(protocol)
        self._server = server
        if server is not None:
            server._attach(self)
        loop._transports[fd] = self
        base_events._set_nodelay(sock)
        loop.call_soon(protocol.connection_made, self)
        # Not before `connection_made` was called, neither reading nor waking the waiter.
        loop.call_soon(self._start_reading)
        if waiter is not None:
            loop.call_soon(futures._set_result_unless_cancelled, waiter, None)

    def _add_addresses(self, sock):
        self._extra["socket"] = trsock.TransportSocket(sock)
        try:
            self._extra["sockname"] = sock.getsockname()
        except OSError:
            self._extra["sockname"] = None
        if "peername" not in self._extra:
            try:
                self._extra["peername"] = sock.getpeername()
            except OSError:
                self._extra["peername"] = None

    @property
    def _read_ready_cb(self):
        return None if self._closing else self._read_ready

    def __repr__(self):
        info = [type(self).__name__]
        if self._sock is None:
            info.append("closed")
        elif self._closing:
            info.append("closing")
        info.append(f"fd={self._sock_fd}")
        if self._loop is not None and not self._loop.is_closed():
            reading, writing = ("polling" if polling else "idle" for polling in self._is_polling())
            info.append(f"read={reading}")
            info.append(f"write=<{writing}, bufsize={self.get_write_buffer_size()}>")
        return f"<{' '.join(info)}>"

    def _fatal_error(self, exc, message="Fatal error on transport"):
        if not isinstance(exc, OSError):
            self._report(message, exc)
        elif self._loop.get_debug():
            logger.debug("%r: %s", self, message, exc_info=exc)
        self._force_close(exc)

    def _report(self, message, exc):
        self._loop.call_exception_handler(
            {"message": message, "exception": exc, "transport": self, "protocol": self._protocol}
        )

    def _log(self, message):
        logger.debug(message, self)


def make_transport(loop, sock, protocol, waiter=None, extra=None, server=None):
    """A transport for a connected socket; asyncio's own for what only looks like one."""
    kind = SocketTransport if isinstance(sock, socket.socket) else _SelectorSocketTransport
    return kind(loop, sock, protocol, waiter, extra, server)

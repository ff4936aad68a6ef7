"""``socket.getaddrinfo`` and ``gethostbyname``, for a resolver that takes its time.

RustPython's hold the whole interpreter up until it answers, and no interrupt ends them.
"""

import _socket

import _everloop
from everloop.compat.imports import after_import

#: RustPython's own.
ORIGINAL = _socket.getaddrinfo

#: What says which addresses of a name are wanted.
_OF_NAMES = _socket.AI_ADDRCONFIG | _socket.AI_V4MAPPED | _socket.AI_ALL


def install():
    """Ask on a thread."""
    _socket.getaddrinfo = getaddrinfo
    _socket.gethostbyname = gethostbyname
    after_import("socket", _name_again)


def _name_again(module):
    # What it has taken over from `_socket`.
    module.gethostbyname = gethostbyname


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """As ``_socket.getaddrinfo``."""
    name = _name_of(host)
    if name is None or flags & (_socket.AI_NUMERICHOST | _socket.AI_CANONNAME):
        return ORIGINAL(host, port, family, type, proto, flags)
    found = _everloop.look_up(name, family, flags & _OF_NAMES)
    if isinstance(found, tuple):
        raise _socket.gaierror(*found)
    flags |= _socket.AI_NUMERICHOST
    return [entry for address in found for entry in ORIGINAL(address, port, family, type, proto, flags)]


def gethostbyname(hostname, /):
    """As ``socket.gethostbyname``."""
    return getaddrinfo(hostname, None, _socket.AF_INET, _socket.SOCK_STREAM)[0][4][0]


def _name_of(host):
    """The name that the resolver is to be asked for, None if it has nothing to do."""
    if isinstance(host, (bytes, bytearray)):
        host = host.decode()
    if not isinstance(host, str) or not host or "\0" in host or _is_address(host):
        return None
    return host if host.isascii() else host.encode("idna").decode()


def _is_address(host):
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False

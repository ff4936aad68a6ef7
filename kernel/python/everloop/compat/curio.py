"""Names that curio 1.6 takes from the standard library when it is imported, and that Python 3.12 has removed.

They are there while the modules of curio that need them are executed, and nowhere else.
"""

import contextlib

from everloop.compat.imports import around_import


def install():
    """Watch for the import of curio's modules."""
    around_import("curio.ssl", _with_wrap_socket)
    around_import("curio.channel", _with_challenges)


@contextlib.contextmanager
def _with_challenges(module):
    from multiprocessing import connection

    names = ("CHALLENGE", "WELCOME", "FAILURE")
    with contextlib.ExitStack() as stack:
        for name in names:
            if not hasattr(connection, name):
                stack.enter_context(_lent(connection, name, getattr(connection, f"_{name}")))
        yield


@contextlib.contextmanager
def _with_wrap_socket(module):
    import ssl

    if hasattr(ssl, "wrap_socket"):
        yield
        return
    with _lent(ssl, "wrap_socket", wrap_socket):
        yield
    # Where `curio.ssl.wrap_socket` looks for it when it is called.
    module._ssl = _Extended(ssl)


@contextlib.contextmanager
def _lent(module, name, value):
    setattr(module, name, value)
    try:
        yield
    finally:
        delattr(module, name)


class _Extended:
    """The module `ssl` with the function that it has lost."""

    def __init__(self, ssl):
        self._ssl = ssl

    def __getattr__(self, name):
        return wrap_socket if name == "wrap_socket" else getattr(self._ssl, name)


def wrap_socket(
    sock,
    keyfile=None,
    certfile=None,
    server_side=False,
    cert_reqs=0,
    ssl_version=None,
    ca_certs=None,
    do_handshake_on_connect=True,
    suppress_ragged_eofs=True,
    ciphers=None,
):
    """A socket with TLS, as ``ssl.wrap_socket`` made it until Python 3.11: it checks nothing that it is not told to."""
    import ssl

    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    default = ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(default if ssl_version is None else ssl_version)
    context.check_hostname = False
    context.verify_mode = ssl.VerifyMode(cert_reqs)
    if ca_certs:
        context.load_verify_locations(ca_certs)
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    if ciphers:
        context.set_ciphers(ciphers)
    return context.wrap_socket(
        sock,
        server_side=server_side,
        do_handshake_on_connect=do_handshake_on_connect,
        suppress_ragged_eofs=suppress_ragged_eofs,
    )

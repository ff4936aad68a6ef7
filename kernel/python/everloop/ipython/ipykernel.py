"""The modules of ipykernel that libraries look for, to learn whether they are in a notebook.

The package itself cannot be imported here: it needs pyzmq, an extension for CPython.
"""

import sys
import types

from everloop.ipython.display_pub import ZMQDisplayPublisher
from everloop.ipython.displayhook import ZMQShellDisplayHook
from everloop.ipython.kernel import Kernel
from everloop.ipython.shell import ZMQInteractiveShell

#: The version of ipykernel whose interfaces these are.
VERSION = (7, 4, 0)


def install(app):
    """Put the modules into place; `app` is the application that `ipykernel.kernelapp` would have made."""
    version = ".".join(map(str, VERSION))
    connecting = {"get_connection_file": _connection_file, "get_connection_info": _connection_info}
    package = _module("ipykernel", __version__=version, version_info=VERSION, __path__=[], **connecting)
    modules = {
        "zmqshell": {"ZMQInteractiveShell": ZMQInteractiveShell, "ZMQDisplayPublisher": ZMQDisplayPublisher},
        "displayhook": {"ZMQShellDisplayHook": ZMQShellDisplayHook},
        "kernelapp": {"IPKernelApp": type(app)},
        "ipkernel": {"IPythonKernel": Kernel},
        "kernelbase": {"Kernel": Kernel},
        "connect": connecting,
    }
    for name, contents in modules.items():
        setattr(package, name, _module(f"ipykernel.{name}", **contents))
    # Some ask for the module of the shell's class: plotly puts 5 MB of JavaScript into the notebook where it is another.
    ZMQInteractiveShell.__module__ = "ipykernel.zmqshell"
    package.comm = _Comm("ipykernel.comm")
    sys.modules["ipykernel.comm"] = package.comm


class _Comm(types.ModuleType):
    """``ipykernel.comm``: what it has is that of the package ``comm``, imported by who asks for it."""

    __path__ = ()

    def __getattr__(self, name):
        if name not in ("Comm", "CommManager"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        import comm

        return comm.create_comm if name == "Comm" else type(comm.get_comm_manager())


def _module(name, **contents):
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module
    return module


def _connection_file(app=None):
    import _everloop

    return _everloop.connection_file()


def _connection_info(connection_file=None, unpack=False):
    with open(connection_file or _connection_file(), encoding="utf-8") as file:
        text = file.read()
    if not unpack:
        return text
    import json

    info = json.loads(text)
    info["key"] = info.get("key", "").encode()
    return info

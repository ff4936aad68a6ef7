"""Comms: the package ``comm`` does the work, and sends and receives through this kernel.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
"""

import _everloop
from everloop import handlers
from everloop.compat.imports import after_import
from everloop.parent import output_of

_manager = None


def install():
    """Make ``comm.create_comm`` and ``comm.get_comm_manager`` this kernel's when somebody imports ``comm``."""
    after_import("comm", _adopt)


def _adopt(package):
    global _manager
    from everloop.comm_classes import Comm, CommManager

    _manager = CommManager()
    package.create_comm = Comm
    package.get_comm_manager = lambda: _manager


def handle(origin, msg_type, message):
    """Give a ``comm_open``, ``comm_msg`` or ``comm_close`` to its comm; what its handler prints belongs to `origin`."""
    content = message["content"]
    with output_of(origin):
        if _manager is None:
            # Nobody in this process has imported `comm`: there is no target, and no comm.
            if msg_type == "comm_open":
                _everloop.publish("comm_close", {"comm_id": content["comm_id"], "data": {}})
            return
        comm = _manager.comms.get(content["comm_id"])
        target_name = content.get("target_name", "") if comm is None else comm.target_name
        origin.name = f"{msg_type} {target_name}"
        try:
            getattr(_manager, msg_type)(None, None, message)
        except BaseException as error:
            # An interrupt, or `exit()`.
            handlers.show(error)
        _everloop.flush_streams()


def info(target_name):
    """The content of `comm_info_reply`: the open comms, all or those of one target."""
    names = {} if _manager is None else _manager.target_names.copy()
    comms = {key: {"target_name": name} for key, name in names.items() if target_name in (None, name)}
    return {"status": "ok", "comms": comms}

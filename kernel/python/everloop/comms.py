"""Comms: the package ``comm`` does the work, and sends and receives through this kernel.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
"""

import _everloop
from everloop.compat.imports import after_import
from everloop.parent import output_of

_manager = None


def install():
    """Make ``comm.create_comm`` and ``comm.get_comm_manager`` this kernel's when somebody imports ``comm``."""
    after_import("comm", _adopt)


def _adopt(package):
    global _manager
    from comm.base_comm import BaseComm, CommManager

    class Comm(BaseComm):
        """A comm whose messages go to the front ends of this kernel."""

        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            content = {"data": {} if data is None else data, "comm_id": self.comm_id, **keys}
            _everloop.publish(msg_type, content, metadata, buffers)

    class Manager(CommManager):
        """Knows the targets of its comms by itself: a comm may be of a class of the user's, and `info` asks on another thread."""

        def __init__(self):
            super().__init__()
            self.target_names = {}

        def register_comm(self, comm):
            self.target_names[comm.comm_id] = str(comm.target_name)
            return super().register_comm(comm)

        def unregister_comm(self, comm):
            self.target_names.pop(comm.comm_id, None)
            return super().unregister_comm(comm)

        def comm_close(self, stream, ident, message):
            self.target_names.pop(message["content"]["comm_id"], None)
            return super().comm_close(stream, ident, message)

    Comm.__qualname__ = "Comm"
    _manager = Manager()
    package.create_comm = Comm
    package.get_comm_manager = lambda: _manager


def handle(origin, msg_type, message):
    """Give a ``comm_open``, ``comm_msg`` or ``comm_close`` to its comm; what its handler prints belongs to `origin`."""
    with output_of(origin):
        if _manager is None:
            # Nobody in this process has imported `comm`: there is no target, and no comm.
            if msg_type == "comm_open":
                _everloop.publish("comm_close", {"comm_id": message["content"]["comm_id"], "data": {}})
            return
        getattr(_manager, msg_type)(None, None, message)
        _everloop.flush_streams()


def info(target_name):
    """The content of `comm_info_reply`: the open comms, all or those of one target."""
    names = {} if _manager is None else _manager.target_names.copy()
    comms = {key: {"target_name": name} for key, name in names.items() if target_name in (None, name)}
    return {"status": "ok", "comms": comms}

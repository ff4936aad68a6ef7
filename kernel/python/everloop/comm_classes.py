"""``Comm`` and ``CommManager`` of this kernel. Importing it imports the package ``comm``."""

import logging

from comm import base_comm

import _everloop
from everloop import handlers
from everloop.handlers import awaited


class Comm(base_comm.BaseComm):
    """A comm whose messages go to the front ends of this kernel. Its handlers may be ``async def``.

    `kernel` and `show_warning` are what ``ipykernel.comm.Comm`` takes.
    """

    def __init__(self, *args, kernel=None, show_warning=False, **kwargs):
        super().__init__(*args, **kwargs)

    @property
    def kernel(self):
        """``get_ipython().kernel``, by which libraries know a comm that is connected; None without IPython."""
        return getattr(handlers.ipython(), "kernel", None)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        """Publish under the current message or cell."""
        content = {"data": {} if data is None else data, "comm_id": self.comm_id, **keys}
        _everloop.publish(msg_type, content, metadata, buffers)

    def on_msg(self, callback):
        """As ``BaseComm.on_msg``."""
        super().on_msg(awaited(callback))

    def on_close(self, callback):
        """As ``BaseComm.on_close``."""
        super().on_close(awaited(callback))

    def handle_msg(self, msg):
        """As ``BaseComm.handle_msg``, which cannot do without IPython."""
        if self._msg_callback is None:
            return
        ip = handlers.ipython()
        if ip is not None:
            ip.events.trigger("pre_execute")
        self._msg_callback(msg)
        if ip is not None:
            ip.events.trigger("post_execute")


class CommManager(base_comm.CommManager):
    """The comms and targets of this kernel. Targets may be ``async def``.

    It knows the target of each comm by itself: a comm may be of a class of the user's, and the lookup thread asks.
    """

    def __init__(self):
        super().__init__()
        self.target_names = {}

    def register_comm(self, comm):
        """As ``CommManager.register_comm``."""
        self.target_names[comm.comm_id] = str(comm.target_name)
        return super().register_comm(comm)

    def unregister_comm(self, comm):
        """As ``CommManager.unregister_comm``."""
        self.target_names.pop(comm.comm_id, None)
        return super().unregister_comm(comm)

    def comm_close(self, stream, ident, msg):
        """As ``CommManager.comm_close``."""
        self.target_names.pop(msg["content"]["comm_id"], None)
        return super().comm_close(stream, ident, msg)

    def register_target(self, target_name, f):
        """As ``CommManager.register_target``."""
        super().register_target(target_name, f)
        self.targets[target_name] = _Target(self.targets[target_name])

    def unregister_target(self, target_name, f):
        """As ``CommManager.unregister_target``."""
        return super().unregister_target(target_name, f).function


class _Target(handlers.Awaited):
    """A target that fails closes the comm, as it does when it is no coroutine."""

    def __call__(self, comm, msg):
        result = self.function(comm, msg)
        if handlers.is_coroutine(result):
            handlers.start(_opened(comm, result))


async def _opened(comm, coroutine):
    try:
        await coroutine
    except BaseException:
        comm.close()
        raise


class _ShownErrors(logging.Filter):
    """Shows the exceptions of handlers and targets, which the package catches and logs."""

    def filter(self, record):
        if record.exc_info is None:
            return True
        handlers.show(record.exc_info[1])
        return False


base_comm.logger.addFilter(_ShownErrors())

"""Messages that hooks may look at, change or hold back before they are published."""

import threading
import uuid

import _everloop


class Publisher:
    """Publishes through the hooks of the calling thread, as ipykernel's display publisher and displayhook do.

    A hook gets the message as a dict and returns the message to send, or None when nothing is to be sent.
    """

    def __init__(self):
        self._of_thread = threading.local()

    @property
    def hooks(self):
        """Those of the calling thread."""
        return self._of_thread.__dict__.setdefault("hooks", [])

    def register(self, hook):
        """Let `hook` see what this thread publishes."""
        self.hooks.append(hook)

    def unregister(self, hook):
        """Forget `hook`; returns whether it was there."""
        if hook not in self.hooks:
            return False
        self.hooks.remove(hook)
        return True

    def publish(self, msg_type, content, buffers=None):
        """Publish under the cell of the current context, after what was printed until now."""
        _everloop.flush_streams()
        hooks = self._of_thread.__dict__.get("hooks")
        if not hooks:
            _everloop.publish(msg_type, content, None, buffers)
            return
        message = _message(msg_type, content, buffers)
        for hook in hooks:
            message = hook(message)
            if message is None:
                return
        _everloop.publish(message["msg_type"], message["content"], message["metadata"], message.get("buffers"))


def _message(msg_type, content, buffers):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": msg_type}
    return {
        **header,
        "header": header,
        "parent_header": _everloop.current_message().get("header", {}),
        "metadata": {},
        "content": content,
        "buffers": buffers or [],
    }

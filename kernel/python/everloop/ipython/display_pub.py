"""``display()`` as ``display_data``, ``update_display_data`` and ``clear_output``."""

import functools

from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from everloop.formatters import encoded
from everloop.ipython.messages import Publisher


class ZMQDisplayPublisher(DisplayPublisher):
    """IPython's display publisher, which publishes to front ends instead of printing."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._publisher = Publisher()
        self.register_hook = self._publisher.register
        self.unregister_hook = self._publisher.unregister

    def publish(self, data, metadata=None, *, transient=None, update=False, buffers=None, **kwargs):
        """Publish a MIME bundle. Further arguments are those of older IPythons."""
        self._validate_data(data, metadata)
        content = {
            "data": {mime_type: encoded(value) for mime_type, value in data.items()},
            "metadata": metadata or {},
            "transient": transient or {},
        }
        self._publisher.publish("update_display_data" if update else "display_data", content, buffers)

    def clear_output(self, wait=False):
        """Clear the output of the cell; with `wait` not before there is something new to show."""
        self._publisher.publish("clear_output", {"wait": bool(wait)})


def direct(display, shell):
    """`display`, IPython's; what is a MIME bundle already goes to the publisher of `shell` without further questions."""

    @functools.wraps(display)
    def display_or_publish(*objs, **options):
        if options != {"raw": True} or InteractiveShell._instance is not shell:
            return display(*objs, **options)
        for obj in objs:
            shell.display_pub.publish(data=obj, metadata={})
        return None

    return display_or_publish

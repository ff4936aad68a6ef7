"""``get_ipython().kernel``: what libraries ask of ipykernel's kernel."""

import _everloop


class Kernel:
    """The kernel as code in cells sees it; `shell` is ``get_ipython()``."""

    implementation = "everloop"

    def __init__(self, shell):
        self.shell = shell

    @property
    def implementation_version(self):
        """Of everloop."""
        return _everloop.version()

    @property
    def execution_count(self):
        """IPython's counter: the number of the next cell."""
        return self.shell.execution_count

    @property
    def comm_manager(self):
        """That of the package ``comm``."""
        import comm

        return comm.get_comm_manager()

    @property
    def io_loop(self):
        """Tornado's view of the running loop."""
        from tornado.ioloop import IOLoop

        return IOLoop.current()

    def get_parent(self, channel=None):
        """The request that the calling code belongs to: a message as a dict, ``{}`` when there is none."""
        return _everloop.current_message()

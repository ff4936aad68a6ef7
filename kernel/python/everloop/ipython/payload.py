"""What the cells of IPython ask of the front end, in their replies."""

from IPython.core import payload


class PayloadManager(payload.PayloadManager):
    """IPython's manager, for each cell its own list: that of its :class:`everloop.run.Run`."""

    @property
    def _payload(self):
        return self.parent.session.asking_run.payload

    @_payload.setter
    def _payload(self, payload):
        self._payload[:] = payload

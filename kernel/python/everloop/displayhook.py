"""The value of a cell: the ``execute_result`` message, ``Out`` and the underscores."""

import builtins

import _everloop

UNDERSCORES = ("_", "__", "___")


class DisplayHook:
    """Shows the value of a cell's last expression; also ``sys.displayhook``.

    `namespace` is a :class:`everloop.namespace.Namespace`; `execution_count` is called for the number of the cell
    that is running when nobody says it.
    """

    cull_fraction = 0.2

    def __init__(self, namespace, execution_count, cache_size=1000):
        self._user_ns = namespace.user_ns
        self._out = namespace.out
        self._execution_count = execution_count
        # Fewer than three entries cannot hold `_`, `__` and `___`: IPython's rule for "no cache".
        self.cache_size = cache_size if cache_size >= 3 else 0
        #: What ``_``, ``__`` and ``___`` hold, unless the user has taken them.
        self.results = ["", "", ""]
        self._put_underscores()

    def __call__(self, value):
        """``sys.displayhook``: show `value` as the result of the cell that is running."""
        self.show(value, self._execution_count())

    def show(self, value, execution_count):
        """Publish `value` and remember it; returns its ``text/plain`` for the history, or None."""
        if value is None:
            return None
        from everloop.formatters import format

        data, metadata = format(value)
        self._remember(value, execution_count)
        if not data:
            return None
        content = {"execution_count": execution_count, "data": data, "metadata": metadata}
        _everloop.flush_streams()
        _everloop.publish("execute_result", content)
        return data.get("text/plain")

    def _remember(self, value, execution_count):
        # `Out` as a value of `Out` would keep everything alive for ever.
        if not self.cache_size or value is self._out:
            return
        if len(self._out) >= self.cache_size:
            self._cull()
        # `_` in builtins is gettext's.
        ours = "_" not in builtins.__dict__ and self._underscores_are_ours()
        self.results = [value, *self.results[:2]]
        if ours:
            self._put_underscores()
        self._user_ns[f"_{execution_count}"] = value
        self._out[execution_count] = value

    def _put_underscores(self):
        self._put = dict(zip(UNDERSCORES, self.results, strict=True))
        self._user_ns.update(self._put)

    def _underscores_are_ours(self):
        # A value that we did not put there is the user's; a name that was deleted is free again.
        return all(self._user_ns[name] is put for name, put in self._put.items() if name in self._user_ns)

    def _cull(self):
        """Forget the oldest fifth of ``Out``."""
        import warnings

        size = len(self._out)
        count = max(int(size * self.cull_fraction), 2)
        warnings.warn(
            f"Output cache limit (currently {size} entries) hit.\nFlushing oldest {count} entries.", stacklevel=2
        )
        for number in sorted(self._out)[:count]:
            self._user_ns.pop(f"_{number}", None)
            self._out.pop(number, None)

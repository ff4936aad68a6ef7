"""IPython's display formatter, short of the questions whose answer is known."""

from IPython.core import formatters

from everloop.bare import TEXT_ONLY


class DisplayFormatter(formatters.DisplayFormatter):
    """Formats plain values as plain text at once, unless somebody has registered a printer.

    IPython asks each of its ten formatters for the printer of every type; for a number that takes longer than all the
    rest of its cell.
    """

    _printers = ()
    _formatters = 0

    def format(self, obj, include=None, exclude=None):
        """As IPython's."""
        if type(obj) not in TEXT_ONLY or include or exclude or self._has_printers():
            return super().format(obj, include=include, exclude=exclude)
        formatter = self.formatters["text/plain"]
        return ({"text/plain": formatter(obj)}, {}) if formatter.enabled else ({}, {})

    def _has_printers(self):
        known = self.formatters
        if len(known) != self._formatters:
            rich = [formatter for name, formatter in known.items() if name != "text/plain"]
            # Traits are slow to read, and the dicts stay the same.
            self._printers = tuple(
                printers
                for formatter in (self.ipython_display_formatter, self.mimebundle_formatter, *rich)
                for printers in (formatter.type_printers, formatter.deferred_printers, formatter.singleton_printers)
            )
            self._formatters = len(known)
        return any(self._printers)

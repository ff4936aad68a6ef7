"""IPython's display formatter, short of the questions whose answer is known."""

from IPython.core import formatters

from everloop.bare import TEXT_ONLY


class DisplayFormatter(formatters.DisplayFormatter):
    """Formats plain values as plain text at once, unless somebody has registered a printer.

    IPython asks each of its ten formatters for the printer of every type; for a number that takes longer than all the
    rest of its cell.
    """

    def format(self, obj, include=None, exclude=None):
        """As IPython's."""
        if type(obj) not in TEXT_ONLY or include or exclude or self._has_printers():
            return super().format(obj, include=include, exclude=exclude)
        formatter = self.formatters["text/plain"]
        return ({"text/plain": formatter(obj)}, {}) if formatter.enabled else ({}, {})

    def _has_printers(self):
        rich = (formatter for name, formatter in self.formatters.items() if name != "text/plain")
        return any(map(_has_printer, (self.ipython_display_formatter, self.mimebundle_formatter, *rich)))


def _has_printer(formatter):
    return formatter.type_printers or formatter.deferred_printers or formatter.singleton_printers

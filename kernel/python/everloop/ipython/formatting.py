"""IPython's display formatter, short of the questions whose answer is known."""

from IPython.core import formatters
from IPython.lib import pretty

from everloop.bare import TEXT_ONLY
from everloop.pretty import SCALARS, flat_text

# What `flat_text` knows how to print, and those of which IPython's own printer says `repr`.
_FLAT = SCALARS | {list, tuple, dict}
_REPR = frozenset({int, str, bytes, bool})
_PRINTER = pretty._repr_pprint


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
        formatter = self._trait_values["formatters"]["text/plain"]
        if not formatter.enabled:
            return {}, {}
        text = _flat_text(obj, formatter)
        return {"text/plain": formatter(obj) if text is None else text}, {}

    def _has_printers(self):
        known = self._trait_values.get("formatters") or self.formatters
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


def _flat_text(obj, formatter):
    """What `formatter`, IPython's of plain text, makes of a plain value, if that needs no printer; else None."""
    if type(obj) not in _FLAT or formatter.__class__ is not formatters.PlainTextFormatter:
        return None
    says_repr = _says_repr(obj, formatter._trait_values)
    if not says_repr and not _is_usual(formatter):
        return None
    try:
        return repr(obj) if says_repr else flat_text(obj, formatter.max_width, formatter.max_seq_length)
    except Exception:
        # A number with too many digits, say: IPython shows what is wrong with it.
        return None


def _says_repr(obj, traits):
    """Whether `obj` is a number or text, and nobody has changed how those are printed."""
    kind = type(obj)
    if kind not in _REPR or not traits.get("pprint", True) or "singleton_printers" not in traits:
        return False
    printer = traits["singleton_printers"].get(id(obj)) or traits["type_printers"].get(kind)
    return printer is _PRINTER


def _is_usual(formatter):
    """Whether nobody has changed how plain values are printed."""
    traits = formatter._trait_values
    return (
        traits.get("pprint", True)
        and not traits.get("verbose", False)
        and traits.get("newline", "\n") == "\n"
        and traits.get("float_format", "%r") == "%r"
        and formatter.singleton_printers == pretty._singleton_pprinters
        and not any(module == "builtins" for module, _ in formatter.deferred_printers)
        and _has_usual_printers(formatter)
    )


def _has_usual_printers(formatter):
    printers = formatter.type_printers
    usual = formatter.__dict__.get("_everloop_usual")
    if usual is None:
        usual = formatter.__dict__["_everloop_usual"] = formatter._type_printers_default()
        # Each formatter has a function of its own there.
        if getattr(printers.get(float), "__code__", None) is usual[float].__code__:
            usual[float] = printers[float]
    return printers == usual or all(printers.get(kind) is usual.get(kind) for kind in _FLAT)

"""Completion and inspection of the live namespace, also while a cell runs.

Both run on a thread of their own beside user code, so nothing in here may run code of the user: no property is
evaluated, no `__getattr__`, `__dir__`, `__repr__` or `__eq__` of a user's class is called, no module is imported on the
user's behalf. What cannot be known without that stays unknown. `statics` holds the means, the rest is built on it.

- ``completion``, ``inspection``: the content of `complete_reply` and `inspect_reply`
- ``tokens``: the tokens around the cursor
- ``expressions``: the object that an expression means, when that can be told
- ``statics``: attributes and their values
- ``signatures``, ``values``, ``sources``: how an object is called, looks, was written
- ``imports``: what the code itself imports
- ``modules``, ``paths``, ``symbols``: what can be imported, opened, typed as ``\\alpha``

Imports are made where they are needed: importing this package has to cost nothing.
"""

_language = None


def extend(language):
    """Ask `language` (:class:`everloop.ipython.lookups.Lookups`) for what is not Python."""
    global _language
    _language = language


def complete(code, cursor_pos, namespace):
    """The content of `complete_reply`; `cursor_pos` is in code points, None for the end of the code."""
    cursor = _cursor(code, cursor_pos)
    reply = _language and _language.complete(code, cursor)
    if reply:
        return reply
    from everloop.lookups import completion
    from everloop.lookups.imports import with_imports

    reply = completion.complete(code, cursor, with_imports(code, namespace))
    if _language:
        _language.add_magics(reply, code, cursor)
    return reply


def inspect(code, cursor_pos, detail_level, namespace):
    """The content of `inspect_reply`; `detail_level` 1 adds the source."""
    from everloop.lookups import inspection
    from everloop.lookups.imports import with_imports

    cursor = _cursor(code, cursor_pos)
    reply = inspection.inspect(code, cursor, detail_level, with_imports(code, namespace))
    if not reply["found"] and _language:
        return _language.inspect(code, cursor, detail_level) or reply
    return reply


def _cursor(code, cursor_pos):
    return len(code) if cursor_pos is None else max(0, min(cursor_pos, len(code)))

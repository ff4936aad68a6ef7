"""Completion and inspection of the live namespace, also while a cell runs.

Both run on a thread of their own beside user code, so nothing in here may run code of the user: no property is
evaluated, no `__getattr__`, `__dir__`, `__repr__` or `__eq__` of a user's class is called, no module is imported on the
user's behalf. What cannot be known without that stays unknown. Completers that the user added to IPython are the
exception: they are there to be called. `statics` holds the means, the rest is built on it.

- ``answers``: what the lookup threads call
- ``completion``, ``inspection``: the content of `complete_reply` and `inspect_reply`
- ``tokens``: the tokens around the cursor
- ``expressions``: the object that an expression means, when that can be told
- ``statics``: attributes and their values
- ``signatures``, ``values``, ``sources``: how an object is called, looks, was written
- ``imports``: what the code itself imports
- ``modules``, ``paths``, ``symbols``: what can be imported, opened, typed as ``\\alpha``

Importing this package imports nothing else: `answers` is what the rest hangs on.
"""

#: What is asked for what is not Python (:class:`everloop.ipython.lookups.Lookups`), None until there is IPython.
language = None


def extend(with_language):
    """Ask `with_language` from now on."""
    global language
    language = with_language

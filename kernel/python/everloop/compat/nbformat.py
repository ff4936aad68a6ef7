"""The database of signatures of ``nbformat``, which ``%notebook`` writes to.

It asks ``sqlite3`` for values of the types that its columns declare, and RustPython's fails with MemoryError at a column
that declares none, such as ``Count(*)``. What the database gives back is texts and numbers, so nothing is lost without.
"""

import types

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module."""
    after_import("nbformat.sign", _without_declared_types)


def _without_declared_types(module):
    sqlite3 = types.ModuleType("sqlite3")
    vars(sqlite3).update(vars(module.sqlite3), PARSE_DECLTYPES=0)
    module.sqlite3 = sqlite3

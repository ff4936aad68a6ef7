"""Libraries that ask ``sqlite3`` for values of the types that columns declare: the database of signatures of ``nbformat``, Django.

RustPython's fails with MemoryError at a column that declares none, such as ``Count(*)``. Without, nothing is lost: the
values that ``nbformat`` gets are texts and numbers, and Django's fields convert theirs by themselves.
"""

import types

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the modules, which know ``sqlite3`` by different names."""
    after_import("nbformat.sign", lambda module: _without_declared_types(module, "sqlite3"))
    after_import("django.db.backends.sqlite3.base", lambda module: _without_declared_types(module, "Database"))


def _without_declared_types(module, name):
    sqlite3 = types.ModuleType("sqlite3")
    vars(sqlite3).update(vars(getattr(module, name)), PARSE_DECLTYPES=0)
    setattr(module, name, sqlite3)

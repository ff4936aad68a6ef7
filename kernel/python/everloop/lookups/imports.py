"""Names that the code itself imports, for a cell that has not run yet.

No module is imported for it: those that are loaded already are known, others are not.
"""

import re

from .modules import loaded
from .statics import instance_dict

_STATEMENT = re.compile(r"[;\n]")
_IMPORT = re.compile(r"\s*import\s+(.+)")
_FROM = re.compile(r"\s*from\s+([\w.]+)\s+import\s+\(?(.+?)\)?\s*\Z")
_NAME = re.compile(r"\s*([\w.]+)(?:\s+as\s+(\w+))?\s*\Z")


def with_imports(code, namespace):
    """`namespace`, and behind it what `code` imports: names that are there already win."""
    if "import" not in code:
        return (namespace,)
    imported = {}
    for statement in _STATEMENT.split(code):
        imported.update(_imported(statement))
    return (namespace, imported)


def _imported(statement):
    plain, of_module = _IMPORT.match(statement), _FROM.match(statement)
    for name, alias in _names(plain[1] if plain else ""):
        module = loaded(name if alias else name.partition(".")[0])
        if module is not None:
            yield alias or name.partition(".")[0], module
    module = loaded(of_module[1]) if of_module else None
    members = instance_dict(module)
    for name, alias in _names(of_module[2] if of_module else ""):
        if name in members:
            yield alias or name, members[name]


def _names(text):
    return [match.groups() for match in map(_NAME.match, text.split(",")) if match]

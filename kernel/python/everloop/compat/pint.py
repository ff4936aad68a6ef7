"""Pint's units with signs that are no letters, such as ``°C``.

Python's ``tokenize`` takes any sign beyond ASCII for part of a name, RustPython's takes these for operators.
"""

import tokenize
import types

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the modules that tokenize."""
    for name in ("pint.errors", "pint.pint_eval"):
        after_import(name, _replace)


def _replace(module):
    if hasattr(module, "tokenize"):
        module.tokenize = types.ModuleType("tokenize")
        vars(module.tokenize).update(vars(tokenize), tokenize=lambda readline: joined(tokenize.tokenize(readline)))


def joined(tokens):
    """The `tokens` with such signs as names, joined with the name or number that is next to them."""
    name = None
    for token in tokens:
        if token.type == tokenize.OP and not token.string.isascii():
            token = token._replace(type=tokenize.NAME)
        if name is not None:
            if _are_one(name, token):
                name = name._replace(string=name.string + token.string, end=token.end)
                continue
            yield name
            name = None
        if token.type == tokenize.NAME:
            name = token
        else:
            yield token
    if name is not None:
        yield name


def _are_one(name, token):
    return (
        name.end == token.start
        and (token.type == tokenize.NAME or token.string.isalnum())
        and not (name.string.isidentifier() and token.string.isalnum())
    )

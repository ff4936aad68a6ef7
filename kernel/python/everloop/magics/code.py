"""Code that a magic runs: transformed, parsed and compiled as IPython does it, and allowed to await."""

import ast
import re

from everloop.magics.rewriting import MARK

CO_COROUTINE = 0x80

_KEYWORD = re.compile(r"\b(await|async)\b")


def may_await(shell, text):
    """Whether `text`, transformed code, could await. What says no is left to IPython."""
    return shell.autoawait and (MARK in text or _KEYWORD.search(text) is not None)


def tree_of(shell, text):
    """The AST of `text`, transformed code, after all that IPython does to it."""
    return awaited_tree(shell, shell.compile.ast_parse(text))


def awaited_tree(shell, tree):
    """`tree` after all that IPython does to it, with the calls of magics awaited."""
    return shell.rewritten(shell.transform_ast(tree))


def compiled(shell, tree, filename, mode):
    """The code object of `tree`, which may await at its top level."""
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        return shell.compile(tree, filename, mode)


def awaits(code):
    """Whether what :func:`compiled` made has to be awaited."""
    return code.co_flags & CO_COROUTINE != 0


async def value_of(code, global_ns, local_ns):
    """Run `code`; returns the value if it is an expression."""
    value = eval(code, global_ns, local_ns)
    return await value if awaits(code) else value

"""``compile`` of a syntax tree with a negative number in it, which ends the process in RustPython.

The parser never makes such a constant (``-5`` is a minus and a 5), but programs that rewrite trees do.
"""

import _ast
import builtins

import _everloop
from everloop.compat.imports import after_import


def install():
    """Write such numbers as the parser would, whoever compiles."""
    compile = builtins.compile
    _everloop.set_up_compile(compile, _ast.AST, rewritten)
    builtins.compile = _everloop.compile
    # It compiles every statement of every cell; what rewrites cells asks for `rewritten` itself.
    after_import("codeop", lambda module: setattr(module, "compile", compile))


def rewritten(tree):
    """`tree`, or a copy that has no negative constants."""
    found = [node for node in _nodes(tree) if _is_negative(node)]
    if not found:
        return tree
    import ast
    import copy

    class Writer(ast.NodeTransformer):
        def visit_Constant(self, node):
            if not _is_negative(node):
                return node
            positive = ast.copy_location(ast.Constant(-node.value), node)
            return ast.copy_location(ast.UnaryOp(ast.USub(), positive), node)

    return ast.fix_missing_locations(Writer().visit(copy.deepcopy(tree)))


def _nodes(tree):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _ast.AST):
            yield node
            waiting.extend(getattr(node, name, None) for name in node._fields)
        elif isinstance(node, list):
            waiting.extend(node)


def _is_negative(node):
    # A complex number may have negative parts, which do no harm.
    return isinstance(node, _ast.Constant) and type(node.value) is int and node.value < 0

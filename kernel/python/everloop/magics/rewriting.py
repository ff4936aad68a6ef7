"""The calls of magics in a cell, rewritten so that they are awaited.

IPython's cell transformer makes ``get_ipython().run_line_magic('time', 'await f()')`` of a magic. Where an await may
stand, ``await get_ipython().run_line_magic_async('time', 'await f()')`` takes its place.
"""

import ast

#: What stands in the text of every cell that has something to rewrite.
MARK = "get_ipython()."


class Rewriting(ast.NodeTransformer):
    """Rewrites the calls of `methods` (names of methods of ``get_ipython()``)."""

    def __init__(self, methods):
        self._methods = methods

    def visit_Call(self, node):
        """Await the call, if it is one of a magic."""
        self.generic_visit(node)
        if not self._is_magic(node):
            return node
        node.func.attr += "_async"
        return ast.copy_location(ast.Await(node), node)

    def visit_Await(self, node):
        """Leave alone what the user awaits already."""
        if self._is_magic(node.value):
            return node
        return self.generic_visit(node)

    def _no_await_inside(self, node):
        return node

    # The body of `async def` may await; these may not.
    visit_FunctionDef = visit_ClassDef = visit_Lambda = _no_await_inside
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _no_await_inside

    def _is_magic(self, node):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython"), args=[]), attr=name)):
                return name in self._methods
        return False


class Compiler:
    """IPython's `compiler`, which rewrites what it compiles while autoawait is on in `shell`."""

    def __init__(self, shell, compiler):
        self._shell = shell
        self._compiler = compiler
        self.extra_flags = compiler.extra_flags

    def __call__(self, node, *args, **kwargs):
        # Asked for each statement: the one before may have been `%autoawait`.
        if self._shell.autoawait:
            node = self._shell.rewritten(node)
        return self._compiler(node, *args, **kwargs)

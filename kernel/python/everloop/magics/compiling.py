"""``%%jit``: a cell whose functions are compiled."""

import ast
import contextlib
import contextvars

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class

from everloop.magics.rest import Rest, awaiting

#: What changes the syntax tree of the cell that is about to run.
_decoration = contextvars.ContextVar("everloop_jit_decoration", default=None)


@magics_class
class JitMagics(Magics):
    """Functions as machine code."""

    @cell_magic
    @awaiting
    def jit(self, line, cell):
        """Compile the functions of a cell to machine code.

        The cell runs as it is, but each `def` at its top level is decorated with `everloop.jit`, which says what can be
        compiled. A function that cannot stays with the interpreter, and a line says why.
        """
        if line.strip():
            raise UsageError(f"%%jit takes no arguments, not {line.strip()!r}")
        return Rest(self._run(cell))

    async def _run(self, cell):
        with _decorated(self.shell):
            await self.shell.run_nested_cell(cell)


@contextlib.contextmanager
def _decorated(shell):
    decoration = _Decoration()
    token = _decoration.set(decoration)
    shell.ast_transformers.append(decoration)
    try:
        yield
    finally:
        shell.ast_transformers.remove(decoration)
        _decoration.reset(token)


class _Decoration(ast.NodeTransformer):
    """Decorates the functions of the one cell that it is for; others may run beside it."""

    def visit(self, tree):
        if _decoration.get() is self and isinstance(tree, ast.Module):
            for statement in tree.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                    statement.decorator_list.append(_decorator(statement))
        return tree


def _decorator(function):
    # A name could mean something else in the cell.
    decorator = ast.parse("__import__('everloop').jit", mode="eval").body
    for node in ast.walk(decorator):
        ast.copy_location(node, function)
    return decorator

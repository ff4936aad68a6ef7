"""What ``%time`` and ``%timeit`` measure, when it awaits."""

import ast
import gc

from IPython.core.magics.execution import TimeitTemplateFiller
from IPython.utils.timing import clock

from everloop.magics import code
from everloop.magics.code import awaited_tree, compiled, tree_of, value_of


class Timed:
    """The code of ``%time``; `parsing` and `compiling` are the seconds that these took."""

    def __init__(self, shell, text):
        begun = clock()
        tree = shell.compile.ast_parse(text)
        self.parsing = clock() - begun
        body = awaited_tree(shell, tree).body
        begun = clock()
        self._codes = [compiled(shell, *part) for part in _parts(body)]
        self.compiling = clock() - begun

    @property
    def awaits(self):
        """Whether it has to be awaited."""
        return any(map(code.awaits, self._codes))

    async def run(self, global_ns, local_ns):
        """Run it; returns the value of its last expression."""
        value = None
        for part in self._codes:
            value = await value_of(part, global_ns, local_ns)
        return value


def _parts(body):
    """What to compile: the statements, and the expression at their end."""
    if not (body and isinstance(body[-1], ast.Expr)):
        return [(ast.Module(body, []), "<timed exec>", "exec")]
    *statements, last = body
    expression = ast.Expression(last.value)
    if not statements:
        return [(expression, "<timed eval>", "eval")]
    return [(ast.Module(statements, []), "<timed exec>", "exec"), (expression, "<timed exec>", "eval")]


class Loops:
    """The loops of ``%timeit``. The statement is awaited in its place, so that no awaiting of ours is measured."""

    def __init__(self, shell, setup, statement):
        trees = [tree_of(shell, text) for text in (setup, statement)]
        # Outside of a function first, so that what is not allowed at top level is not allowed here either.
        parts = [
            compiled(shell, tree, f"<magic-timeit-{name}>", "exec")
            for tree, name in zip(trees, ("setup", "stmt"), strict=True)
        ]
        self.awaits = any(map(code.awaits, parts))
        tree = TimeitTemplateFiller(*trees).visit(ast.parse(_TEMPLATE))
        function = tree.body[0]
        tree.body = [ast.AsyncFunctionDef(**dict(ast.iter_fields(function)))]
        ast.copy_location(tree.body[0], function)
        begun = clock()
        self._code = shell.compile(ast.fix_missing_locations(tree), "<magic-timeit>", "exec")
        self.compiling = clock() - begun

    def inner(self, global_ns, local_ns):
        """A coroutine function of a number of loops and a timer, which returns how long they took."""
        if local_ns is not None and local_ns is not global_ns:
            global_ns = {**global_ns, **local_ns}
        defined = {}
        exec(self._code, global_ns, defined)

        async def inner(number, timer):
            was_enabled = gc.isenabled()
            gc.disable()
            try:
                return await defined["inner"](range(number), timer)
            finally:
                if was_enabled:
                    gc.enable()

        return inner


# What the filler fills in: the places are those of its names.
_TEMPLATE = """def inner(_it, _timer):
    setup
    _t0 = _timer()
    for _i in _it:
        stmt
    return _timer() - _t0
"""

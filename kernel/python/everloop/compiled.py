"""``everloop.jit``: functions of numbers as machine code. What is compiled, and how, is Rust: ``Jitted``."""

import functools
import linecache
import sys
import types

import _everloop

Jitted = _everloop.jitted_class()


def jit(function):
    """Compile a function of numbers to machine code; ``%%jit`` does it for the functions of a cell.

    The first call with integers, floats, bools or None makes code for these types. Results and errors are those of the
    interpreter, which runs every call that the code cannot finish: one with other arguments or a larger integer than 64
    bits, or one that raises an exception.

    A function can be compiled when it has no effects and is made of numbers, tuples and lists of them, their operators,
    ``if``, ``while``, ``for ... in range(...)``, functions of ``math`` and calls of compiled functions. Any other is
    returned as it is, and a line on stderr names what was in the way.
    """
    if isinstance(function, Jitted):
        return function
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"jit compiles functions that are written in Python, not {type(function).__name__} objects")
    compiled = Jitted(function, _text_around(function))
    obstacle = compiled.obstacle()
    if obstacle is not None:
        remark(function, obstacle)
        return function
    return functools.update_wrapper(compiled, function)


def remark(function, obstacle):
    """Say on stderr why the interpreter runs `function`."""
    if sys.stderr is not None:
        print(f"jit: {function.__qualname__} stays with the interpreter, because of {obstacle}", file=sys.stderr)


def _text_around(function):
    """The text of the cell or file that `function` was written in."""
    return "".join(linecache.getlines(function.__code__.co_filename, function.__globals__))

"""Colours of tracebacks: made once, and the same as if they were made each time."""

from __future__ import annotations

from client import Kernel, plain
from pygments.lexers import PythonLexer

LEXERS = """
import pygments.lexers, pygments.token
from pygments.lexer import RegexLexer
class Derived(pygments.lexers.PythonLexer):
    pass
class Other(pygments.lexers.PythonLexer):
    tokens = {"root": [(r"(?s).+", pygments.token.Error)]}
code = "def f(x):\\n    return 'text' + 1.5  # comment\\n"
tokens = list(pygments.lexers.PythonLexer().get_tokens(code))
"""


def test_pygments_still_makes_the_rules_anew() -> None:
    """When this fails, `compat/pygments.py` is needed no more for lexers."""

    class Derived(PythonLexer):
        pass

    assert Derived()._tokens is not PythonLexer()._tokens


def test_a_derived_lexer_has_the_rules_of_its_base_or_its_own(kernel: Kernel) -> None:
    kernel.ok(LEXERS)
    assert kernel.ok("list(Derived().get_tokens(code)) == tokens").result == "True"
    assert kernel.ok("Derived._tokens is pygments.lexers.PythonLexer._tokens").result == "True"
    assert kernel.ok("{str(kind) for kind, _ in Other().get_tokens(code)}").result == "{'Token.Error'}"


def test_colours_are_those_of_the_style(kernel: Kernel) -> None:
    kernel.ok("def fail():\n    raise ValueError('red ' + str(1))")
    before = kernel.run("fail()").error
    again = kernel.run("fail()").error
    kernel.ok("%colors NoColor")
    without = kernel.run("fail()").error
    kernel.ok("%colors Linux")
    other = kernel.run("fail()").error
    assert before is not None
    assert again is not None
    assert without is not None
    assert other is not None
    lines = [line for line in before["traceback"] if "ValueError" in line]
    assert lines
    assert "\x1b[" in lines[0]
    assert _number_free(before) == _number_free(again)
    assert "\x1b[" not in "".join(without["traceback"])
    assert plain("".join(other["traceback"])).count("raise ValueError") == 1
    assert _number_free(other) != _number_free(before)
    kernel.ok("%colors Neutral")


def _number_free(error: dict) -> list[str]:
    return [line for line in error["traceback"] if "In[" not in line]

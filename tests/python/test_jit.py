"""``%%jit`` and ``everloop.jit``: functions of numbers as machine code, whose results are the interpreter's."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel, plain

pytestmark = pytest.mark.everloop_only("other kernels have no compiler")

#: In the kernel: what compiled functions are compared with.
COMPARE = """
import math, itertools
from everloop import jit

def outcome(function, arguments):
    try:
        value = function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
    return type(value).__name__, repr(value)

def differences(function, rows):
    for arguments in rows:
        compiled, interpreted = outcome(function, arguments), outcome(function.__wrapped__, arguments)
        if compiled != interpreted:
            print(function.__name__, arguments, compiled, "not", interpreted)
"""

NUMBERS = """
INTEGERS = [0, 1, -1, 2, -3, 7, 62, 63, 64, 2**31, -2**31, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -2**63, 2**63, 10**30, True, False]
FLOATS = [0.0, -0.0, 0.5, -1.5, 1e-320, 3.0, 1e16, -1e300, 9007199254740993.0, 2.0**63, math.inf, -math.inf, math.nan]
PAIRS = list(itertools.product(INTEGERS + FLOATS, repeat=2))
"""

BINARY = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or"]
UNARY = [
    "-a",
    "+a",
    "~a",
    "not a",
    "abs(a)",
    "int(a)",
    "float(a)",
    "bool(a)",
    "round(a)",
    "round(a, 2)",
    "a ** 2",
    "a ** -1",
]
MATH = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "degrees",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "gamma",
    "isfinite",
    "isinf",
    "isnan",
    "isqrt",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "radians",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
]
#: `a` to a power would be a number with more digits than there is memory for.
LARGE = "[row for row in PAIRS if abs(row[0]) < 2 or not abs(row[1]) > 100]"


SHIFTS = "[row for row in PAIRS if not abs(row[1]) > 100]"
#: `0 / -1` is -0.0 in Python, and 0.0 in the interpreter.
QUOTIENTS = "[row for row in PAIRS if row[0] != 0 or isinstance(row[0], float) or not row[1] < 0]"


def define(functions: dict[str, str]) -> str:
    return "%%jit\n" + "\n".join(functions.values())


def test_operators_have_the_values_and_errors_of_the_interpreter(kernel: Kernel) -> None:
    kernel.ok(COMPARE + NUMBERS)
    names = {f"f{number}": operator for number, operator in enumerate(BINARY)}
    functions = {name: f"def {name}(a, b): return a {operator} b" for name, operator in names.items()}
    assert kernel.ok(define(functions)).stderr == ""
    for name, operator in names.items():
        rows = {"**": LARGE, "<<": SHIFTS, "/": QUOTIENTS}.get(operator, "PAIRS")
        assert kernel.ok(f"differences({name}, {rows})").stdout == "", operator
        assert kernel.ok(f"'(int, int)' in {name}.signatures()").result == "True"
    division = f"f{BINARY.index('/')}"
    assert kernel.ok(f"{division}(0, -1)").result == "-0.0"


def test_functions_have_the_values_and_errors_of_the_interpreter(kernel: Kernel) -> None:
    kernel.ok(COMPARE + NUMBERS)
    expressions = UNARY + [f"math.{name}(a)" for name in MATH]
    functions = {f"f{number}": f"def f{number}(a): return {text}" for number, text in enumerate(expressions)}
    assert kernel.ok(define(functions)).stderr == ""
    rows = "[(number,) for number in INTEGERS + FLOATS]"
    for name, expression in zip(functions, expressions, strict=True):
        assert kernel.ok(f"differences({name}, {rows})").stdout == "", expression


def test_pairs_have_the_values_and_errors_of_the_interpreter(kernel: Kernel) -> None:
    kernel.ok(COMPARE + NUMBERS)
    expressions = [
        *(f"math.{name}(a, b)" for name in ("atan2", "copysign", "fmod", "gcd", "hypot", "pow", "remainder")),
        *(
            "min(a, b)",
            "max(a, b, 3)",
            "math.log(a, b)",
            "max(a, float('-inf'))",
            "divmod(a, b)",
            "a if b else 1.5",
            "(a, b)[-1]",
            "a < b < 2",
        ),
        *("sum(i for i in range(5) if i > a)", "a is not None and b", "a + (b := 2) * b"),
    ]
    functions = {f"f{number}": f"def f{number}(a, b): return {text}" for number, text in enumerate(expressions)}
    assert kernel.ok(define(functions)).stderr == ""
    for name, expression in zip(functions, expressions, strict=True):
        assert kernel.ok(f"differences({name}, PAIRS)").stdout == "", expression


class Author:
    """Writes functions of two arguments that end."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def function(self, name: str) -> str:
        body = "\n".join(self.block(3, "    "))
        return f"def {name}(a, b):\n    c = d = 1\n{body}\n    return a, b, c, d"

    def name(self) -> str:
        return self.random.choice("abcd")

    def expression(self, depth: int) -> str:
        kind = self.random.randrange(9 if depth else 2)
        if kind == 0:
            return self.name()
        if kind == 1:
            return self.random.choice(["0", "1", "2", "-3", "7", "0.5", "-2.0", "1e3", "True", "2**40"])
        left, right = self.expression(depth - 1), self.expression(depth - 1)
        if kind == 2:
            return f"({left} if {right} else {self.name()})"
        if kind == 3:
            return f"(not {left})"
        if kind == 4:
            return f"{self.random.choice(['abs', 'float', '-', 'bool'])}({left})"
        operators = ["+", "-", "*", "//", "%", "/", "<", "==", ">=", "and", "or", "&", "^", ">>"]
        return f"({left} {self.random.choice(operators)} {right})"

    def block(self, depth: int, indent: str) -> list[str]:
        return [line for _ in range(self.random.randint(1, 3)) for line in self.statement(depth, indent)]

    def statement(self, depth: int, indent: str) -> list[str]:
        inner = indent + "    "
        kind = self.random.randrange(8 if depth else 3)
        if kind < 2:
            return [f"{indent}{self.name()} = {self.expression(2)}"]
        if kind == 2:
            return [f"{indent}{self.name()}, {self.name()} = {self.expression(1)}, {self.expression(1)}"]
        if kind == 3:
            return [f"{indent}{self.name()} {self.random.choice('+-*')}= {self.expression(1)}"]
        if kind == 4:
            return [
                f"{indent}if {self.expression(1)}:",
                *self.block(depth - 1, inner),
                f"{indent}else:",
                f"{inner}pass",
            ]
        if kind == 5:
            return [f"{indent}if {self.expression(1)}:", f"{inner}return {self.expression(1)}"]
        loop = [f"{indent}for i in range({self.random.randint(-2, 3)}, 9, {self.random.choice([1, 2, 5])}):"]
        loop += self.block(depth - 1, inner)
        return [*loop, f"{inner}if i > {self.name()}:", f"{inner}    {self.random.choice(['break', 'continue'])}"]


def test_written_functions_have_the_values_and_errors_of_the_interpreter(kernel: Kernel) -> None:
    kernel.ok(COMPARE + NUMBERS)
    rows = "[(a, b) for a in [0, 3, -7, 0.5, True, 2**63 - 1, math.inf] for b in [1, -2, 1.5, 2**53 + 1]]"
    for seed in range(20):
        author = Author(seed)
        functions = {f"f{number}": author.function(f"f{number}") for number in range(10)}
        assert kernel.ok(define(functions)).stderr == ""
        calls = "\n".join(f"differences({name}, {rows})" for name in functions)
        assert kernel.ok(calls).stdout == "", seed


def test_lists_are_those_of_the_interpreter(kernel: Kernel) -> None:
    kernel.ok(COMPARE)
    bodies = {
        "read": "return len(a), a[b], a[-1], a[0] + a[b]",
        "each": "s = 0\n    for x in a:\n        s += x * b\n    return s",
        "made": "c = [0.5] * b\n    for i in range(b):\n        c[i] += i\n    c.append(1.5)\n    return c",
        "truth": "return a and 1, not a, a is None, 2 if a else 3",
        "written": "a[b] = 7\n    return a",
        "grown": "a *= 2\n    return a",
        "same": "c = a\n    return c",
        "mixed": "c = [1] * 3\n    c[b] = 2.5\n    return c",
        "twice": "c = [1, 2, b]\n    d = c\n    d[0] = 9\n    return c",
    }
    functions = {name: f"def {name}(a, b):\n    {body}" for name, body in bodies.items()}
    assert kernel.ok(define(functions)).stderr == ""
    lists = [
        "[]",
        "[1, 2, 3]",
        "[1.5, -0.0, 2.0]",
        "[True, False]",
        "[1, 2.5]",
        "[2**63]",
        "['a', 'b']",
        "[[1], [2]]",
        "(1, 2, 3)",
    ]
    rows = ", ".join(f"({items}, {index})" for items in lists for index in (0, 1, -2, 5, True))
    for name in functions:
        # Each call has lists of its own: some are changed.
        code = f"rows, again = [{rows}], [{rows}]\n"
        code += f"for one, other in zip(rows, again):\n    one = outcome({name}, one), one\n"
        code += (
            f"    other = outcome({name}.__wrapped__, other), other\n    if repr(one) != repr(other): print(one, other)"
        )
        assert kernel.ok(code).stdout == "", name
    assert kernel.ok("a = [1, 2]; same(a, 1) is a").result == "True"
    assert kernel.ok("'(list[int], int)' in read.signatures()").result == "True"


def test_long_lists_of_which_little_is_read_are_left_to_the_interpreter(kernel: Kernel) -> None:
    cell = kernel.ok(
        "%%jit\ndef at(a, i):\n    return a[i]\n\nlong = [0.5] * 10_000\nfor i in range(100):\n    at(long, i)\nat(long, 7)"
    )
    assert cell.result == "0.5"
    assert cell.stderr == "jit: at stays with the interpreter, because of long lists of which it reads little\n"


def test_a_function_is_still_a_function(kernel: Kernel) -> None:
    kernel.ok("""%%jit
def f(a, /, b=2, *, c=3):
    \"\"\"A sum.\"\"\"
    return a + b * c
""")
    assert kernel.ok("f(1), f(1, 5), f(1, b=5, c=0), f(1.5, c=True)").result == "(7, 16, 1, 3.5)"
    assert kernel.ok("f.__name__, f.__doc__, f.__module__").result == "('f', 'A sum.', '__main__')"
    assert kernel.ok("import inspect; str(inspect.signature(f))").result == "'(a, /, b=2, *, c=3)'"
    assert kernel.ok("inspect.getsource(f)").result.count("return a + b * c") == 1
    assert kernel.ok("import pickle; pickle.loads(pickle.dumps(f)) is f").result == "True"
    assert "A sum." in kernel.ok("help(f)").stdout
    assert kernel.ok("type('C', (), {'f': f})().f").result.startswith("<bound method")
    for arguments in ("", "a=1", "1, 2, 3", "1, d=2", "1, 2, b=3"):
        compiled, interpreted = (kernel.run(f"{name}({arguments})").reply for name in ("f", "f.__wrapped__"))
        assert (compiled["ename"], compiled["evalue"]) == (interpreted["ename"], interpreted["evalue"])


def test_other_arguments_are_the_interpreters(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef twice(x):\n    return x + x")
    kernel.ok("from fractions import Fraction\nclass Own(int):\n    def __add__(self, other): return 'own'")
    assert kernel.ok("twice('ab'), twice(Fraction(1, 2)), twice(Own(2)), twice(2**64), twice(1j)").result == (
        "('abab', Fraction(1, 1), 'own', 36893488147419103232, 2j)"
    )
    assert kernel.ok("twice.signatures()").result == "[]"


def test_errors_have_their_tracebacks(kernel: Kernel) -> None:
    kernel.ok(
        "%%jit\ndef divide(a, b):\n    if b > 10:\n        raise ValueError(f'too large: {b}')\n    return a // b"
    )
    reply = kernel.run("divide(1, 0)").reply
    assert reply["ename"] == "ZeroDivisionError"
    assert "return a // b" in plain("\n".join(reply["traceback"]))


def test_raise_and_assert_are_compiled_as_ways_out(kernel: Kernel) -> None:
    assert (
        kernel.ok(
            "%%jit\ndef check(a):\n    assert a < 5\n    if a < 0:\n        raise ValueError\n    return a"
        ).stderr
        == ""
    )
    assert kernel.ok("check(1)").result == "1"
    assert kernel.run("check(-1)").reply["ename"] == "ValueError"
    assert kernel.run("check(7)").reply["ename"] == "AssertionError"


def test_recursion_without_end_is_a_recursion_error(kernel: Kernel) -> None:
    kernel.ok(
        "%%jit\ndef down(n):\n    return down(n - 1) + 1\n\ndef depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)"
    )
    # The traceback of a thousand frames is not what is tested here.
    caught = "try:\n    {}\nexcept RecursionError as error:\n    print(error)"
    assert kernel.ok(caught.format("down(1)")).stdout.startswith("maximum recursion depth exceeded")
    assert kernel.ok("depth(500)").result == "500"
    assert kernel.ok(caught.format("depth(100_000)")).stdout.startswith("maximum recursion depth exceeded")


def test_what_cannot_be_compiled_is_named(kernel: Kernel) -> None:
    cell = kernel.ok(
        "%%jit\ndef good(a):\n    return a\n\ndef bad(a):\n    b = 1\n    print(a)\n    return b\n\nbad(5), good(6)"
    )
    assert cell.stderr == "jit: bad stays with the interpreter, because of a call of `print` in line 6\n"
    assert (cell.stdout, cell.result) == ("5\n", "(1, 6)")
    assert kernel.ok("good.signatures(), type(bad).__name__").result == "(['(int)'], 'function')"


def test_what_a_name_means_is_found_when_it_is_called(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef first(a):\n    return second(a) + N\n\ndef second(a):\n    return a * 2\nN = 1")
    assert kernel.ok("first(3), first.signatures()").result == "(7, ['(int)'])"
    kernel.ok("N = 1.5")
    assert kernel.ok("first(3)").result == "7.5"
    kernel.ok("%%jit\ndef second(a):\n    return a * 3")
    assert kernel.ok("first(3)").result == "10.5"
    kernel.ok("del N")
    assert kernel.run("first(3)").reply["ename"] == "NameError"
    kernel.ok("N = 0\ndef second(a):\n    return a * 5")
    cell = kernel.ok("first(3)")
    assert cell.result == "15"
    assert cell.stderr == (
        "jit: first stays with the interpreter, because of a call of `second`, a function that is not compiled in line 2\n"
    )
    kernel.ok("%%jit\ndef second(a):\n    return a * 7")
    assert kernel.ok("first(3), first.signatures()").result == "(21, ['(int)'])"
    kernel.ok("import builtins\nabs_before = abs\n")
    kernel.ok("%%jit\ndef size(a):\n    return abs(a)")
    assert kernel.ok("size(-3)").result == "3"
    kernel.ok("def abs(a): return 'mine'")
    assert kernel.ok("size(-3)").result == "'mine'"
    kernel.ok("del abs")
    assert kernel.ok("size(-3)").result == "3"


def test_a_name_that_changes_again_and_again_is_given_up(kernel: Kernel) -> None:
    cell = kernel.ok("%%jit\ndef f(a):\n    return a + N\n\ntotal = 0\nfor N in range(200):\n    total += f(N)\ntotal")
    assert cell.result == str(200 * 199)
    assert cell.stderr == "jit: f stays with the interpreter, because of global names that change again and again\n"


@pytest.mark.parametrize("how", ["", "%%thread\n"])
def test_an_interrupt_ends_a_compiled_loop(kernel: Kernel, how: str) -> None:
    kernel.ok(
        "%%jit\ndef forever(n):\n    while n:\n        n = (n * 3 + 1) & 1023 | 1\n\ndef calls(n):\n    return n and calls(n - 1) + calls(n - 1)"
    )
    # Their code is there before the interrupt comes.
    assert kernel.ok("forever(0), calls(0), forever.signatures()").result == "(None, 0, ['(int)'])"
    for call in ("forever(7)", "calls(100)"):
        cell = kernel.submit(f"{how}print('begun')\n{call}").wait_for("begun")
        kernel.interrupt("message")
        assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_completion_is_answered_while_compiled_code_runs(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef forever(n):\n    while True:\n        n += 1\n        n -= 1\n")
    kernel.ok("something_to_complete = 1")
    cell = kernel.submit("print('begun')\nforever(0)").wait_for("begun")
    asked = kernel.request("complete_request", {"code": "something_to", "cursor_pos": 12})
    assert asked.wait().reply["matches"] == ["something_to_complete"]
    kernel.interrupt("message")
    cell.wait()


def test_garbage_is_collected_while_compiled_code_runs(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef forever(n):\n    while True:\n        n = (n + 1) & 7\n")
    cell = kernel.submit("%%thread\nprint('begun')\nforever(0)").wait_for("begun")
    # All threads stop for it, the one in compiled code too.
    kernel.ok("import gc\nfor _ in range(10): gc.collect()")
    assert not cell.replies
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_threads_run_compiled_code(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef count(n):\n    s = 0\n    for i in range(n):\n        s += i % 7\n    return s")
    code = "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n    print(set(pool.map(count, [10**6] * 8)))"
    assert kernel.ok(code).stdout == "{2999997}\n"


def test_the_decorator_is_for_everybody(kernel: Kernel) -> None:
    kernel.ok("from everloop import jit\n@jit\ndef f(a):\n    return a * 2")
    assert kernel.ok("f(4), f.signatures(), jit(f) is f").result == "(8, ['(int)'], True)"
    kernel.ok("def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfast = jit(fib)")
    assert kernel.ok("fast(20), fast.signatures()").result == "(6765, ['(int)'])"
    assert kernel.run("jit(print)").reply["ename"] == "TypeError"
    cell = kernel.ok("def outer(n):\n    @jit\n    def inner(a):\n        return a + n\n    return inner(1)\nouter(2)")
    assert cell.result == "3"
    assert "because of a variable of the function around it" in cell.stderr
    cell = kernel.ok("exec('def g(a):\\n    return a')\njit(g)(1)")
    assert "because of its source, which is not known" in cell.stderr


def test_other_cells_are_not_compiled(kernel: Kernel) -> None:
    kernel.ok("%%jit\ndef f(a):\n    return a")
    assert kernel.ok("def g(a):\n    return a\ntype(g).__name__").result == "'function'"
    assert kernel.run("%%jit now\ndef f(a): pass").reply["ename"] == "UsageError"
    cell = kernel.ok("%%jit\nimport asyncio\nawait asyncio.sleep(0)\nasync def g(a):\n    pass\n(lambda: 1)()")
    assert cell.result == "1"
    assert "g stays with the interpreter, because of `async def`" in cell.stderr


def test_without_ipython(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    bare_kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    cell = bare_kernel.ok("%%jit\ndef f(a):\n    return a * 2\n\ndef g(a):\n    return 'x'\nf(2), f.signatures()")
    assert cell.result == "(4, ['(int)'])"
    assert cell.stderr == "jit: g stays with the interpreter, because of a string in line 6\n"
    assert bare_kernel.ok("def h(a):\n    return a\ntype(h).__name__").result == "'function'"

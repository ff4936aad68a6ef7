"""What libraries need and RustPython lacks: that the defect is still there, and that a library does not meet it.

When a test of the first kind fails, the module of ``everloop.compat`` that it names is not needed any more.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from as_program import python


def output(code: str, cwd: Path | None = None, **variables: str) -> str:
    """What the program prints in `everloop python`, which has to end well."""
    done = python("-c", code, cwd=cwd, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


DIAMOND = """
class B: pass
class A(B): pass
class X: pass
"""


def test_type_still_forgets_the_order_of_bases() -> None:
    """`classes`."""
    code = f"{DIAMOND}print([each.__name__ for each in type('C', (A, X, B), {{}}).__mro__])"
    assert output(code) == "['C', 'A', 'B', 'X', 'object']\n"


def test_classes_search_their_bases_in_order() -> None:
    code = f"""{DIAMOND}
class C(A, X, B): pass
class D(C, X): pass
class Meta(type):
    def mro(cls):
        return [cls, B, X, A, object] if cls.__name__ == "E" else super().mro()
class E(A, X, B, metaclass=Meta): pass
A.who, X.who, B.who = "A", "X", "B"
class F(X): pass
for each in C, D, E:
    print(*(base.__name__ for base in each.__mro__))
B.only = X.only = 1
C().only
X.only = 2
print(C().only, C.only, super(A, C()).only, issubclass(D, B))
try:
    class Wrong(B, A): pass
except TypeError as error:
    print(error)
"""
    orders = "C A X B object\nD C A X B object\nE B X A object\n"
    wrong = "Cannot create a consistent method resolution order (MRO) for bases B, A\n"
    assert output(code) == f"{orders}2 2 2 True\n{wrong}"


NESTED = """
class Outer:
    class Inner:
        if True:
            name: int
        class Innermost:
            if True:
                other: str
"""


def test_annotations_under_a_condition_in_nested_classes_are_still_not_compiled() -> None:
    """`annotations`."""
    code = f"try:\n    compile({NESTED!r}, 'nested', 'exec')\nexcept SyntaxError as error:\n    print(error.msg)"
    assert "cannot find '__conditional_annotations__'" in output(code)


def test_modules_with_such_annotations_are_imported(tmp_path: Path) -> None:
    (tmp_path / "nested.py").write_text(NESTED)
    (tmp_path / "wrong.py").write_text("x = = 1\n")
    code = """
import nested
print(nested.Outer.Inner.__annotations__, nested.Outer.Inner.Innermost.__annotations__, nested.Outer.__annotations__)
print(nested.__file__ == nested.__spec__.origin)
try:
    import wrong
except SyntaxError as error:
    print(error.lineno)
"""
    assert output(code, tmp_path) == "{'name': <class 'int'>} {'other': <class 'str'>} {}\nTrue\n1\n"


SETTER = """
class Setter:
    def __set__(self, instance, value):
        vars(instance)["x"] = value * 2
    {get}
class Owner:
    x = Setter()
values = []
for _ in range(20):
    owner = Owner()
    owner.x = 1
    values.append(owner.x)
print(sorted(set(values)))
"""


def test_a_descriptor_without_get_is_still_passed_over() -> None:
    """`openpyxl`."""
    assert output(SETTER.format(get="")) == "[1, 2]\n"


def test_a_descriptor_with_get_is_not() -> None:
    get = 'def __get__(self, instance, owner=None): return vars(instance)["x"]'
    assert output(SETTER.format(get=get)) == "[2]\n"


SQLITE = """
import sqlite3
connection = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
try:
    print(connection.execute("select count(*)").fetchone())
except MemoryError:
    print("no memory")
"""


def test_sqlite_still_fails_at_columns_without_a_type() -> None:
    """`sqlite`."""
    assert output(SQLITE) == "no memory\n"


def test_length_hint_still_refuses_negative_defaults() -> None:
    """`operators`."""
    code = "import _operator\ntry:\n    _operator.length_hint([], -1)\nexcept ValueError as error:\n    print(error)"
    assert output(code) == "can't convert negative number to unsigned\n"


def test_length_hint_takes_negative_defaults() -> None:
    code = """
from operator import length_hint
class Hint:
    def __length_hint__(self):
        return 3
print(length_hint([1], -1), length_hint(Hint(), -1), length_hint(1, -1), length_hint(1), length_hint(1, 5))
for wrong in (-1.5, "1"):
    try:
        length_hint(1, wrong)
    except TypeError:
        print("TypeError")
"""
    assert output(code) == "1 3 -1 0 5\nTypeError\nTypeError\n"


MONITORED = """
import inspect, sys
def function(a, b=1, *c, d=2): pass
def replace():
    signature = inspect.signature(function)
    signature.replace(parameters=list(signature.parameters.values()))
replace()
monitoring = sys.monitoring
monitoring.use_tool_id(3, "lines")
monitoring.set_events(3, monitoring.events.LINE)
monitoring.register_callback(3, monitoring.events.LINE, lambda code, line: monitoring.DISABLE)
monitoring.restart_events()
try:
    replace()
except TypeError as error:
    print(error)
"""


def test_monitoring_of_lines_still_confuses_operands() -> None:
    """`hypothesis`."""
    assert "'<' not supported between instances of 'list_iterator'" in output(MONITORED)


def test_signs_beyond_ascii_are_still_operators() -> None:
    """`pint`."""
    code = """
import io, tokenize
from everloop.compat.pint import joined
for tokens in (list, lambda tokens: list(joined(tokens))):
    found = tokens(tokenize.tokenize(io.BytesIO("2 °C + a° * x2".encode()).readline))
    print([(tokenize.tok_name[token.type], token.string) for token in found[1:-2]])
"""
    theirs, ours = output(code).splitlines()
    assert "('OP', '°'), ('NAME', 'C')" in theirs
    names = "('NAME', '°C'), ('OP', '+'), ('NAME', 'a°'), ('OP', '*'), ('NAME', 'x2')"
    assert ours == f"[('NUMBER', '2'), {names}]"


def test_modules_are_compiled_into_files_of_their_own(tmp_path: Path) -> None:
    """`bytecode`: CPython 3.14 would read RustPython's, and the other way round."""
    (tmp_path / "compiled.py").write_text("")
    code = "import compiled, importlib.util; print(int.from_bytes(importlib.util.MAGIC_NUMBER[:2], 'little'))"
    assert output(code, tmp_path, PYTHONDONTWRITEBYTECODE="") == "3627\n"
    assert [path.name for path in (tmp_path / "__pycache__").iterdir()] == ["compiled.rustpython-314.pyc"]


@pytest.mark.parametrize(("source", "is_rewritten"), [("def f(): assert 1", True), ("asserted = reassert = 1", False)])
def test_pytest_rewrites_what_asserts(tmp_path: Path, source: str, is_rewritten: bool) -> None:
    (tmp_path / "conftest.py").write_text(source)
    (tmp_path / "test_it.py").write_text("import conftest\ndef test_it(): print(type(conftest.__loader__).__name__)")
    code = "import pytest; pytest.main(['-qs', '-p', 'no:cacheprovider'])"
    printed = output(code, tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert ("AssertionRewritingHook" in printed) is is_rewritten, printed


def test_there_is_still_no_native_decimal() -> None:
    """`decimal`."""
    assert output("import importlib.util\nprint(importlib.util.find_spec('_decimal'))") == "None\n"


def test_no_thread_sees_decimal_before_it_is_there() -> None:
    code = """
import sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "_pydecimal":
            print("decimal" in sys.modules)
sys.meta_path.insert(0, Finder)
from decimal import Decimal
import decimal, pickle
print(Decimal("1.1") + 1, pickle.loads(pickle.dumps(Decimal("1.5"))), decimal.__name__)
"""
    assert output(code) == "False\n2.1 1.5 decimal\n"


def test_code_of_no_module_is_looked_for_once_for_so_many_modules(tmp_path: Path) -> None:
    code = """
import inspect, sys, types
looks, ismodule = [], inspect.ismodule
inspect.ismodule = lambda module: looks.append(module) or ismodule(module)
code = compile("", "later.py", "exec")
print(inspect.getmodule(code), len(looks) > len(sys.modules) / 2)
looks.clear()
print(inspect.getmodule(code), len(looks))
sys.modules["later"] = types.ModuleType("later")
sys.modules["later"].__file__ = "later.py"
print(inspect.getmodule(code) is sys.modules["later"])
"""
    assert output(code, tmp_path) == "None True\nNone 0\nTrue\n"

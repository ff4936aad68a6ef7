"""`text/plain` is what IPython prints. `pretty.json` holds what `IPython.lib.pretty.pretty` (9.18) made of each value;

    python test_display_pretty.py

records it again from the IPython that is installed. Addresses are replaced by `0x…`.
"""

import collections
import datetime  # noqa: F401 (in EXPRESSIONS)
import json
import pathlib
import re
import sys  # noqa: F401 (in EXPRESSIONS)
import types  # noqa: F401 (in EXPRESSIONS)

import pytest

RECORDED = pathlib.Path(__file__).with_name("pretty.json")


class Plain:
    pass


class Named:
    def __repr__(self):
        return "Named()"


class TwoLines:
    def __repr__(self):
        return "first\n  second"


class MyList(list):
    pass


class MyListWithRepr(list):
    def __repr__(self):
        return "MyListWithRepr!"


class MyDict(dict):
    pass


class Meta(type):
    def __repr__(cls):
        return "<a class with opinions>"


class WithMeta(metaclass=Meta):
    pass


class Outer:
    class Inner:
        def method(self, x):
            return x


class Pretty:
    def __init__(self, *items):
        self.items = items

    def _repr_pretty_(self, p, cycle):
        if cycle:
            p.text("Pretty(...)")
            return
        with p.group(7, "Pretty(", ")"):
            for index, item in enumerate(self.items):
                if index:
                    p.text(",")
                    p.breakable()
                p.pretty(item)


class HardBreaks:
    def _repr_pretty_(self, p, cycle):
        p.begin_group(4, "begin")
        p.break_()
        p.text("inside")
        with p.indent(2):
            p.break_()
            p.text("deeper")
        p.end_group(4, "")
        p.break_()
        p.text("end")


class PrettyError(ValueError):
    pass


class ErrorWithRepr(ValueError):
    def __repr__(self):
        return "ErrorWithRepr<>"


Point = collections.namedtuple("Point", "x y")


def plain(x, /, y, z=1, *args, k, w="text", **options):
    pass


def annotated(x: int, y: "str" = "a") -> list:
    pass


def keyword_only(*, a, b=2):
    pass


def no_parameters():
    pass


def self_containing_list():
    value = [1]
    value.append(value)
    return value


def self_containing_dict():
    value = {1: 2}
    value["self"] = value
    return value


def self_containing_pretty():
    value = Pretty(1)
    value.items = (1, value)
    return value


def two_way():
    first, second = [], {}
    first.append(second)
    second["first"] = first
    return first


EXPRESSIONS = [
    "1", "-1", "10**40", "1.5", "float('nan')", "1e100", "2j", "True", "None", "...", "NotImplemented",
    "'text'", "'it\\'s'", "'two\\nlines'", "'x' * 200", "b'bytes\\x00'", "bytearray(b'ab')", "memoryview",
    "[]", "()", "{}", "set()", "frozenset()", "[1]", "(1,)", "{1}", "{1: 2}", "frozenset({1})",
    "[1, 2, 3]", "(1, 2, 3)", "list(range(30))", "tuple(range(30))", "{i: i * i for i in range(20)}",
    "set(range(50))", "{'b', 'a', 'c'}", "{3, 'a', (1, 2)}", "frozenset(range(40))",
    "['x' * 90]", "('x' * 90,)", "{'k': 'x' * 90}", "['x' * 40, 'y' * 40]", "['x' * 36, 'y' * 35]", "['x' * 36, 'y' * 36]",
    "[[i] * i for i in range(12)]", "{'a': {'b': {'c': list(range(25))}}}", "[{'name': 'n' * 20, 'value': i} for i in range(4)]",
    "{'key' * 5: [('a' * 20, 'b' * 20), ('c' * 30,)], 'k2': {'x' * 30: {1, 2, 3}}}", "[[[[[[[1]]]]]]]",
    "[(1, 2), {'a': [None]}]", "{1: (2, [3, {4: 5}])}", "[[[[['a' * 20]]], 'b' * 30], 'c' * 30]", "[{1, 2}, {'b', 'a'}]",
    "{(1, 2): 'a' * 30, (3, 4): 'b' * 40}", "[('a', 1.5), ('b', None)] * 5",
    "list(range(1001))", "list(range(1000))", "set(range(1001))", "dict.fromkeys(range(1001))", "[Named()] * 1001", "[[1]] * 1002",
    "range(10)", "range(1, 10, 2)", "slice(1, 2)", "{1: 2}.keys()", "{1: 2}.values()", "{1: 2}.items()",
    "collections.OrderedDict()", "collections.OrderedDict([('a', 1), ('b', [1, 2])])", "collections.OrderedDict((str(i), i) for i in range(12))",
    "collections.defaultdict(int)", "collections.defaultdict(list, {'a': [1], 'b': list(range(30))})", "collections.defaultdict(None)",
    "collections.Counter()", "collections.Counter('mississippi')", "collections.Counter({'k' * i: i for i in range(12)})",
    "collections.deque()", "collections.deque([1, 2, 3])", "collections.deque([1, 2, 3], maxlen=5)", "collections.deque(range(40), maxlen=100)",
    "collections.UserList([1, 2])", "collections.UserDict(a=1)", "collections.ChainMap({'a': 1}, {})",
    "types.MappingProxyType({'a': 1})", "types.MappingProxyType({i: i for i in range(20)})",
    "types.SimpleNamespace(a=1, b='two')", "types.SimpleNamespace(**{'name%d' % i: 'v' * i for i in range(10)})",
    "Point(1, 2)", "[Point(1, Point(2, 3))] * 6",
    "self_containing_list()", "self_containing_dict()", "self_containing_pretty()", "two_way()",
    "Plain()", "[Plain()]", "Named()", "TwoLines()", "[TwoLines(), TwoLines()]", "{'a': TwoLines()}",
    "MyList([1, 2])", "MyList(range(40))", "MyListWithRepr([1])", "MyDict(a=1)", "{'d': MyDict(a=list(range(30)))}",
    "Pretty()", "Pretty(1, 2)", "Pretty(*range(40))", "[Pretty('a' * 50, 'b' * 50)]", "HardBreaks()", "[1, HardBreaks(), 2]",
    "Plain", "Outer.Inner", "int", "type", "object", "WithMeta", "collections.OrderedDict", "[int, str, Plain]", "ValueError", "Meta",
    "plain", "annotated", "keyword_only", "no_parameters", "lambda x: x", "lambda *a, **k: 0", "Outer.Inner.method", "Outer.Inner().method",
    "len", "print", "[].append", "str.upper", "dict.fromkeys", "collections.namedtuple", "[plain, len]",
    "ValueError()", "ValueError('a', 1)", "PrettyError('x')", "ErrorWithRepr()", "[ValueError('x' * 60), KeyError('y' * 60)]", "OSError(2, 'gone')",
    "re.compile('a+')", "re.compile(r'\\d\\\\', re.I)", "re.compile(b'a', re.M | re.S)",
    "datetime.date(2026, 1, 2)", "datetime.datetime(2026, 1, 2, 3, 4)", "datetime.timedelta(1)", "pathlib.PurePosixPath('/a/b')",
    "super(MyList, MyList([1]))", "iter([])", "(i for i in ())", "sys", "property()", "Outer.Inner.__dict__['method']",
    "'\\u00e9\\u4e2d\\U0001f600'", "['\\u4e2d' * 30, '\\u4e2d' * 30]", "{'a': ()}", "[(), [], {}, set()]", "[None] * 40",
]  # fmt: skip


def without_addresses(text):
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text)


def cases():
    if not RECORDED.exists():
        return []
    return list(json.loads(RECORDED.read_text("utf-8")).items())


def test_every_expression_is_recorded():
    assert {code for code, _ in cases()} == set(EXPRESSIONS)
    assert len(EXPRESSIONS) >= 80


@pytest.mark.parametrize(("code", "expected"), cases(), ids=[code[:50] for code, _ in cases()])
def test_prints_what_ipython_prints(code, expected):
    from everloop.pretty import Printer, pretty

    value = eval(code)
    assert without_addresses(pretty(value)) == expected
    # The short way for plain values and the printer have to agree.
    printer = Printer()
    printer.pretty(value)
    assert without_addresses(printer.getvalue()) == expected


def test_no_line_is_too_long_when_it_can_break():
    # Two groups of one depth on one line: IPython 9.18 forgets the second one and prints 94 columns.
    from everloop.pretty import pretty

    value = {tuple([0] * 10): {"key": "x" * 50, "other": True}}
    assert max(map(len, pretty(value).splitlines())) <= 79
    assert eval(pretty(value)) == value


def test_an_attribute_that_raises_does_not_matter():
    from everloop.pretty import pretty

    class Hostile:
        @property
        def __class__(self):
            raise RuntimeError("no class")

        def __repr__(self):
            return "hostile"

    assert pretty(Hostile()) == "hostile"


if __name__ == "__main__":
    from IPython.lib.pretty import pretty as ipython_pretty

    import __main__

    # Classes and functions print their module, and pytest imports this file by its name.
    for thing in list(vars(__main__).values()):
        if getattr(thing, "__module__", None) == "__main__":
            thing.__module__ = "test_display_pretty"
    for thing in (Outer.Inner, Outer.Inner.method):
        thing.__module__ = "test_display_pretty"
    scope = {**globals(), "__name__": "test_display_pretty"}
    found = {code: without_addresses(ipython_pretty(eval(code, scope))) for code in EXPRESSIONS}
    RECORDED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")

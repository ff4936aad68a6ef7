"""Completion and inspection, run on CPython: `kernel/python/everloop/lookups` is plain Python."""

import collections
import functools
import io
import json
import os
import sys
import threading
import types
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "kernel" / "python"))

from everloop import lookups
from everloop.lookups import answers, inspection, statics, tokens


def at_cursor(text):
    """The code and the position that a `|` marks in it."""
    position = text.index("|")
    return text[:position] + text[position + 1 :], position


def complete(text, **namespace):
    code, position = at_cursor(text)
    return answers.complete(code, position, namespace)


def matches(text, **namespace):
    return complete(text, **namespace)["matches"]


def types_of(text, **namespace):
    found = complete(text, **namespace)["metadata"].get("_jupyter_types_experimental", [])
    return {entry["text"]: entry["type"] for entry in found}


def inspect(text, detail_level=0, **namespace):
    code, position = at_cursor(text)
    return answers.inspect(code, position, detail_level, namespace)


def fields(text, detail_level=0, **namespace):
    """The titles of the text of an inspection, with what stands behind each."""
    reply = inspect(text, detail_level, **namespace)
    assert reply["found"], text
    found, title = {}, None
    for line in reply["data"]["text/plain"].split("\n"):
        if line.startswith("\x1b[31m"):
            title, _, rest = line.removeprefix("\x1b[31m").partition(":\x1b[39m")
            found[title] = rest.strip()
        else:
            found[title] += f"\n{line}"
    return {title: text.strip("\n") for title, text in found.items()}


class Plain:
    """A class."""

    shared = 1

    def __init__(self, size, *, colour="red"):
        """Make one."""
        self.size = size
        self._hidden = None

    def method(self, first, second=2, *rest, flag=False, **others):
        """Do it."""

    @property
    def area(self):
        """How large."""
        raise AssertionError("a property was evaluated")

    @classmethod
    def make(cls, text):
        return cls(len(text))

    @staticmethod
    def helper(value): ...


class Hostile(type):
    """A metaclass whose classes and their instances must not be asked for anything."""

    touched: list = []

    def _touch(cls, *args):
        Hostile.touched.append(args)
        raise AssertionError(f"user code was called: {args}")

    __getattribute__ = __dir__ = __repr__ = __eq__ = __instancecheck__ = __subclasscheck__ = __call__ = _touch
    __hash__ = type.__hash__
    __mro__ = property(_touch)


def hostile():
    Hostile.touched.clear()

    def touch(self, *args):
        Hostile.touched.append(args)
        raise AssertionError(f"user code was called: {args}")

    special = [
        "getattribute",
        "getattr",
        "dir",
        "repr",
        "str",
        "eq",
        "len",
        "iter",
        "contains",
        "getitem",
        "bool",
        "hash",
        "format",
        "call",
    ]
    methods = {f"__{name}__": touch for name in special}
    fields = {"__class__": property(touch), "__doc__": property(touch), "__signature__": property(touch)}
    cls = type.__new__(Hostile, "Mean", (), {**methods, **fields, "ordinary": 1, "_repr_html_": touch})
    return object.__new__(cls), cls


# -- completion


def test_names_come_from_the_namespace_the_builtins_and_the_keywords():
    assert matches("value_|", value_1=1, value_2=2, other=3) == ["value_1", "value_2"]
    assert "print" in matches("pri|")
    assert matches("whil|") == ["while"]
    assert matches("zzz|") == []


def test_the_types_of_names():
    found = types_of("x|", xint=1, xfun=len, xcls=Plain, xmod=os)
    assert found == {
        "xint": "instance",
        "xfun": "function",
        "xcls": "class",
        "xmod": "module",
    }
    assert types_of("whil|") == {"while": "keyword"}


def test_a_namespace_name_hides_a_builtin():
    assert types_of("prin|", print=1) == {"print": "instance"}


def test_the_range_is_the_word_up_to_the_cursor():
    reply = complete("é = 'ü'; value.re|al", value=1)
    assert (reply["cursor_start"], reply["cursor_end"]) == (15, 17)
    assert reply["matches"] == ["real"]


def test_no_cursor_is_the_end_of_the_code():
    assert answers.complete("value_", None, {"value_1": 1})["matches"] == ["value_1"]
    assert answers.complete("value_", 99, {"value_1": 1})["cursor_end"] == 6


def test_private_names_come_when_they_are_asked_for():
    namespace = {"_private": 1, "public": 2}
    assert "_private" not in matches("|", **namespace)
    assert "_private" in matches("_p|", **namespace)
    plain = Plain(1)
    assert not [name for name in matches("plain.|", plain=plain) if name.startswith("_")]
    assert matches("plain._h|", plain=plain) == ["_hidden"]
    assert "__class__" in matches("plain.__|", plain=plain)


def test_the_order_is_that_of_ipython():
    class Names:
        b = _a = __c__ = a = 1

    found = matches("f(_|", f=lambda _x: 0, _y=1, __z=2)
    assert found[0] == "_x="
    assert found.index("_y") < found.index("__z")
    assert [name for name in matches("n.|", n=Names) if name in "ab"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain.met|", ["method"]),
        ("plain.size.re|", ["real"]),
        ("Plain.ma|", ["make"]),
        ("Plain(3).met|", ["method"]),
        ("Plain(3, colour='(').met|", ["method"]),
        ("x = [plain.met|", ["method"]),
        ("box['a b'].met|", ["method"]),
        ("box[1].met|", ["method"]),
        ("row[-1].met|", ["method"]),
        ("row[0][0].re|", ["real"]),
        ("plain\\\n  .met|", ["method"]),
        ("(plain\n  .met|", ["method"]),
        ("os.path.joi|", ["join"]),
        ("''.isupp|", ["isupper"]),
        ("f'{x}'.isupp|", ["isupper"]),
        ("[1, 2].appen|", ["append"]),
        ("[x for x in y].appen|", ["append"]),
        ("{}.setd|", ["setdefault"]),
        ("{1}.issub|", ["issubset"]),
        ("f'{plain.met|}'", ["method"]),
        ("f'{{plain.met|", []),
        ("f'''{plain.met|", ["method"]),
        ("f'{plain.met!r:>{plain.si|", ["size"]),
        ("plain.area.|", []),
        ("plain.method().|", []),
        ("unknown.|", []),
        ("plain..|", []),
        (".|", []),
        ("1.|", []),
        ("# plain.met|", []),
        ("'plain.met|", []),
        ('f\'{row["a"]} {plain.met|', ["method"]),
        ("f'{plain.size:'>{plain.si|", ["size"]),
        ("f'{plain.size:pla|", []),
        ("f'{d['a']} {plain.met|}'", ["method"]),
        ("print(f'{x')\nplain.met|", ["method"]),
        ("lambda: plain.met|", ["method"]),
        ("if plain.met|:\n    pass", ["method"]),
        ("plain.method(plain.met|", ["method"]),
        ("not plain.met|", ["method"]),
        ("-plain.siz|", ["size"]),
        ("await plain.met|", ["method"]),
        ("data = {'a': plain.met|", ["method"]),
        ("fun.__na|", ["__name__"]),
        ("point.x_co|", ["x_coordinate"]),
    ],
)
def test_attributes(text, expected):
    plain = Plain(3)
    point = collections.namedtuple("Point", "x_coordinate y")(1, 2)
    found = matches(
        text,
        plain=plain,
        Plain=Plain,
        os=os,
        box={"a b": plain, 1: plain},
        row=[(1,), plain],
        fun=at_cursor,
        point=point,
    )
    assert found == expected


def test_the_types_of_attributes():
    found = types_of("plain.|", plain=Plain(3))
    assert found == {
        "area": "property",
        "helper": "function",
        "make": "function",
        "method": "function",
        "shared": "instance",
        "size": "instance",
    }


def test_slots_and_inherited_attributes_are_found():
    class Base:
        __slots__ = ("first",)

    class Derived(Base):
        __slots__ = ("second",)

    derived = Derived()
    derived.first = "text"
    assert matches("derived.|", derived=derived) == ["first", "second"]
    assert matches("derived.first.isupp|", derived=derived) == ["isupper"]
    assert matches("derived.second.isupp|", derived=derived) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fun(te|", ["text="]),
        ("fun(|", ["number=", "text="]),
        ("fun(1, te|", ["text="]),
        ("fun(text=1, |", ["number="]),
        ("fun((1, te|", []),
        ("fun([te|", []),
        ("fun(1 + te|", []),
        ("fun(\n    number=f(text=3),\n    te|", ["text="]),
        ("Plain(|", ["colour=", "size="]),
        ("Plain(1).method(|", ["first=", "flag=", "second="]),
        ("Plain.method(|", ["first=", "flag=", "second=", "self="]),
        ("Plain.make(|", ["text="]),
        ("Plain.helper(|", ["value="]),
        ("def fun(te|", []),
        ("sorted([], |", ["key=", "reverse="]),
        ("cached(|", ["wide="]),
        ("wrapped(|", ["wide="]),
        ("point(|", ["x=", "y="]),
        ("unknown(|", []),
        ("(te|", []),
    ],
)
def test_arguments(text, expected):
    def fun(number, text): ...

    def wide(wide): ...

    @functools.wraps(wide)
    def wrapped(*args): ...

    cached = functools.lru_cache(wide)
    namespace = {"fun": fun, "Plain": Plain, "cached": cached, "wrapped": wrapped}
    namespace["point"] = collections.namedtuple("Point", "x y")
    found = [name for name in matches(text, **namespace) if name.endswith("=")]
    assert found == expected


def test_signatures_come_with_functions():
    entries = complete("plain.met|", plain=Plain(1))["metadata"]["_jupyter_types_experimental"]
    assert entries == [
        {
            "start": 6,
            "end": 9,
            "text": "method",
            "type": "function",
            "signature": "(first, second=2, *rest, flag=False, **others)",
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import js|", ["json"]),
        ("import os, js|", ["json"]),
        ("import json.dec|", ["decoder"]),
        ("import os.pa|", ["path"]),
        ("from js|", ["json"]),
        ("from json |", ["import"]),
        ("from json imp|", ["import"]),
        ("from json import JSOND|", ["JSONDecodeError", "JSONDecoder"]),
        ("from json import dumps, loa|", ["load", "loads"]),
        ("from json import (\n    dumps,\n    loa|", ["load", "loads"]),
        ("import json |", ["as"]),
        ("from json import dumps |", ["as"]),
        ("if True: import js|", ["json"]),
        ("x = 1; import js|", ["json"]),
        ("from no_such_module import |", []),
        ("import no_such_module.|", []),
        ("from . import |", []),
        ("from os.pat|", ["path"]),
    ],
)
def test_imports(text, expected):
    # Installed packages begin like it, too.
    found = [name for name in matches(text) if not name.startswith("json") or name == "json"]
    assert found == expected


def test_a_module_that_is_not_loaded_is_read_and_not_run(tmp_path, monkeypatch):
    package = tmp_path / "a_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemError\nclass Thing: pass\nvalue: int = 1\nimport os as system\n")
    (package / "inner.py").write_text("")
    (tmp_path / "not_a_package").mkdir()
    (tmp_path / "extension.so").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert matches("import a_pack|") == ["a_package"]
    assert matches("import not_a_p|") == []
    assert matches("import extens|") == []
    assert matches("import a_package.|") == ["inner"]
    assert matches("from a_package import |") == ["Thing", "inner", "system", "value"]
    assert "a_package" not in sys.modules


@pytest.mark.parametrize(
    ("text", "expected", "start"),
    [
        ("d['a|", ["a b", "alpha"], 3),
        ('d["a|', ["a b", "alpha"], 3),
        ("d['|", ["a b", "alpha", "it\\'s", "two\\nlines"], 3),
        ('d["it|', ["it's"], 3),
        ("d[1|", ["1", "12"], 2),
        ("d['inner']['|", ["deep"], 12),
        ("d.sub['|", [], 7),
        ("counts['|", ["seen"], 8),
        ("d[f'{d['a|", ["a b", "alpha"], 8),
        ("other['|", [], 7),
    ],
)
def test_keys(text, expected, start):
    data = {"alpha": 1, "a b": 2, "it's": 3, "two\nlines": 4, 1: 5, 12: 6, 2: 7, "inner": {"deep": 1}}
    if "inner" not in text:
        del data["inner"]
    reply = complete(text, d=data, counts=collections.Counter(["seen"]), other=3)
    assert (reply["matches"], reply["cursor_start"]) == (expected, start)


def test_keys_without_a_quote_are_written_out():
    assert matches("d[|", d={"alpha": 1, 2: 3})[:2] == ["'alpha'", "2"]


def test_paths_complete_in_strings_that_look_like_paths(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file one.txt").write_text("")
    (tmp_path / "first.csv").write_text("")
    (tmp_path / ".secret").write_text("")
    monkeypatch.chdir(tmp_path)
    assert matches("'./f|") == ["first.csv", "folder/"]
    assert matches("open('f|") == ["first.csv", "folder/"]
    assert matches("x = 'f|") == []
    assert matches("'folder/file o|") == ["file one.txt"]
    assert matches("'./.s|") == [".secret"]
    assert matches(f"'{tmp_path}/fi|") == ["first.csv"]
    reply = complete("open('folder/fi|")
    assert (reply["cursor_start"], reply["cursor_end"]) == (13, 15)
    assert types_of("'./fi|") == {"first.csv": "path"}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert matches("'~/fi|") == ["first.csv"]


def test_symbols_by_their_latex_names():
    reply = complete("x = \\alpha|")
    assert (reply["matches"], reply["cursor_start"], reply["cursor_end"]) == (["\u03b1"], 4, 10)
    assert matches("\\varep|") == ["\\varepsilon"]
    assert matches("\\Omega|") == ["\u03a9"]
    assert matches("\\nosuch|") == []


def test_names_that_the_cell_binds_above_are_known():
    found = types_of("def reader(path): ...\nresult = 1\nfor record in x: re|")
    assert {"reader": "function", "record": "instance", "result": "instance"}.items() <= found.items()


@pytest.mark.parametrize(
    "text", ["mean.|", "Mean.|", "mean.ordinary.|", "mean[|", "mean['|", "mean(|", "me|", "box['|"]
)
def test_completion_runs_no_code_of_the_user(text):
    mean, cls = hostile()
    code, position = at_cursor(text)
    reply = answers.complete(code, position, {"mean": mean, "Mean": cls, "box": {"key": mean}})
    if text in ("mean.|", "Mean.|"):
        assert "ordinary" in reply["matches"]
    assert Hostile.touched == []


@pytest.mark.parametrize("detail_level", [0, 1])
@pytest.mark.parametrize("text", ["mean|", "Mean|", "mean.__len__|", "Mean(|)", "box|", "row|"])
def test_inspection_runs_no_code_of_the_user(text, detail_level):
    mean, cls = hostile()
    assert inspect(text, detail_level, mean=mean, Mean=cls, box={"key": mean}, row=[mean, cls])["found"]
    assert Hostile.touched == []


def test_keys_of_classes_of_the_user_are_not_compared():
    asked = []

    class Key:
        def __init__(self, like):
            self.like = like

        def __hash__(self):
            return hash(self.like)

        def __eq__(self, other):
            asked.append(other)
            return False

    class Text(str):
        __slots__ = ()
        __hash__ = str.__hash__
        __eq__ = Key.__eq__

    class Thing: ...

    thing = Thing()
    for kind in (Key, Text):
        vars(thing)[kind("size")] = 0
    namespace = {Key("thing"): 0, Text("thing"): 0, Key("len"): 0, "thing": thing, "box": {Key("one"): 0, "one": thing}}
    thing.size = 1.5
    asked.clear()
    assert answers.complete("thing.size.is_i", None, namespace)["matches"] == ["is_integer"]
    assert answers.complete("box['one'].si", None, namespace)["matches"] == ["size"]
    assert answers.complete("thin", None, namespace)["matches"] == ["thing"]
    assert answers.inspect("len", 3, 0, namespace)["found"]
    assert asked == []


def test_what_calls_code_of_the_user_is_not_read():
    class Stream(io.BytesIO):
        @property
        def name(self):
            raise AssertionError("a stream was asked")

    stream = io.TextIOWrapper(Stream())
    assert type(statics.attribute(stream, "name")) is statics.Unevaluated
    assert "name" in matches("stream.na|", stream=stream)
    method = types.MethodType(hostile()[0], 1)
    assert fields("method|", method=method)["Type"] == "method"
    assert Hostile.touched == []


def test_a_module_that_is_loaded_when_it_is_used_stays_unloaded(monkeypatch):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError("the module was loaded")

    monkeypatch.setitem(sys.modules, "lazy_one", Lazy("lazy_one"))
    assert matches("import lazy_one; lazy_one.pres|") == []
    assert matches("from lazy_one import pres|") == []


def test_what_is_not_full_reads_no_file(tmp_path, monkeypatch):
    (tmp_path / "readable.py").write_text("value = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("stat", "scandir", "listdir", "lstat"):
        monkeypatch.setattr(os, name, None)

    def static(text):
        code, position = at_cursor(text)
        return answers.complete(code, position, {"plain": Plain(1)}, full=False)["matches"]

    assert static("import reada|") == []
    assert static("from readable import va|") == []
    assert static("open('reada|") == []
    assert "collections" in static("import collec|")
    assert static("plain.met|") == ["method"]
    assert answers.inspect("plain.method", 8, 1, {"plain": Plain(1)}, full=False)["found"]


def test_a_namespace_may_change_while_it_is_read():
    namespace = {f"name_{number}": number for number in range(2000)}
    stop = threading.Event()

    def churn():
        number = 0
        while not stop.is_set():
            number += 1
            namespace[f"other_{number}"] = number
            namespace.pop(f"other_{number - 100}", None)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(50):
            assert len(answers.complete("name_", 5, namespace)["matches"]) == 2000
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("cut", range(0, 200, 3))
def test_no_beginning_of_any_code_makes_it_fail(cut):
    code = (
        "import os.path as p\nfrom json import (dumps, loads)\nd = {'a': [1, f'{p!r:>{3}} {{'], \"b\": 0x1F}\n"
        "@deco(x=1)\nclass A(B[0]):\n    '''doc \\' '''\n    def f(self, *, a=1.5e3): return a ** -1 if a else \\\n        ~a\n"
    )
    namespace = {"p": os.path, "d": {"a": 1}, "A": Plain, "B": [Plain]}
    for position in range(cut, min(cut + 3, len(code)) + 1):
        json.dumps(answers.complete(code[:position], None, namespace))
        json.dumps(answers.complete(code, position, namespace))
        json.dumps(answers.inspect(code, position, 1, namespace))


# -- inspection


def test_a_file_that_is_not_here_is_not_named():
    namespace = {}
    exec(compile("def fun(): ...", "/nowhere/built_elsewhere.py", "exec"), namespace)
    assert list(fields("fun|", 1, fun=namespace["fun"])) == ["Signature", "Docstring", "Type"]


def test_what_is_not_found_is_ok_all_the_same():
    assert inspect("nothing|") == {"status": "ok", "found": False, "data": {}, "metadata": {}}
    assert not inspect("|")["found"]
    assert not inspect("1 + |")["found"]


def test_a_function():
    found = fields("fun|", fun=documented)
    assert list(found) == ["Signature", "Docstring", "File", "Type"]
    assert found["Signature"] == "fun(first: int, *, second: str = 'x') -> bool"
    assert found["Docstring"] == "Summary.\n\nMore."
    assert found["File"].endswith("test_lookups.py")
    assert found["Type"] == "function"


def documented(first: int, *, second: str = "x") -> bool:
    """Summary.

    More.
    """
    return bool(first)  # the last line


def test_the_source_of_a_function():
    found = fields("fun|", detail_level=1, fun=documented)
    assert found["Source"].startswith("def documented(first")
    assert found["Source"].endswith("# the last line")


def test_the_source_of_a_class():
    source = fields("Plain|", detail_level=1, Plain=Plain)["Source"]
    assert source.startswith("class Plain:")
    assert source.endswith("def helper(value): ...")


def test_the_source_of_a_decorated_function_begins_with_the_decorator():
    source = fields("plain.make|", detail_level=1, plain=Plain(1))["Source"]
    assert source.strip() == "@classmethod\n    def make(cls, text):\n        return cls(len(text))"


def test_the_definitions_of_a_cell_are_found_in_it():
    tracebacks = pytest.importorskip("everloop.tracebacks")
    namespace = {"__name__": "__main__"}
    cell = "x = 1\n\ndef one(a):\n    # note\n    return (\na)\n\n# about two\nclass Two(dict):\n    def f(self): ...\nx = 2\n"
    exec(compile(cell, tracebacks.register_cell(7, cell), "exec"), namespace)
    function, cls = fields("one|", 1, **namespace), fields("Two|", 1, **namespace)
    assert (function["File"], cls["File"]) == ("Cell In[7]", "Cell In[7]")
    assert function["Source"] == "def one(a):\n    # note\n    return (\na)"
    assert cls["Source"] == "class Two(dict):\n    def f(self): ..."


def test_a_class():
    found = fields("Plain|", Plain=Plain)
    assert list(found) == ["Init signature", "Docstring", "Init docstring", "File", "Type", "Subclasses"]
    assert found["Init signature"] == "Plain(size, *, colour='red')"
    assert (found["Docstring"], found["Init docstring"], found["Type"]) == ("A class.", "Make one.", "type")


def test_a_class_without_a_constructor_takes_nothing():
    class Empty: ...

    class Number(int): ...

    assert fields("Empty|", Empty=Empty)["Init signature"] == "Empty()"
    assert "Init signature" not in fields("Number|", Number=Number)


def test_an_instance():
    found = fields("plain|", plain=Plain(1))
    assert found["Type"] == "Plain"
    assert found["Docstring"] == "A class."
    assert "String form" not in found


@pytest.mark.parametrize(
    ("value", "text", "length"),
    [
        (12, "12", None),
        ("text", "text", "4"),
        ([1, "a"], "[1, 'a']", "2"),
        ({"a": (1,)}, "{'a': (1,)}", "1"),
        (set(), "set()", "0"),
        (frozenset({1}), "frozenset({1})", "1"),
        (None, "None", None),
        (range(3), "range(0, 3)", "3"),
        (1 << 2999, "<int with 3000 bits>", None),
        ([Plain], "[<class 'test_lookups.Plain'>]", "1"),
    ],
)
def test_built_in_values(value, text, length):
    found = fields("value|", value=value)
    assert (found["String form"], found.get("Length")) == (text, length)


def test_large_values_are_cut():
    found = fields("value|", value=list(range(100_000)))
    assert len(found["String form"]) <= 200
    assert found["Length"] == "100000"
    nested = []
    nested.append(nested)
    assert fields("value|", value=nested)["String form"] == "[[[[...]]]]"


def test_a_property_shows_itself():
    found = fields("plain.area|", plain=Plain(1))
    assert (found["Type"], found["Docstring"]) == ("property", "How large.")


def test_a_module():
    found = fields("json|", json=json)
    assert (found["Type"], found["String form"][:15]) == ("module", "<module 'json' ")
    assert found["File"].endswith("__init__.py")


def test_a_built_in_function_is_described_once_for_each_name_and_nothing_of_the_users_is_kept():
    kept = []
    assert inspect("len|") == inspect("len|", detail_level=1) == inspect("len|(3)")
    assert inspect("size|", size=len)["data"]["text/plain"] != inspect("len|")["data"]["text/plain"]
    inspect("add|", add=kept.append)
    assert len in [obj for obj, _ in inspection._said.values()]
    assert kept.append not in [obj for obj, _ in inspection._said.values()]
    for number in range(2 * inspection._MOST_SAID):
        inspect(f"name_{number}|", **{f"name_{number}": len})
    assert len(inspection._said) <= inspection._MOST_SAID


def test_a_built_in_function():
    found = fields("len|")
    assert found["Signature"] == "len(obj, /)"
    assert found["Docstring"].startswith("Return the number")
    assert fields("''.upper|")["Signature"] == "''.upper()"
    assert fields("sorted|")["Signature"] == "sorted(iterable, /, *, key=None, reverse=False)"


def test_a_long_signature_takes_a_line_for_each_parameter():
    signature = fields("dumps|", dumps=json.dumps)["Signature"]
    assert signature.startswith("dumps(\n    obj,\n    *,\n    skipkeys=False,\n")
    assert signature.endswith("    **kw,\n)")


def test_the_html_is_escaped():
    html = inspect("x|", x="<b>")["data"]["text/html"]
    assert "<h1>Type</h1>\n<pre>str</pre>" in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("plain.method(1, |", "plain.method"),
        ("plain.method(1, 2|)", "plain.method"),
        ("plain.method(plain.ar|ea)", "plain.area"),
        ("plain.method()|", "plain.method"),
        ("pl|ain.method(1)", "plain"),
        ("plain.me|thod(1)", "plain.method"),
        ("x = plain.method(\n  1,\n  |", "plain.method"),
        ("f'{plain.meth|od}'", "plain.method"),
        ("plain.method(size=|", "plain.method"),
    ],
)
def test_the_object_at_the_cursor(text, title):
    code, position = at_cursor(text)
    namespace = {"plain": Plain(1)}
    candidates = [
        name for name in inspection._candidates(code, position) if answers.inspect(name, None, 0, namespace)["found"]
    ]
    assert candidates[0] == title
    assert answers.inspect(code, position, 0, namespace)["found"]


def test_the_token_at_the_cursor_is_that_of_ipython():
    tokenutil = pytest.importorskip("IPython.utils.tokenutil")
    codes = [
        "a.b(c, d=e.f)(g)\nh = i.j[k] + l",
        "foo(bar(baz, 1), qux)\n",
        "for x in range(10):\n    print(x, end='')\n",
        "x = y = z.w\nobj.method(arg=1).other(2)",
        "if a and b.c(d): e()",
    ]
    for code in codes:
        for position in range(len(code) + 1):
            ours = inspection.token_at_cursor(tokens.around(code, position), position)
            assert ours == tokenutil.token_at_cursor(code, position), (code, position)


# -- what it is built on


def test_static_attributes_are_those_of_getattr():
    plain = Plain(1)
    for obj in (
        plain,
        Plain,
        os,
        1,
        "x",
        len,
        json.JSONEncoder,
        collections.Counter("a"),
        [].append,
        plain.method,
        type,
    ):
        for name in dir(obj):
            found = statics.attribute(obj, name)
            if type(found) is statics.Unevaluated:
                continue
            expected = getattr(obj, name)
            assert type(found) is type(expected) or statics.is_function(found), (obj, name, found, expected)


def test_importing_the_package_imports_nothing_else():
    import subprocess

    script = "import sys; before = set(sys.modules); import everloop.lookups; print(sorted(set(sys.modules) - before))"
    path = str(Path(lookups.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['everloop', 'everloop.lookups']"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os; os.pa|", "path"),
        ("import os.path\nos.pa|", "path"),
        ("import os.path as p, sys\np.joi|", "join"),
        ("import json, sys\nsys.getref|", "getrefcount"),
        ("from os import path as p, sep\np.joi|", "join"),
        ("from os import (path, sep)\npath.joi|", "join"),
    ],
)
def test_what_the_code_imports_is_known_before_it_runs(text, expected):
    assert expected in matches(text)


def test_a_name_of_the_namespace_hides_an_import():
    assert matches("import os; os.re|", os=1) == ["real"]


def test_nothing_is_imported_for_a_completion():
    assert "this" not in sys.modules
    assert matches("import this, no_such_module; this.|") == []
    assert matches("from no_such_module import x; x.|") == []
    assert "this" not in sys.modules


def test_what_the_code_imports_is_inspected():
    assert fields("import os; os.path.join|")["Type"] == "function"

"""Exceptions as the front end gets them."""

import inspect
import json
import linecache
import re
import sys
import traceback

import pytest

from everloop import tracebacks
from everloop.tracebacks import cell_name, register_cell, render, show


class Notebook:
    """Runs cells the way a shell does: registered, compiled under the cell's file name, in one namespace."""

    def __init__(self):
        self.ns = {"__name__": "__main__"}
        self.count = 0

    def run(self, code):
        """The (ename, evalue, traceback) of the cell, or None when it did not fail."""
        self.count += 1
        filename = register_cell(self.count, code)
        error = run_in_our_frames(code, filename, self.ns)
        return None if error is None else render(error)

    def text(self, code):
        """The traceback of the cell without colours, joined as front ends join it."""
        return plain("\n".join(self.run(code)[2]))


# Stands for the shell: its frames are in a module called everloop.*.
SHELL = """
def run_in_our_frames(code, filename, ns):
    try:
        exec(compile(code, filename, "exec"), ns)
    except BaseException as error:
        return error
"""
OURS = {"__name__": "everloop.shell"}
exec(compile(SHELL, "<frozen everloop.shell>", "exec"), OURS)
run_in_our_frames = OURS["run_in_our_frames"]


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture
def notebook(monkeypatch):
    monkeypatch.setattr(tracebacks, "_cells", {})
    monkeypatch.setattr(tracebacks, "_highest", -1)
    return Notebook()


RULE = "-" * 75


def test_error_in_a_cell(notebook):
    ename, evalue, lines = notebook.run("# hello\n1 / 0\nz = 2")
    assert (ename, evalue) == ("ZeroDivisionError", "division by zero")
    assert [plain(line) for line in lines] == [
        RULE,
        "ZeroDivisionError                         Traceback (most recent call last)",
        "Cell In[1], line 2\n      1 # hello\n----> 2 1 / 0\n      3 z = 2\n",
        "ZeroDivisionError: division by zero",
    ]


def test_colours(notebook):
    where = "\x1b[36mCell\x1b[39m \x1b[32mIn[1]\x1b[39m\x1b[32m, line 1\x1b[39m"
    assert notebook.run("1 / 0")[2] == [
        f"\x1b[31m{RULE}\x1b[39m",
        "\x1b[31mZeroDivisionError\x1b[39m                         Traceback (most recent call last)",
        f"{where}\n\x1b[32m----> \x1b[39m\x1b[32m1\x1b[39m \x1b[30;43m1 / 0\x1b[39;49m\n",
        "\x1b[31mZeroDivisionError\x1b[39m: division by zero",
    ]


def test_functions_of_other_cells(notebook):
    notebook.run("class C:\n    def m(self, q, /, *a, k=1, **kw):\n        x = 1\n        return q / 0\n")
    expected = f"""\
{RULE}
ZeroDivisionError                         Traceback (most recent call last)
Cell In[2], line 1
----> 1 C().m(5)

Cell In[1], line 4, in C.m(self, q, *a, k, **kw)
      2 def m(self, q, /, *a, k=1, **kw):
      3     x = 1
----> 4     return q / 0

ZeroDivisionError: division by zero"""
    assert notebook.text("C().m(5)") == expected


def test_what_is_executing_is_marked(notebook):
    lines = notebook.run("é = 0; x = 1 + (2 / é) + 3")[2]
    assert "\x1b[30;43m2 / é\x1b[39;49m" in lines[2]


def test_context_skips_blank_lines_and_stays_in_the_function(notebook):
    code = "before = 1\ndef f():\n    a = 1\n\n    b = 2\n\n    c = 1 / 0\n\n    d = 4\nafter = 1\nf()"
    assert "      3 a = 1\n      5 b = 2\n----> 7 c = 1 / 0\n      9 d = 4\n\nZero" in notebook.text(code)


def test_line_numbers_keep_their_column(notebook):
    code = "\n" * 120 + "x = 1\n1 / 0"
    assert "    121 x = 1\n--> 122 1 / 0\n" in notebook.text(code)


def test_cells_with_one_number_have_sources_of_their_own(notebook):
    first, second = register_cell(1, "a = 1"), register_cell(1, "b = 2")
    assert first != second
    assert cell_name(first) == cell_name(second) == "Cell In[1]"
    assert linecache.getline(first, 1) == "a = 1\n"
    assert linecache.getline(second, 1) == "b = 2\n"
    assert cell_name("/some/file.py") is None


def test_old_cells_are_forgotten(notebook, monkeypatch):
    monkeypatch.setattr(tracebacks, "MAX_CELLS", 3)
    names = [register_cell(5, f"cell = {number}") for number in range(6)]
    assert len(set(names)) == 6
    assert [cell_name(name) for name in names] == [None] * 3 + ["Cell In[5]"] * 3
    assert [linecache.getlines(name) for name in names[2:4]] == [[], ["cell = 3\n"]]


def test_sources_survive_linecache(notebook):
    notebook.run("def f():\n    return 1 / 0")
    linecache.checkcache()
    assert inspect.getsource(notebook.ns["f"]) == "def f():\n    return 1 / 0\n"
    linecache.clearcache()
    assert "----> 2     return 1 / 0" in notebook.text("f()")
    assert inspect.getsource(notebook.ns["f"]) == "def f():\n    return 1 / 0\n"


def test_frames_of_files(notebook, tmp_path, monkeypatch):
    (tmp_path / "everloop_test_module.py").write_text("def f(x):\n    # why\n    return 1 / x\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "everloop_test_module", raising=False)
    text = notebook.text("import everloop_test_module as m\nm.f(0)")
    expected = f"""
File {tmp_path}/everloop_test_module.py:3, in f(x)
      1 def f(x):
      2     # why
----> 3     return 1 / x

ZeroDivisionError: division by zero"""
    assert text.endswith(expected)


def test_home_is_short(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert plain(tracebacks._location("/home/someone/a.py", 3)) == "File ~/a.py:3"
    assert plain(tracebacks._location("/home/someone-else/a.py", 3)) == "File /home/someone-else/a.py:3"


def test_code_without_source(notebook):
    assert "\nFile <string>:1\n\nZeroDivisionError" in notebook.text("exec('1/0')")


def test_modules_of_the_binary_have_no_lines(notebook):
    # RustPython gives frozen code the name of the module as its file name; there could be a file of that name.
    ns = {"__name__": "linecache", "__spec__": linecache.__spec__}
    exec(compile("def f():\n    return 1 / 0", "linecache", "exec"), ns)
    ns["__spec__"] = type("Spec", (), {"origin": "frozen"})
    notebook.ns["f"] = ns["f"]
    assert "\nFile <frozen linecache>:2, in f()\n\nZero" in notebook.text("f()")


def test_our_frames_are_hidden(notebook):
    notebook.ns["api"] = run_in_our_frames
    text = notebook.text("raise api('1/0', '<inner>', {})")
    assert "frozen everloop" not in text
    assert "Cell In[1], line 1" in text
    assert "File <inner>:1" in text


def test_a_mistake_of_ours_is_not_hidden():
    text = plain("\n".join(render(run_in_our_frames(5, "<x>", {}))[2]))
    assert "File <frozen everloop.shell>:4, in run_in_our_frames(code, filename, ns)" in text


def test_an_interrupt_of_ours_has_no_frames(notebook):
    error = KeyboardInterrupt()
    assert [plain(line) for line in render(error)[2]] == [
        RULE,
        "KeyboardInterrupt                         Traceback (most recent call last)",
        "KeyboardInterrupt: ",
    ]


def test_frames_that_ask_are_hidden(notebook):
    text = notebook.text("def check(x):\n    __tracebackhide__ = True\n    assert x, 'no'\ncheck(0)")
    assert "in check" not in text
    assert "    [... skipping hidden 1 frame]\n" in text
    assert text.endswith("AssertionError: no")


CHAIN = "try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('worse'){}"


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (" from e", "The above exception was the direct cause of the following exception:"),
        ("", "During handling of the above exception, another exception occurred:"),
    ],
)
def test_chains(notebook, ending, sentence):
    ename, evalue, lines = notebook.run(CHAIN.format(ending))
    assert (ename, evalue) == ("ValueError", "worse")
    assert [plain(line).split("\n", 1)[0] for line in lines] == [
        RULE,
        "ZeroDivisionError                         Traceback (most recent call last)",
        "Cell In[1], line 2",
        "ZeroDivisionError: division by zero",
        "",
        "ValueError                                Traceback (most recent call last)",
        "Cell In[1], line 4",
        "ValueError: worse",
    ]
    assert lines[4] == f"\n{sentence}\n"


def test_suppressed_context(notebook):
    assert "ZeroDivisionError" not in notebook.text(CHAIN.format(" from None")).replace("except Zero", "")


def test_chain_that_bites_its_tail(notebook):
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert plain(render(first)[2][-1]) == "ValueError: first"


def test_exception_group(notebook):
    ename, evalue, lines = notebook.run(
        "def f():\n    raise ValueError('inner')\n"
        "try:\n    f()\nexcept ValueError as e:\n    raise ExceptionGroup('many', [e, ExceptionGroup('deep', [KeyError(1)])])"
    )
    text = "\n".join(lines)
    assert (ename, evalue) == ("ExceptionGroup", "many (2 sub-exceptions)")
    assert "Exception Group Traceback (most recent call last):" in text
    assert "Cell In[1], line 6, in <module>" in text
    assert "Cell In[1], line 2, in f" in text
    assert "    raise ValueError('inner')" in text
    assert "| KeyError: 1" in text
    assert "everloop" not in text


def test_group_as_cause(notebook):
    text = notebook.text(
        "try:\n    raise ExceptionGroup('many', [KeyError(1)])\nexcept* KeyError as e:\n    raise ValueError('last') from e"
    )
    assert "KeyError: 1" in text
    assert text.rstrip().endswith("ValueError: last")


def test_syntax_error(notebook):
    assert notebook.run("a = 1\n    x = = 3")[0] == "IndentationError"
    where = "  \x1b[36mCell\x1b[39m \x1b[32mIn[2]\x1b[39m\x1b[32m, line 3\x1b[39m"
    expected = f"{where}\n\x1b[31m    x = = 3\x1b[39m\n        ^\n\x1b[31mSyntaxError\x1b[39m: invalid syntax"
    assert notebook.run("a = 1\nif a:\n    x = = 3") == (
        "SyntaxError",
        "invalid syntax (Cell In[2], line 3)",
        [expected],
    )


def test_syntax_error_with_a_range(notebook):
    assert notebook.text("f(x for x in y, 1)") == (
        "  Cell In[1], line 1\n    f(x for x in y, 1)\n      ^^^^^^^^^^^^\nSyntaxError: Generator expression must be parenthesized"
    )


def test_syntax_error_in_code_that_a_cell_runs(notebook):
    text = notebook.text("exec('x = = 2')")
    assert text.startswith(f"{RULE}\nSyntaxError     ")
    assert "----> 1 exec('x = = 2')" in text
    assert text.endswith("\n  File <string>:1\n    x = = 2\n        ^\nSyntaxError: invalid syntax")


@pytest.mark.parametrize(
    "error",
    [
        SyntaxError(),
        SyntaxError("only a message"),
        SyntaxError("m", (None, None, None, None)),
        SyntaxError("m", ("f", 1, 0, "")),
        SyntaxError("m", ("f", 1, 99, "x")),
        SyntaxError("m", ("f", 1, -1, "\tx\n")),
        SyntaxError("m", ("f", 3, 2, None)),
        SyntaxError("m", ("f", "1", "2", 3)),
        SyntaxError("m", ("f", 1, 3, "    x", 1, 2)),
    ],
)
def test_strange_syntax_errors(error):
    assert plain(render(error)[2][-1]).splitlines()[-1].startswith("SyntaxError")


def test_notes(notebook):
    assert notebook.text("e = ValueError('x')\ne.add_note('one')\ne.add_note('two\\nthree')\nraise e").endswith(
        "\nValueError: x\none\ntwo\nthree"
    )


@pytest.mark.parametrize("notes", ["[1, None]", "5", "[type('B', (), {'__str__': lambda s: 1/0})()]"])
def test_notes_can_be_anything(notebook, notes):
    assert "ValueError: x\n" in notebook.text(f"e = ValueError('x')\ne.__notes__ = {notes}\nraise e")


def test_recursion_is_short(notebook):
    text = notebook.text("def f(n):\n    return g(n)\ndef g(n): return f(n + 1)\nf(0)")
    assert len(text.splitlines()) < 80
    assert re.search(
        r"\n    \[\.\.\. skipping similar frames: (f at line 2|g at line 3) \(\d{2,} times\), (f at line 2|g at line 3) ",
        text,
    )
    assert "RecursionError: maximum recursion depth exceeded" in text
    assert text.count("in f(n)") == 3


def test_many_different_frames_are_cut(notebook):
    count = 200
    code = "\n".join(f"def f{i}(): return f{i + 1}()" for i in range(count)) + f"\ndef f{count}(): 1/0\nf0()"
    text = notebook.text(code)
    assert text.count("in f") <= tracebacks.MAX_FRAMES + 5
    assert "in f0()" in text
    assert f"in f{count}()" in text


def test_short_tracebacks_are_complete(notebook):
    text = notebook.text("def f(n):\n    if n: return f(n - 1)\n    1 / 0\nf(8)")
    assert text.count("in f(n)") == 9


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "import sys; sys.exit(3)"])
def test_system_exit(notebook, code):
    ename, evalue, lines = notebook.run(code)
    assert (ename, evalue) == ("SystemExit", "3")
    assert [plain(line) for line in lines] == ["SystemExit: 3", "To exit: use 'exit', 'quit', or Ctrl-D."]


def test_keyboard_interrupt(notebook):
    text = notebook.text("def f():\n    raise KeyboardInterrupt\nf()")
    assert "in f()" in text
    assert text.endswith("\nKeyboardInterrupt: ")


def test_str_that_raises(notebook):
    ename, evalue, lines = notebook.run("class Bad(Exception):\n    def __str__(self): 1/0\nraise Bad")
    assert (ename, evalue) == ("Bad", "<exception str() failed>")
    assert plain(lines[-1]) == "Bad: <exception str() failed>"


def test_custom_rendering(notebook):
    template = "class T(Exception):\n    def _render_traceback_(self): {}\nraise T('x')"
    assert notebook.run(template.format("return ['my', 'lines', 3]")) == ("T", "x", ["my", "lines", "3"])
    assert notebook.run(template.format("return 'one\\ntwo'"))[2] == ["one", "two"]
    for useless in ("return None", "return 5", "1 / 0", "return []"):
        assert "----> 3 raise T('x')" in notebook.text(template.format(useless))


def test_multi_line_messages(notebook):
    assert notebook.text("raise ValueError('one\\n two')").endswith("\nValueError: one\n two")


def test_long_names_keep_a_space(notebook):
    name = "E" * 90
    assert f"{name} Traceback (most recent call last)" in notebook.text(f"class {name}(Exception): pass\nraise {name}")


def test_long_lines_are_cut(notebook):
    assert max(map(len, notebook.text("x = '" + "y" * 100_000 + "' + 1").splitlines())) < 1000


def test_show(notebook, capsys):
    show(ValueError("shown"))
    text = plain(capsys.readouterr().err)
    assert text.startswith(RULE)
    assert text.endswith("ValueError: shown\n")


class Hostile(Exception):
    """Every attribute that a renderer might ask for raises or lies."""

    __notes__ = property(lambda self: 1 / 0)
    __cause__ = property(lambda self: 5)
    __context__ = property(lambda self: 1 / 0)
    __traceback__ = property(lambda self: 1 / 0)

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise KeyboardInterrupt

    def __repr__(self):
        raise ValueError


def test_never_fails():
    ename, evalue, lines = render(Hostile())
    assert ename == "Hostile"
    assert isinstance(evalue, str)
    assert lines
    assert all(isinstance(line, str) for line in lines)


class StrangeStr(str):
    def __str__(self):
        return 5


def test_texts_are_texts(notebook):
    class Odd(Exception):
        def __str__(self):
            return StrangeStr("odd")

    ename, evalue, lines = render(Odd())
    assert type(evalue) is str
    json.dumps([ename, evalue, lines])


def test_fallback_when_rendering_breaks(notebook, monkeypatch):
    monkeypatch.setattr(tracebacks, "_chain", lambda error: 1 / 0)
    ename, evalue, lines = notebook.run("raise ValueError('x')")
    assert (ename, evalue, lines[-1]) == ("ValueError", "x", "ValueError: x")
    monkeypatch.setattr(traceback, "format_exception", lambda error: 1 / 0)
    assert notebook.run("raise ValueError('x')")[2] == ["ValueError: x"]


def test_errors_of_other_threads_and_generators(notebook):
    text = notebook.text("def gen():\n    yield 1\n    1 / 0\nfor i in gen():\n    pass")
    assert "in gen()" in text
    assert "[x for x in gen()]" in notebook.text("[x for x in gen()]")


def test_pygments_is_not_imported(notebook):
    loaded = {name for name in sys.modules if name.startswith("pygments")}
    notebook.run("1 / 0")
    assert {name for name in sys.modules if name.startswith("pygments")} == loaded

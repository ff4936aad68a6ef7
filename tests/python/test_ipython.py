"""IPython as the language of cells: how it takes over, and what of it front ends and libraries see."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel, plain


def pages(cell) -> str:
    """What the cell shows in the pager."""
    return "".join(plain(part["data"]["text/plain"]) for part in cell.reply["payload"] if part["source"] == "page")


# -- taking over


def test_it_goes_on_where_the_bare_shell_was(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("x = 40")
    fresh_kernel.ok("x + 1")
    cell = fresh_kernel.ok("get_ipython().execution_count, In[1:3], Out, _, _2, _i, x")
    assert cell.result == "(4, ['x = 40', 'x + 1'], {2: 41}, 41, 41, 'x + 1', 40)"
    assert cell.reply["execution_count"] == 3
    assert fresh_kernel.ok("[Out[2], Out[3][0], _i1]").result == "[41, 4, 'x = 40']"


def test_a_function_of_an_early_cell_shows_its_lines(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("def fail():\n    raise ValueError('early')")
    fresh_kernel.ok("get_ipython()")
    cell = fresh_kernel.run("fail()")
    assert "Cell In[1], line 2" in cell.traceback
    assert "raise ValueError('early')" in cell.traceback


def test_a_library_that_asks_finds_it(fresh_kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(
        "def found():\n    try:\n        return get_ipython().__class__.__name__\n    except NameError:\n        return None\n"
    )
    assert fresh_kernel.ok("import asks; asks.found()").result == "'ZMQInteractiveShell'"


def test_a_library_that_imports_it_finds_it(fresh_kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "imports.py").write_text("from IPython import get_ipython\nfound = get_ipython().__class__.__name__\n")
    assert fresh_kernel.ok("import imports; imports.found").result == "'ZMQInteractiveShell'"


def test_a_notebook_is_recognised(kernel: Kernel) -> None:
    code = """
import sys
from ipykernel.zmqshell import ZMQInteractiveShell
from ipykernel.comm import Comm
ip = get_ipython()
(isinstance(ip, ZMQInteractiveShell), type(ip).__name__, 'IPKernelApp' in ip.config,
 ip.kernel.get_parent()['header']['msg_type'], ip.get_parent()['content']['code'][:7], __IPYTHON__)
"""
    expected = "(True, 'ZMQInteractiveShell', True, 'execute_request', '\\nimport', True)"
    assert kernel.ok(code).result == expected


def test_its_shell_is_one(kernel: Kernel) -> None:
    code = "from IPython import get_ipython as g\nfrom IPython.core.interactiveshell import InteractiveShell as S\n"
    assert kernel.ok(code + "g() is get_ipython() is S.instance()").result == "True"


# -- configuration


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    return profile


@pytest.fixture
def start_configured(start_kernel: Callable[..., Kernel], profile: Path) -> Callable[[], Kernel]:
    return lambda: start_kernel(env={"IPYTHONDIR": str(profile.parent)})


def test_configuration_and_startup_files(start_configured: Callable[[], Kernel], profile: Path) -> None:
    (profile / "ipython_config.py").write_text(
        "c.InteractiveShell.ast_node_interactivity = 'all'\nc.InteractiveShellApp.exec_lines = ['line = 41']\n"
    )
    (profile / "ipython_kernel_config.py").write_text("c.InteractiveShell.xmode = 'Minimal'\n")
    (profile / "startup" / "00-first.py").write_text("startup = 42\n")
    (profile / "startup" / "01-second.ipy").write_text("%xmode?\nsecond = startup + 1\n")
    kernel = start_configured()
    cell = kernel.ok("line\nstartup\nsecond")
    assert [content["data"]["text/plain"] for content in cell.published("execute_result")] == ["41", "42", "43"]
    assert kernel.run("1/0").traceback.strip() == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no Python", "SyntaxError"),
        ("c.InteractiveShellApp.extensions = ['no_such_extension']", "Error in loading extension: no_such_extension"),
        pytest.param(
            "c.InteractiveShell.xmode = 5",
            "configuration is ignored: TraitError",
            marks=pytest.mark.everloop_only("ipykernel does not start"),
        ),
        ("c.InteractiveShellApp.exec_lines = ['1/0']", None),
    ],
)
def test_broken_configuration(
    start_configured: Callable[[], Kernel], profile: Path, text: str, said: str | None
) -> None:
    (profile / "ipython_kernel_config.py").write_text(text)
    kernel = start_configured()
    cell = kernel.ok("1 + 1")
    assert cell.result == "2"
    if kernel.manager.kernel_name == "everloop" and said:
        assert said in cell.stderr
    kernel.ok("%time 1")


@pytest.mark.everloop_only("ipykernel is IPython's")
def test_without_ipython_a_cell_says_how_to_get_it(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    assert kernel.ok("1 + 1").result == "2"
    for code in ["%time 1", "!ls", "x = %who", "%%bash\nls"]:
        error = kernel.run(code).error
        assert error is not None
        assert "pip install ipython" in error["evalue"]
    assert kernel.ok("2 + 2").result == "4"


@pytest.mark.everloop_only("ipykernel is IPython's")
def test_an_ipython_that_is_too_old(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "IPython"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '5.1.0'\nversion_info = (5, 1, 0)\n")
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    cell = kernel.run("%time 1")
    assert "IPython 5.1.0 is too old" in cell.stderr
    assert kernel.ok("1 + 1").result == "2"


@pytest.mark.everloop_only("IPython is imported by one thread there")
def test_a_module_that_another_thread_has_disturbed(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    """It raises when it is imported first, as what goes through `sys.modules` may when another thread imports."""
    package = tmp_path / "lib" / "rustpython3.14t" / "site-packages" / "traitlets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(DISTURBED)
    kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(tmp_path)})
    cell = kernel.ok("%time 1")
    assert not cell.stderr
    assert kernel.ok("import os; os.environ['DISTURBED']").result == "'once'"


DISTURBED = """
import os, sys
if 'DISTURBED' not in os.environ:
    os.environ['DISTURBED'] = 'once'
    raise RuntimeError('dictionary changed size during iteration')
from importlib.machinery import PathFinder
path = [path for path in sys.path if not __file__.startswith(path or ' ')]
spec = PathFinder.find_spec('traitlets', path)
__path__[:] = spec.submodule_search_locations
exec(compile(open(spec.origin).read(), spec.origin, 'exec'))
"""


def test_a_cell_that_imports_meets_no_import_of_ipython(fresh_kernel: Kernel) -> None:
    """IPython is imported after the first cell, by a thread; what it adds to a dictionary would end these loops."""
    fresh_kernel.ok("pass")
    fresh_kernel.ok(
        "import ast, sys\nfor _ in range(2000):\n    for _ in sys.modules: pass\n    for _ in ast.__dict__: pass"
    )


# -- history


def test_history_is_the_file_of_ipython(start_configured: Callable[[], Kernel], profile: Path) -> None:
    kernel = start_configured()
    kernel.ok("first = 1")
    kernel.ok("%time second = 2")
    assert "first = 1" in kernel.ok("%history 1").stdout
    kernel.request("history_request", {"hist_access_type": "tail", "n": 1, "raw": True, "output": False}).wait()
    with sqlite3.connect(profile / "history.sqlite") as file:
        rows = file.execute("SELECT session, line, source, source_raw FROM history ORDER BY line").fetchall()
    assert rows[0] == (1, 1, "first = 1", "first = 1")
    assert rows[1] == (1, 2, "get_ipython().run_line_magic('time', 'second = 2')", "%time second = 2")


def test_an_earlier_session_is_there(start_configured: Callable[[], Kernel]) -> None:
    first = start_configured()
    first.ok("%time remembered = 1")
    first.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    first.wait_exit(30)
    second = start_configured()
    assert "%time remembered = 1" in second.ok("%history ~1/1").stdout
    assert "remembered" in second.ok("%history -g remembered").stdout
    second.ok("%recall ~1/1")


@pytest.mark.everloop_only("IPython keeps the last three results among its hidden names")
def test_reset_frees_outputs(kernel: Kernel) -> None:
    kernel.ok("import gc, weakref\nclass Big: pass")
    kernel.ok("big = Big(); ref = weakref.ref(big); big")
    kernel.ok("del big")
    assert kernel.ok("ref() is None").result == "False"
    kernel.ok("%reset -f out")
    assert kernel.ok("gc.collect(); ref() is None").result == "True"


def test_a_reset_begins_anew(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("gone = 1")
    fresh_kernel.ok("%reset -f")
    error = fresh_kernel.run("gone").error
    assert error is not None
    assert error["ename"] == "NameError"
    assert fresh_kernel.ok("1 + 1").result == "2"


# -- what front ends see


def test_the_pager(kernel: Kernel) -> None:
    assert "Docstring" in pages(kernel.ok("print?"))
    kernel.ok("def shown(argument):\n    return argument + 1")
    assert "return argument + 1" in pages(kernel.ok("shown??"))
    assert "textwrap.wrap" in pages(kernel.ok("import textwrap\ntextwrap.wr*?"))


def test_the_next_input(kernel: Kernel) -> None:
    payload = kernel.ok("get_ipython().set_next_input('x = 1')").reply["payload"]
    assert payload == [{"source": "set_next_input", "text": "x = 1", "replace": False}]


def test_load_puts_a_file_into_the_cell(kernel: Kernel) -> None:
    kernel.ok("%%writefile loaded.py\nvalue = 1")
    payload = kernel.ok("%load loaded.py").reply["payload"]
    assert payload == [{"source": "set_next_input", "text": "# %load loaded.py\nvalue = 1\n", "replace": True}]


def test_the_modes_of_tracebacks(kernel: Kernel) -> None:
    kernel.ok("def fail(argument):\n    return 1 / argument")
    lengths = {}
    for mode in ["Minimal", "Plain", "Context", "Verbose"]:
        assert f"Exception reporting mode: {mode}" in kernel.ok(f"%xmode {mode}").stdout
        lengths[mode] = len(kernel.run("fail(0)").traceback)
    assert sorted(lengths, key=lengths.get) == ["Minimal", "Plain", "Context", "Verbose"]
    kernel.ok("%xmode Context")


@pytest.mark.everloop_only("ipykernel prints it as text and sends no error")
def test_an_error_that_ipython_cannot_explain_marks_the_cell(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(
        "def refuse(*_):\n    raise AssertionError('a frame without a line')\n"
        "get_ipython().InteractiveTB.get_records = refuse"
    )
    cell = fresh_kernel.run("1 / 0")
    assert cell.error is not None
    assert cell.error["ename"] == cell.reply["ename"] == "ZeroDivisionError"
    assert "1 / 0" in "\n".join(cell.error["traceback"])
    assert cell.stderr == ""


def test_a_group_of_exceptions_marks_the_cell(kernel: Kernel) -> None:
    cell = kernel.run("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])")
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == "ExceptionGroup"


def test_a_value_that_cannot_be_shown_fails_its_cell(kernel: Kernel) -> None:
    kernel.ok("class Broken:\n    def __repr__(self): raise RuntimeError('no repr')")
    cell = kernel.run("Broken()")
    assert cell.reply["status"] == "error"
    assert "RuntimeError: no repr" in cell.traceback
    assert kernel.ok("1").result == "1"


def test_an_image_keeps_its_namespaces(kernel: Kernel) -> None:
    kernel.ok("from IPython.display import SVG")
    source = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9"><g/></svg>'
    shown = kernel.ok(f"SVG({source!r})").published("execute_result")[0]["data"]["image/svg+xml"]
    for declaration in ['xmlns="http://www.w3.org/2000/svg"', 'xmlns:xlink="http://www.w3.org/1999/xlink"']:
        assert shown.count(declaration) == 1


def test_user_expressions_may_await(kernel: Kernel) -> None:
    kernel.ok("import asyncio")
    cell = kernel.ok("1", user_expressions={"a": "await asyncio.sleep(0, 5)", "b": "1 + 1", "c": "1/0"})
    answers = cell.reply["user_expressions"]
    assert answers["b"]["data"]["text/plain"] == "2"
    assert answers["c"]["ename"] == "ZeroDivisionError"
    if kernel.manager.kernel_name == "everloop":
        assert answers["a"]["data"]["text/plain"] == "5"


def test_hooks_of_the_display_publisher(kernel: Kernel) -> None:
    kernel.ok(
        """
seen = []
def hook(message):
    seen.append(message['msg_type'])
    if 'hidden' in message['content'].get('data', {}).get('text/plain', ''):
        return None
    message['content'].setdefault('metadata', {})['hooked'] = True
    return message
get_ipython().display_pub.register_hook(hook)
"""
    )
    shown = kernel.ok("display('hidden'); display('shown')").published("display_data")
    assert [content["data"]["text/plain"] for content in shown] == ["'shown'"]
    assert shown[0]["metadata"] == {"hooked": True}
    code = "get_ipython().display_pub.unregister_hook(hook), seen, get_ipython().display_pub.unregister_hook(hook)"
    assert kernel.ok(code).result == "(True, ['display_data', 'display_data'], False)"


def test_events(kernel: Kernel) -> None:
    kernel.ok(
        """
happened = []
for name in ['pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell']:
    get_ipython().events.register(name, lambda *args, name=name: happened.append((name, *map(type, args))))
"""
    )
    kernel.ok("happened.clear()")
    names = kernel.ok("[name for name, *_ in happened]").result
    assert names == "['post_execute', 'post_run_cell', 'pre_execute', 'pre_run_cell']"


def test_custom_exceptions(kernel: Kernel) -> None:
    kernel.ok(
        """
class Mine(Exception): pass
def handler(shell, etype, value, tb, tb_offset=None):
    print('handled', etype.__name__, value)
get_ipython().set_custom_exc((Mine,), handler)
"""
    )
    cell = kernel.run("raise Mine('x')")
    assert cell.stdout == "handled Mine x\n"
    assert cell.reply["status"] == "error"
    kernel.ok("get_ipython().set_custom_exc((), None)")


def test_formatters_that_are_registered(kernel: Kernel) -> None:
    kernel.ok("html = get_ipython().display_formatter.formatters['text/html']")
    kernel.ok("html.for_type(int, lambda value: f'<b>{value}</b>')")
    assert kernel.ok("5").published("execute_result")[0]["data"] == {"text/plain": "5", "text/html": "<b>5</b>"}
    kernel.ok("html.pop(int);")
    assert kernel.ok("5").published("execute_result")[0]["data"] == {"text/plain": "5"}


def test_transformers_that_are_registered(kernel: Kernel) -> None:
    kernel.ok(
        """
import ast
def shout(lines): return [line.replace('SHOUT', 'print') for line in lines]
class Negate(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant(-node.value) if type(node.value) is int else node
ip = get_ipython()
ip.input_transformers_cleanup.append(shout)
ip.ast_transformers.append(Negate())
"""
    )
    assert kernel.ok("SHOUT(5)").stdout == "-5\n"
    kernel.ok("ip.ast_transformers.clear(); ip.input_transformers_cleanup.remove(shout)")
    assert kernel.ok("5").result == "5"


def test_an_extension(kernel: Kernel) -> None:
    kernel.ok("%%writefile extension_of_ours.py\ndef load_ipython_extension(ip): ip.push({'loaded': True})")
    kernel.ok("%load_ext extension_of_ours")
    assert kernel.ok("loaded").result == "True"
    kernel.ok("%load_ext autoreload\n%autoreload 2")
    kernel.ok("%%writefile reloaded.py\nvalue = 1")
    kernel.ok("import reloaded")
    kernel.ok(
        "import os, pathlib, time\npathlib.Path('reloaded.py').write_text('value = 22')\nlater = time.time() + 60\nos.utime('reloaded.py', (later, later))"
    )
    assert kernel.ok("reloaded.value").result == "22"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("%nope", "UsageError: Line magic function `%nope` not found."),
        ("%%nope\nx", "UsageError: Cell magic `%%nope` not found."),
        ("%%time", "UsageError: %%time is a cell magic, but the cell body is empty."),
        ("%load_ext no_such_extension", None),
        ("%alias_magic", "UsageError:"),
        ("%autosave soon", "UsageError:"),
    ],
)
def test_magics_that_cannot_run(kernel: Kernel, code: str, message: str | None) -> None:
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    if message:
        assert message in cell.stderr
    assert kernel.ok("1 + 1").result == "2"


def test_lookups_know_magics(kernel: Kernel) -> None:
    kernel.ok("get_ipython()")

    def matches(code: str) -> list[str]:
        return kernel.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply["matches"]

    assert {"%time", "%timeit"} <= set(matches("%tim"))
    assert {"%%time", "%%timeit"} <= set(matches("%%tim"))
    assert "%timeit" in matches("timei")
    assert "/usr/" in matches("%cd /us")
    assert "/usr/" in matches("%%bash\nls /us")
    inspected = kernel.request("inspect_request", {"code": "%timeit", "cursor_pos": 7, "detail_level": 0}).reply
    assert "Time execution of a Python statement" in plain(inspected["data"]["text/plain"])


def test_completion_behind_magics(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a name").mkdir()
    (tmp_path / "a name" / "file.py").touch()
    kernel.ok("get_ipython()\nclass Thing:\n    attribute = 1\nthing = Thing()")

    def completed(code: str) -> set[str]:
        reply = kernel.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply
        return {code[: reply["cursor_start"]] + match for match in reply["matches"]}

    def completes(code: str, expected: str) -> None:
        # On a busy machine it may take longer than a person waits; front ends ask again with each key.
        kernel.until(lambda: expected in completed(code), f"{expected!r} for {code!r}")

    completes("%time thing.attr", "%time thing.attribute")
    completes("%%timeit thing.attr", "%%timeit thing.attribute")
    completes("%%time\nthing.attr", "%%time\nthing.attribute")
    completes("%who thi", "%who thing")
    completes("!echo {thing.attr", "!echo {thing.attribute")
    completes("x = %timei", "x = %timeit")
    completes("%%timei", "%%timeit")
    completes(f"%cd {tmp_path}/a", f"%cd {tmp_path}/a\\ name/")
    completes(f"%run {tmp_path}/a\\ name/f", f"%run {tmp_path}/a\\ name/file.py")
    completes(f'!cat "{tmp_path}/a name/f', f'!cat "{tmp_path}/a name/file.py')
    completes("%config IPCompleter.use_j", "%config IPCompleter.use_jedi")
    completes("x = 1; \\alph", "x = 1; \\alpha")
    completes("\\alpha", "\N{GREEK SMALL LETTER ALPHA}")


def test_a_completer_that_is_registered(kernel: Kernel) -> None:
    kernel.ok("get_ipython().set_hook('complete_command', lambda ip, event: ['spam', 'eggs'], str_key='%who')")
    request = kernel.request("complete_request", {"code": "%who ", "cursor_pos": 5})
    assert {"spam", "eggs"} <= set(request.reply["matches"])


def test_the_way_out(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("get_ipython()")
    payload = fresh_kernel.ok("exit(keep_kernel=True)").reply["payload"]
    assert payload == [{"source": "ask_exit", "keepkernel": True}]
    fresh_kernel.expects_death = True
    assert fresh_kernel.run("quit").reply["payload"] == [{"source": "ask_exit", "keepkernel": False}]


def test_how_others_connect(kernel: Kernel) -> None:
    text = kernel.ok("%connect_info").stdout
    assert '"shell_port"' in text
    assert "--existing" in text


def test_guis(kernel: Kernel) -> None:
    kernel.ok("%gui asyncio")
    kernel.ok("%gui")


@pytest.mark.everloop_only("ipykernel tries to import the toolkit")
def test_a_gui_that_there_is_none_of(kernel: Kernel) -> None:
    assert "there is no qt event loop" in kernel.run("%gui qt").stderr

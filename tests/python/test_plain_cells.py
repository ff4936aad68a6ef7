"""Cells in which IPython has nothing to say run without it (`everloop.ipython.plain`). Nobody sees the difference; and who
has something to say after all is heard.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client import IS_EVERLOOP, Kernel, Request, plain

pytestmark = pytest.mark.skipif(not IS_EVERLOOP, reason="other kernels have no such cells")

CELLS = [
    "pass",
    "# nothing",
    "1 + 1",
    "x = 1",
    "x",
    "_, __, ___",
    "print('a')\n'b'",
    "'silent';",
    "1\n2\n3",
    "'a docstring'\nNone",
    "for i in range(3):\n    i",
    "{1: [2, (3,)], 'a': None}",
    "[None, True, 1.5, 'a', b'b', 1j, ...]",
    "list(range(100))",
    "[[1, 2], {3}]",
    "'a\\nb\\x85'",
    "10 ** 5000",
    "class Rich:\n    __repr__ = _repr_html_ = lambda self: '<b>rich</b>'\nRich()",
    "import asyncio\nawait asyncio.sleep(0)\n5",
    "async def seven():\n    return 7\nawait seven()",
    "async with asyncio.timeout(9):\n    print('inside')",
    "1 / 0",
    "def fails():\n    raise ValueError('deep')\nfails()",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('two') from error",
    "raise ExceptionGroup('both', [ValueError(1), KeyError(2)])",
    "a b",
    "x = 2\nreturn",
    "x",
    "  x",
    "raise KeyboardInterrupt",
    "raise SystemExit(3)",
    "import warnings\nfor _ in range(2):\n    warnings.warn('once')",
    "import sys\nsys.excepthook.__qualname__",
    "sys.displayhook = lambda value: print('mine', value)\n1",
    "2",
    "import builtins\nbuiltins._ = 'gettext'\n5",
    "6, _",
    "del builtins._\n7",
    "8, _",
    "_ = 'taken'\n9",
    "10, _, __",
    "In[-2:], Out[3], len(Out)",
    "_i, _ii, _iii, _i4, _3",
    "exit",
]

# Does nothing, and makes every cell one of IPython's.
DO_NOTHING = """
class DoNothing:
    def visit(self, node):
        return node
get_ipython().ast_transformers.append(DoNothing())
"""


def seen(cell: Request) -> list[object]:
    """What a front end is told about a cell, but for what differs each time."""
    published = [(entry.type, entry.content) for entry in cell.entries("iopub")]
    reply = {key: value for key, value in cell.reply.items() if key != "payload"}
    return [plain(repr(part)) for part in (*published, reply)]


def test_nobody_sees_the_difference(start_kernel: Callable[..., Kernel], tmp_path) -> None:
    """The same cells, once each way. Objects have other addresses, and so no repr of theirs is in a cell."""
    kernels = []
    for first in ("get_ipython()\npass", DO_NOTHING):
        kernel = start_kernel(env={"IPYTHONDIR": str(tmp_path / str(len(kernels)))}).ready()
        kernel.ok(first)
        kernels.append(kernel)
    for code in CELLS:
        ours, ipythons = (seen(kernel.run(code)) for kernel in kernels)
        assert ours == ipythons, f"{code}\n{ours}\n{ipythons}"
    ours, ipythons = (
        kernel.ok("ip = get_ipython()\nlen(In), list(Out), ip.execution_count, sorted(ip.history_manager.exceptions)")
        for kernel in kernels
    )
    assert ours.result == ipythons.result
    remembered = [
        kernel.request("history_request", {"hist_access_type": "tail", "n": 100, "output": True, "raw": False})
        for kernel in kernels
    ]
    ours, ipythons = (request.reply["history"] for request in remembered)
    assert [entry[1:] for entry in ours[1:]] == [entry[1:] for entry in ipythons[1:]]


@pytest.fixture
def ip(kernel: Kernel) -> Kernel:
    kernel.ok("ip = get_ipython()")
    return kernel


def test_transformers_that_are_added_count_at_once(ip: Kernel) -> None:
    ip.ok("post = lambda lines: [line.replace('secret', '42') for line in lines]")
    ip.ok("ip.input_transformers_post.append(post)")
    assert ip.ok("secret").result == "42"
    ip.ok("ip.input_transformers_post.clear()")
    assert ip.run("secret").error["ename"] == "NameError"
    ip.ok("ip.input_transformer_manager.line_transforms.append(post)")
    assert ip.ok("secret").result == "42"
    ip.ok("ip.input_transformer_manager.line_transforms.pop()")


def test_interactivity_and_autoawait_count_at_once(ip: Kernel) -> None:
    ip.ok("ip.ast_node_interactivity = 'last_expr_or_assign'")
    assert ip.ok("x = 5").result == "5"
    ip.ok("ip.ast_node_interactivity = 'last_expr'")
    assert ip.ok("x = 5").result is None
    ip.ok("ip.autoawait = False")
    assert ip.run("await x").error["ename"] == "SyntaxError"
    ip.ok("ip.autoawait = True")


def test_names_that_mean_more_to_ipython(ip: Kernel) -> None:
    ip.ok("from IPython.core.macro import Macro\nnine = Macro('print(9)')")
    assert "9" in ip.ok("nine").stdout
    ip.ok("ip.run_line_magic('automagic', '1')")
    assert ip.ok("pwd").result is not None
    ip.ok("pwd = 3")
    assert ip.ok("pwd").result == "3"
    ip.ok("del pwd")
    ip.ok("ip.autocall = 1")
    assert ip.ok("len 'abc'").result == "3"
    ip.ok("ip.autocall = 0")


def test_methods_that_are_replaced_are_called(ip: Kernel) -> None:
    ip.ok("""
from IPython.core.interactiveshell import InteractiveShell
run_code = InteractiveShell.run_code
async def noisy(self, *args, **kwargs):
    print('noisy')
    return await run_code(self, *args, **kwargs)
InteractiveShell.run_code = noisy
""")
    assert ip.ok("x = 1").stdout == "noisy\n"
    ip.ok("InteractiveShell.run_code = run_code")
    assert ip.ok("x = 1").stdout == ""
    ip.ok("ip.transform_cell = lambda code: 'print(\"other\")'")
    assert ip.ok("x = 1").stdout == "other\n"
    # Nothing but this reaches it now.
    assert ip.ok("", user_expressions={"gone": "delattr(ip, 'transform_cell')"}).reply["status"] == "ok"
    assert ip.ok("x = 1").stdout == ""


def test_events_and_observers_are_told(ip: Kernel) -> None:
    ip.ok("""
told = []
def before(info):
    told.append((info.raw_cell, info.transformed_cell, info.store_history))
def after(result):
    told.append((result.execution_count == ip.execution_count - 1, result.result, result.success))
def begins():
    told.append('begins')
def counted(change):
    told.append(change.new - change.old)
for event, function in (('pre_run_cell', before), ('post_run_cell', after), ('pre_execute', begins)):
    ip.events.register(event, function)
ip.observe(counted, 'execution_count')
told.clear()
""")
    ip.ok("7")
    told = ip.ok("told[1:5]").result
    assert told == "[1, 'begins', ('7', '7\\n', True), (True, 7, True)]"
    ip.ok("""
for event, function in (('pre_run_cell', before), ('post_run_cell', after), ('pre_execute', begins)):
    ip.events.unregister(event, function)
ip.unobserve(counted, 'execution_count')
told.clear()
""")
    ip.ok("8")
    assert ip.ok("told").result == "[]"


def test_printers_of_plain_values_are_asked(ip: Kernel) -> None:
    ip.ok("text = ip.display_formatter.formatters['text/plain']")
    ip.ok("before = text.for_type(int, lambda value, p, cycle: p.text(f'<{value}>'))")
    assert ip.ok("1").result == "<1>"
    assert ip.ok("[1, 'a']").result == "[<1>, 'a']"
    ip.ok("text.for_type(int, before)")
    assert ip.ok("[1, 'a']").result == "[1, 'a']"
    ip.ok("text.float_precision = 2")
    assert ip.ok("1.23456").result == "1.23"
    ip.ok("text.float_precision = ''")
    assert ip.ok("1.23456").result == "1.23456"
    ip.ok("text.pprint = False")
    assert "\n" not in ip.ok("list(range(100))").result
    ip.ok("text.pprint = True; text.max_width = 20")
    assert "\n" in ip.ok("list(range(10))").result
    ip.ok("text.max_width = 79")
    assert ip.ok("list(range(10))").result == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"


def test_exception_handler_of_the_user_is_called(ip: Kernel) -> None:
    ip.ok("""
def handler(self, etype, value, tb, tb_offset=None):
    print('handled', value)
    return []
ip.set_custom_exc((ValueError,), handler)
""")
    assert "handled mine" in ip.run("raise ValueError('mine')").stdout
    ip.ok("ip.set_custom_exc((), None)")
    assert ip.run("raise ValueError('mine')").error["evalue"] == "mine"


def test_future_statement_holds_for_the_cells_that_follow(ip: Kernel) -> None:
    ip.ok("from __future__ import annotations")
    ip.ok("def f(x: not_there): pass")
    assert ip.ok("f.__annotations__").result == "{'x': 'not_there'}"


def test_log_of_the_session_has_every_cell(fresh_kernel: Kernel, tmp_path) -> None:
    log = tmp_path / "log.py"
    fresh_kernel.ok(f"%logstart -o {log}")
    fresh_kernel.ok("40 + 2")
    fresh_kernel.ok("%logstop")
    assert "40 + 2\n#[Out]# 42\n" in log.read_text()


def test_cell_that_is_not_remembered_leaves_no_trace(ip: Kernel) -> None:
    count = ip.ok("ip.execution_count").result
    for fields in ({"store_history": False}, {"silent": True}):
        ip.ok("'no trace'", **fields)
    assert ip.ok("ip.execution_count").result == str(int(count) + 1)
    assert ip.ok("any('no' + ' trace' in code for code in In[-4:])").result == "False"

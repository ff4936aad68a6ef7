"""Libraries from PyPI as they are: in cells, and in ``everloop python``; ``libraries.md`` says what is done with each."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import as_program
import pytest
from client import Kernel, plain
from conftest import Shared
from libraries_table import installation, table
from libraries_table.installation import Installation
from libraries_table.program import FOLDER, Program, programs

#: Seconds for one program, on a busy machine.
LIMIT = 120.0

PROGRAMS = [pytest.param(program, id=program.name) for program in programs()]

VARIABLES = {
    # A certificate for localhost that nobody has signed, with its key.
    "EVERLOOP_TEST_CERTIFICATE": str(FOLDER / "localhost.pem"),
    # What was compiled once is there for the next program, as it is for a user.
    "PYTHONDONTWRITEBYTECODE": "",
}


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`everloop python`, which keeps what it compiles."""
    return as_program.python(*arguments, **{**VARIABLES, **variables})


@pytest.fixture(scope="module")
def installed() -> Installation:
    """The libraries, from everloop's pip. The first time takes some minutes."""
    return installation.prepared()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, kernel_environment: dict[str, str], installed: Installation
) -> Iterator[Shared]:
    """The kernel of these tests has the libraries as packages of its own."""
    environment = {**kernel_environment, **VARIABLES, "EVERLOOP_PACKAGES": str(installed.prefix)}
    shared = Shared(tmp_path_factory.mktemp("notebooks"), environment)
    yield shared
    shared.drop()


def test_the_table_is_that_of_the_programs(installed: Installation) -> None:
    expected = table.markdown(table.versions_in_the_file(), installation.extensions())
    assert table.FILE.read_text() == expected, "python -m libraries_table writes it"
    major = {name: version.split(".")[0] for name, version in installed.versions().items()}
    assert {
        name: version.split(".")[0] for name, version in table.versions_in_the_file().items()
    }.items() <= major.items()


@pytest.mark.parametrize("program", [param for param in PROGRAMS if "get_ipython" not in param.values[0].code])
def test_in_a_program(installed: Installation, program: Program) -> None:
    # There is no environment that a library could come from instead.
    done = python(str(program.path), EVERLOOP_ENVIRONMENT="", EVERLOOP_PACKAGES=str(installed.prefix))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_what_does_not_work_says_so() -> None:
    code = """
import importlib
from everloop.compat.extensions import EXTENSIONS
for module, (_, instead) in EXTENSIONS.items():
    try:
        importlib.import_module(module)
    except ImportError as error:
        assert "extension for CPython" in str(error) and instead in str(error), error
    else:
        print(module, "works")
"""
    done = python("-c", code, EVERLOOP_ENVIRONMENT="")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


#: Where the modules of these distributions lie that have been imported.
ORIGINS = """
import importlib.metadata, json, pathlib, sys
def tops(distribution):
    return {{file.parts[0].removesuffix(".py") for file in distribution.files if file.suffix == ".py"}}
names = set().union(*(tops(importlib.metadata.distribution(name)) for name in {names}))
print(json.dumps([sys.modules[name].__file__ for name in names if getattr(sys.modules.get(name), "__file__", None)]))
"""


@pytest.mark.everloop_only("asyncio.run() cannot be called from a running event loop")
@pytest.mark.parametrize("program", PROGRAMS)
def test_in_a_cell(kernel: Kernel, installed: Installation, program: Program) -> None:
    cell = kernel.submit(in_a_cell(program)).wait(LIMIT)
    assert (cell.reply["status"], cell.stdout.splitlines()[-1:]) == ("ok", ["done"]), kernel.transcript_text()
    files = json.loads(kernel.ok(ORIGINS.format(names=program.libraries)).stdout)
    assert files
    assert all(file.startswith(str(installed.prefix)) for file in files), files


def in_a_cell(program: Program) -> str:
    code = program.code
    for line, instead in IN_A_CELL.items():
        code = code.replace(line, instead)
    return code


#: `anyio.run` refuses to run where asyncio runs already.
IN_A_CELL = {
    'anyio.run(main, backend="asyncio")': "await main()",
    'anyio.run(main, backend="trio")': 'await anyio.to_thread.run_sync(lambda: anyio.run(main, backend="trio"))',
}

#: Those whose wheels for CPython have an extension beside the same in pure Python, and a module that is the extension.
BOTH_FORMS = {
    "use_aiohttp": ("aiohttp._http_parser", "multidict._multidict", "yarl._quoting_c", "frozenlist._frozenlist"),
    "use_jinja2": ("markupsafe._speedups",),
    "use_pyyaml": ("yaml._yaml",),
    "use_requests": ("charset_normalizer.md__mypyc",),
    "use_tornado": ("tornado.speedups",),
    "use_websockets": ("websockets.speedups",),
}


@pytest.mark.parametrize("name", BOTH_FORMS)
def test_the_pure_form_of_what_the_environment_has_for_cpython(tmp_path: Path, name: str) -> None:
    program = FOLDER / f"{name}.py"
    code = f"""
import runpy, sys
runpy.run_path({str(program)!r}, run_name="__main__")
print([name for name in {BOTH_FORMS[name]} if name in sys.modules])
"""
    done = python("-c", code, EVERLOOP_PACKAGES=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "done\n[]\n"), done.stderr


SERVE = """
import asyncio, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
async def greet(request):
    print("asked")
    return PlainTextResponse("hello")
server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/", greet)]), port=0))
serving = asyncio.create_task(server.serve())
while not server.started:
    await asyncio.sleep(0)
"""
ASK = """
import httpx
async with httpx.AsyncClient() as client:
    print((await client.get("http://127.0.0.1:{}".format(server.servers[0].sockets[0].getsockname()[1]))).text)
"""


@pytest.mark.everloop_only("what a task prints goes to the cell that runs")
def test_a_server_of_uvicorn_goes_on_between_cells(kernel: Kernel) -> None:
    serve = kernel.submit(SERVE).wait()
    assert kernel.ok(ASK).stdout == "hello\n"
    assert "asked" in serve.stdout
    # The server, which takes SIGINT for itself in a program, does not take this interrupt.
    endless = kernel.submit("print('begun', flush=True)\nwhile True:\n    pass").wait_for("begun")
    kernel.interrupt("message")
    assert endless.reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok(ASK).stdout == "hello\n"
    kernel.ok("server.should_exit = True\nawait serving")


REPORT = """
import ipytest, os
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
ipytest.autoconfig(addopts=["-q", "--color=no", "-p", "no:cacheprovider"])
number = 3
def test_passes():
    assert number == 3
def test_fails():
    assert [number, 2] == [3, 1]
ipytest.run()
"""


@pytest.mark.everloop_only("its libraries are installed for it")
def test_the_report_of_ipytest_is_shown_under_the_cell(kernel: Kernel) -> None:
    cell = kernel.submit(REPORT).wait(LIMIT)
    assert "1 failed, 1 passed in" in plain(cell.stdout)
    again = kernel.submit("%%ipytest\ndef test_fails():\n    assert [number, 2] == [3, 1]").wait(LIMIT)
    assert ">       assert [number, 2] == [3, 1]\nE       assert [3, 2] == [3, 1]" in plain(again.stdout)
    assert "At index 1 diff: 2 != 1" in plain(again.stdout)


@pytest.mark.everloop_only("its libraries are installed for it")
def test_a_table_of_rich_is_shown_as_html(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import rich, rich.table\ntable = rich.table.Table('a')\ntable.add_row('[red]b')\nrich.print(table)"
    )
    (shown,) = cell.published("display_data")
    assert "b</span>" in shown["data"]["text/html"]


NEST = """
import asyncio, {library}
before = asyncio.run, asyncio.Task, asyncio.Future, type(asyncio.get_running_loop()).run_until_complete
{library}.apply()
{library}.apply(asyncio.get_running_loop())
assert before == (asyncio.run, asyncio.Task, asyncio.Future, type(asyncio.get_running_loop()).run_until_complete)

async def inner():
    await asyncio.sleep(0)
    return 1
async def outer():
    return asyncio.run(inner()) + asyncio.get_running_loop().run_until_complete(inner())
task = asyncio.create_task(inner())
asyncio.run(outer()) + await task
"""


@pytest.mark.everloop_only("there it replaces what it replaces")
@pytest.mark.parametrize("library", ["nest_asyncio", "nest_asyncio2"])
def test_nest_asyncio_changes_nothing(kernel: Kernel, library: str) -> None:
    assert kernel.ok(NEST.format(library=library)).result == "3"


@pytest.mark.parametrize("library", ["nest_asyncio", "nest_asyncio2"])
def test_nest_asyncio_in_a_program(library: str) -> None:
    code = f"""
import {library}, asyncio
{library}.apply()
async def outer(): return asyncio.run(inner())
async def inner(): return 'nested'
print(asyncio.run(outer()), asyncio.run.__module__)
"""
    done = python("-c", code)
    assert done.stdout == "nested everloop.reentry\n", done.stderr


def test_socket_still_lacks_recvmsg_into() -> None:
    """When this fails, ``everloop.compat.sockets`` is not needed any more."""
    code = (
        "import _socket, socket; print(hasattr(_socket.socket, 'recvmsg_into'), hasattr(socket.socket, 'recvmsg_into'))"
    )
    assert python("-c", code).stdout == "False True\n"


def test_recvmsg_into_fills_one_buffer_after_the_other() -> None:
    code = """
import socket
a, b = socket.socketpair()
a.send(b'abcdef')
first, second = bytearray(4), bytearray(4)
print(b.recvmsg_into([first, second])[:3], first, second)
"""
    assert python("-c", code).stdout == "(6, [], 0) bytearray(b'abcd') bytearray(b'ef\\x00\\x00')\n"


def test_sets_leave_an_operator_to_what_is_on_its_right() -> None:
    code = """
from operator import iand, ior, isub, ixor
class Right:
    def __ror__(self, left):
        return sorted(left)
    __rand__ = __rxor__ = __rsub__ = __ror__
print([change({1, 2}, Right()) for change in (ior, iand, isub, ixor)])
print(ior({1, 2}, {3}), iand({1, 2}, {2}), isub({1, 2}, {2}), ixor({1, 2}, frozenset({2, 3})))
try:
    ior({1}, [2])
except TypeError as error:
    print(error)
"""
    changed = "[[1, 2], [1, 2], [1, 2], [1, 2]]\n{1, 2, 3} {2} {1} {1, 3}\n"
    assert python("-c", code).stdout == f"{changed}unsupported operand type(s) for |=: 'set' and 'list'\n"


def test_jsonschema_works_no_grammar_out_before_it_needs_it() -> None:
    code = """
import lark
make, made = lark.Lark.__init__, []
def counted(self, *args, **options):
    made.append(self)
    make(self, *args, **options)
lark.Lark.__init__ = counted
import jsonschema
print(len(made))
print([jsonschema.FormatChecker().conforms(text, "iri") for text in ("http://caf\u00e9.example/", "no iri")], len(made) > 0)
"""
    assert python("-c", code).stdout == "0\n[True, False] True\n"


def test_jsonschema_works_without_the_extension_rpds() -> None:
    code = """
import jsonschema, pickle, rpds
schema = {"properties": {"a": {"$ref": "#/$defs/whole"}}, "$defs": {"whole": {"type": "integer"}}}
jsonschema.validate({"a": 1}, schema)
try:
    jsonschema.validate({"a": "one"}, schema)
except jsonschema.ValidationError as error:
    print(error.message)
one = rpds.HashTrieMap(a=1)
two = one.insert("b", 2)
print(dict(one), dict(two), dict(two.remove("a")), pickle.loads(pickle.dumps(two)) == two)
try:
    one.remove("b")
except KeyError as error:
    print(error)
print(list(rpds.List([1, 2]).push_front(0).rest), list(rpds.Queue([1, 2]).enqueue(3).dequeue()))
print(sorted(rpds.HashTrieSet([1]).insert(2).update([3], [4]).discard(1)))
"""
    dicts = "{'a': 1} {'a': 1, 'b': 2} {'b': 2} True\n"
    rows = "[1, 2] [2, 3]\n[2, 3, 4]\n"
    assert python("-c", code).stdout == f"'one' is not of type 'integer'\n{dicts}'b'\n{rows}"

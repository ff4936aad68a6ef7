"""``everloop python``, and ``sys.executable`` of a cell: Python as a program, with EverLoop as asyncio's loop."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from client import Kernel

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")
PROCESSES = Path(__file__).parent / "programs" / "processes.py"


def python(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, "python", *arguments], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_command_a_module_and_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; print(sys.argv, __name__, sys.path[0])")
    assert python("-c", "import sys; print(sys.argv)", "-x").stdout == "['-c', '-x']\n"
    assert python(str(script), "install").stdout == f"{[str(script), 'install']} __main__ {tmp_path}\n"
    assert python("-m", "script", cwd=tmp_path).stdout == f"{[str(script)]} __main__ {tmp_path}\n"
    assert python("-", input="print(6 * 7)").stdout == "42\n"
    assert python(input="print(6 * 7)").stdout == "42\n"


def test_a_directory_with_a_main(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import helper; print(helper.name)")
    (tmp_path / "helper.py").write_text("name = 'helper'")
    assert python(str(tmp_path)).stdout == "helper\n"


def test_exit_codes_and_errors() -> None:
    assert python("-c", "raise SystemExit(3)").returncode == 3
    failed = python("-c", "1/0")
    assert failed.returncode == 1
    assert failed.stderr.endswith("ZeroDivisionError: division by zero\n")
    missing = python("no-such-file.py")
    assert missing.returncode == 2
    assert "can't open file" in missing.stderr
    assert python("--no-such-option").returncode == 2


def test_asyncio_makes_ever_loops() -> None:
    code = """
import asyncio, json
async def main():
    return type(asyncio.get_running_loop()).__name__
print(json.dumps([
    asyncio.run(main()),
    type(asyncio.new_event_loop()).__name__,
    asyncio.EventLoop.__name__,
    asyncio.run(main(), loop_factory=asyncio.SelectorEventLoop),
]))
"""
    names = json.loads(python("-c", code).stdout)
    assert names == ["EverLoop", "EverLoop", "EverLoop", "_UnixSelectorEventLoop"]


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_pools_of_processes(method: str) -> None:
    assert python(str(PROCESSES), method).stdout == "[0, 1, 4]\n[0, 1, 4]\n"


@pytest.mark.everloop_only("an ipykernel's sys.executable is CPython")
def test_the_executable_of_a_cell_is_the_same_python(kernel: Kernel) -> None:
    code = """
import subprocess, sys
def run(*arguments): return subprocess.run([sys.executable, *arguments], capture_output=True, text=True).stdout
print(run('-c', 'import asyncio; print(asyncio.EventLoop.__name__)'), 'usage:' in run('-m', 'json.tool', '--help'))
"""
    assert kernel.ok(code).stdout == "EverLoop\n True\n"


def test_a_cell_starts_processes(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "squares.py").write_text("def square(x): return x * x\n")
    code = f"""
import sys, multiprocessing
sys.path.insert(0, {str(tmp_path)!r})
from squares import square
with multiprocessing.get_context('spawn').Pool(2) as pool:
    print(pool.map(square, range(4)))
"""
    assert kernel.ok(code).stdout == "[0, 1, 4, 9]\n"


def test_the_default_executor() -> None:
    program = python(str(PROCESSES.with_name("executor.py")))
    assert program.returncode == 0, program.stderr
    assert program.stdout.splitlines()[-1] == "its_threads_end_with_it"


def test_a_signal_ends_the_parking_of_the_loop() -> None:
    code = """
import asyncio, signal
async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    signal.signal(signal.SIGALRM, lambda *_: future.set_result('alarm'))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    return await asyncio.wait_for(future, 30)
print(asyncio.run(main()), signal.set_wakeup_fd(-1))
"""
    program = python("-c", code)
    assert program.stdout == "alarm -1\n", program.stderr


def test_the_loop_parks_again_after_a_timer() -> None:
    """A collection on another thread waits until the loop's thread is parked or runs Python."""
    code = """
import asyncio, gc
async def main():
    await asyncio.sleep(0.01)
    await asyncio.wait_for(asyncio.to_thread(gc.collect), 30)
    print('collected')
asyncio.run(main())
"""
    program = python("-c", code)
    assert program.stdout == "collected\n", program.stderr


REWRITTEN = """
import ast
tree = ast.parse("print(5, [-1, 5j, 'x'])")
tree.body[0].value.args[0] = ast.Constant(-5)
code = compile(ast.fix_missing_locations(tree), "<tree>", "exec")
"""


def test_a_tree_with_a_negative_number_compiles() -> None:
    done = python("-c", REWRITTEN + "exec(code)\nprint(tree.body[0].value.args[0].value)")
    assert done.stdout == "-5 [-1, 5j, 'x']\n-5\n", done.stderr


def test_rustpython_still_panics_at_a_negative_number() -> None:
    """When this fails, `compat/negative_numbers.py` is no longer needed."""
    unrepaired = """
from everloop.compat import negative_numbers
negative_numbers.rewritten.__code__ = (lambda tree: tree).__code__
"""
    done = python("-c", unrepaired + REWRITTEN)
    assert done.returncode != 0
    assert "panicked" in done.stderr

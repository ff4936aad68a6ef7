"""``!command``, ``!!command``, ``%sx``, ``%%script`` and its kind: what they do, and that the loop goes on meanwhile."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from client import IS_EVERLOOP, LIMIT, Kernel, Request

STOPS_THE_LOOP = "ipykernel's loop stops while a command runs"

#: A background task that opens a gate for a command: the command ends only if the loop goes on meanwhile.
GATE = """
import asyncio, pathlib
async def open_gate(path):
    while not pathlib.Path(path + '.waits').exists():
        await asyncio.sleep(0.01)
    pathlib.Path(path).touch()
"""


def waiting(gate: Path) -> str:
    """A command that ends when `gate` is there, and gives up long before a test does."""
    late = f"[ $n -lt 400 ] || {{ touch {gate}.late; exit 9; }}"
    return f"touch {gate}.waits; n=0; until [ -e {gate} ]; do sleep 0.02; n=$((n+1)); {late}; done"


def came_in_time(gate: Path) -> bool:
    """Whether a command saw the gate open."""
    return gate.exists() and not Path(f"{gate}.late").exists()


def wait_gone(pid: int, limit: float = LIMIT) -> None:
    deadline = time.monotonic() + limit
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline, f"process {pid} is still there after {limit} s"
        time.sleep(0.02)


# -- what they do


def test_the_output_of_both_streams_comes_from_a_terminal(kernel: Kernel) -> None:
    cell = kernel.ok("!echo one; echo two >&2; test -t 0 && test -t 1 && test -t 2 && stty size")
    assert (cell.stdout, cell.stderr) == ("one\r\ntwo\r\n24 80\r\n", "")


def test_the_terminal_is_the_one_that_programs_ask_for_passwords(kernel: Kernel) -> None:
    assert kernel.ok("!echo direct > /dev/tty").stdout == "direct\r\n"


@pytest.mark.parametrize(
    ("command", "code"), [("true", 0), ("exit 3", 3), ("exit 200", -72), ("kill -9 $$", -9), ("sh -c 'kill -9 $$'", -9)]
)
def test_exit_codes(kernel: Kernel, command: str, code: int) -> None:
    assert kernel.ok(f"!{command}\n_exit_code").result == str(code)


def test_a_command_that_leaves_its_terminal_is_waited_for(kernel: Kernel) -> None:
    assert kernel.run("!exec >/dev/null 2>&1 </dev/null; sleep 0.1; exit 5").stdout == ""
    if IS_EVERLOOP:
        assert kernel.ok("_exit_code").result == "5"


def test_a_captured_command_has_no_terminal(kernel: Kernel) -> None:
    cell = kernel.ok("x = !echo one; echo two >&2; tty\nx, type(x).__name__, x.n")
    assert cell.result == "(['one', 'two', 'not a tty'], 'SList', 'one\\ntwo\\nnot a tty')"
    assert cell.stdout == ""


@pytest.mark.parametrize(
    "code", ["!!echo a; echo b", "%sx echo a; echo b", "%system echo a; echo b", "%%sx\necho a\necho b"]
)
def test_forms_that_return_their_output(kernel: Kernel, code: str) -> None:
    assert kernel.ok(code).result == "['a', 'b']"


def test_the_output_of_a_cell_of_commands_in_a_variable(kernel: Kernel) -> None:
    assert kernel.ok("%%sx --out result\necho a\necho b").result is None
    assert kernel.ok("result").result == "['a', 'b']"


def test_variables_are_expanded(kernel: Kernel) -> None:
    cell = kernel.ok("word = 'v'\n!echo $word {word * 2} $$HOME {word!r}")
    assert cell.stdout == f"v vv {os.environ['HOME']} v\r\n"


def test_local_variables_are_expanded(kernel: Kernel) -> None:
    code = """
def f(q):
    !echo {q} $q
    y = !echo {q * 2}
    %sx echo {q}
    return y
f(21)
"""
    cell = kernel.ok(code)
    assert (cell.stdout, cell.result) == ("21 21\r\n", "['42']")


def test_a_command_for_the_background_is_refused(kernel: Kernel) -> None:
    for code in ("!sleep 1 &", "x = !sleep 1 &"):
        assert kernel.run(code).traceback.endswith("OSError: Background processes not supported.")


def test_a_character_in_two_pieces(kernel: Kernel) -> None:
    cell = kernel.ok("x = !printf 'a\\303'; printf '\\251'\nx")
    assert cell.result == "['aé']"


def test_much_output_arrives_whole(kernel: Kernel) -> None:
    expected = "".join(f"{number}\n" for number in range(1, 50001))
    assert kernel.ok("!seq 50000").stdout.replace("\r\n", "\n") == expected
    assert kernel.ok("%%sh\nseq 50000").stdout == expected
    assert kernel.ok("x = !seq 50000\nlen(x), x[-1]").result == "(50000, '50000')"


def test_bytes_that_are_no_text(kernel: Kernel) -> None:
    assert kernel.ok(r"!printf '<\377>'").stdout == "<\N{REPLACEMENT CHARACTER}>"
    assert kernel.ok("%%sh\nprintf '<\\377>'").stdout == "<\N{REPLACEMENT CHARACTER}>"


def test_errors_can_be_raised(kernel: Kernel) -> None:
    kernel.ok("get_ipython().system_raise_on_error = True")
    try:
        cell = kernel.run("!exit 3")
        assert cell.reply["ename"] == "CalledProcessError"
        assert cell.reply["evalue"] == "Command 'exit 3' returned non-zero exit status 3."
        assert kernel.run("x = !exit 4").reply["evalue"] == "Command 'exit 4' returned non-zero exit status 4."
        assert kernel.ok("x = !echo err >&2; echo out\nx").result == "['out', 'err']"
    finally:
        kernel.ok("get_ipython().system_raise_on_error = False")


def test_captured_and_redirected_output(kernel: Kernel) -> None:
    assert kernel.ok("%%capture captured\n!echo a\nx = !echo b").stdout == ""
    assert kernel.ok("captured.stdout").result == r"'a\r\n'"
    code = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as redirected:
    !echo c
redirected.getvalue()
"""
    cell = kernel.ok(code)
    assert (cell.stdout, cell.result) == ("", r"'c\r\n'")


def test_a_thread_runs_commands(kernel: Kernel) -> None:
    code = """
import threading
def run():
    get_ipython().system('echo a')
    print(get_ipython().getoutput('echo b'))
    get_ipython().run_cell_magic('sh', '', 'echo c')
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    assert kernel.ok(code).stdout == "a\r\n['b']\nc\n"


def test_another_function_may_take_the_place_of_system(kernel: Kernel) -> None:
    cell = kernel.ok("ip = get_ipython()\nip.system = lambda cmd: print('mine', cmd)\n!echo a\ndel ip.system\n!echo b")
    assert cell.stdout == "mine echo a\nb\r\n"


# -- scripts


def test_a_script_has_two_streams_and_no_terminal(kernel: Kernel) -> None:
    cell = kernel.ok('%%bash\necho out\necho err >&2\ntty\nread line; echo "[$line]"\nnext line')
    assert (cell.stdout, cell.stderr) == ("out\nnot a tty\n[next line]\n", "err\n")


@pytest.mark.parametrize("magic", ["script sh", "sh", "bash", "script --no-raise-error sh -e"])
def test_names_of_scripts(kernel: Kernel, magic: str) -> None:
    assert kernel.ok(f"%%{magic}\necho $((6 * 7))").stdout == "42\n"


def test_arguments_of_scripts(kernel: Kernel) -> None:
    assert kernel.ok("%%bash -s one two\necho $2 $1").stdout == "two one\n"
    failed = kernel.run("%%bash -e\nfalse\necho not here")
    assert failed.stdout == ""
    assert failed.reply["evalue"] == "Command 'b'false\\necho not here\\n'' returned non-zero exit status 1."


def test_output_in_variables(kernel: Kernel) -> None:
    cell = kernel.ok("%%sh --out out --err err\necho 1; echo 2 >&2")
    assert (cell.stdout, cell.stderr) == ("", "")
    assert kernel.ok("out, err").result == r"('1\n', '2\n')"


def test_a_failing_script(kernel: Kernel) -> None:
    cell = kernel.run("%%sh\nexit 4")
    assert cell.reply["ename"] == "CalledProcessError"
    assert cell.reply["evalue"] == "Command 'b'exit 4\\n'' returned non-zero exit status 4."
    assert kernel.run("%%sh\nkill -9 $$").reply["evalue"].endswith("died with <Signals.SIGKILL: 9>.")
    assert kernel.ok("%%sh --no-raise-error\nexit 4").error is None


def test_a_program_that_is_not_there(kernel: Kernel) -> None:
    assert kernel.ok("%%script no-such-program\ntext").stdout == "Couldn't find program: 'no-such-program'\n"


def test_a_program_that_does_not_read_its_cell(kernel: Kernel) -> None:
    cell = kernel.ok("get_ipython().run_cell_magic('script', 'true', 'x' * 1_000_000)")
    assert (cell.stdout, cell.stderr) == ("", "")


def test_a_script_in_the_background(kernel: Kernel) -> None:
    kernel.ok("%%sh --bg --out out --err err --proc process\necho 1; echo 2 >&2; exit 3")
    assert kernel.ok("await out.read(), await err.read(), await process.wait()").result == r"(b'1\n', b'2\n', 3)"


@pytest.mark.everloop_only("ipykernel throws the output of a background script away")
def test_the_output_of_a_background_script_appears_under_its_cell(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cell = kernel.ok(f"%%sh --bg\n{waiting(gate)}\necho late; echo worse >&2")
    other = kernel.ok(f"import pathlib\npathlib.Path({str(gate)!r}).touch()")
    cell.wait_for("late\n")
    cell.wait_for("worse\n", "stderr")
    assert (other.stdout, other.stderr) == ("", "")


@pytest.mark.everloop_only("ipykernel kills the program alone, and not what that started")
def test_killbgscripts(kernel: Kernel) -> None:
    kernel.ok("%%bash --bg --proc process --out out\nsleep 1000 & echo $!\nwait")
    child = int(kernel.ok("print(int(await out.readline()))").stdout)
    assert kernel.ok("%killbgscripts").stdout == "All background processes were killed.\n"
    assert kernel.ok("await process.wait()").result == "-2"
    wait_gone(child)


# -- the loop goes on


@pytest.mark.everloop_only(STOPS_THE_LOOP)
@pytest.mark.parametrize(
    "form",
    [
        "!{command}",
        "x = !{command}",
        "!!{command}",
        "%sx {command}",
        "for _ in range(1):\n    !{command}",
        "def f():\n    !{command}\nf()",
        "def f():\n    return get_ipython().getoutput({command!r})\nf()",
        "def f():\n    get_ipython().run_cell_magic('sh', '', {command!r})\nf()",
        "get_ipython().run_line_magic('sx', {command!r})",
        "%time !{command}",
    ],
)
def test_a_background_task_goes_on(kernel: Kernel, tmp_path: Path, form: str) -> None:
    gate = tmp_path / "gate"
    kernel.ok(f"{GATE}\ntask = asyncio.create_task(open_gate({str(gate)!r}));")
    kernel.ok(form.format(command=waiting(gate)))
    assert came_in_time(gate)


@pytest.mark.everloop_only(STOPS_THE_LOOP)
@pytest.mark.parametrize("magic", ["bash", "sh", "script sh", "sh --out x", "!"])
def test_a_background_task_goes_on_during_a_script(kernel: Kernel, tmp_path: Path, magic: str) -> None:
    gate = tmp_path / "gate"
    kernel.ok(f"{GATE}\ntask = asyncio.create_task(open_gate({str(gate)!r}));")
    kernel.ok(f"%%{magic}\n{waiting(gate)}")
    assert came_in_time(gate)


@pytest.mark.parametrize("form", ["!{command}", "%%sh\n{command}"])
def test_output_comes_while_the_command_runs(kernel: Kernel, tmp_path: Path, form: str) -> None:
    gate = tmp_path / "gate"
    cell = kernel.submit(form.format(command=f"echo begun; {waiting(gate)}; echo done"))
    cell.wait_for("begun")
    assert "done" not in cell.stdout
    gate.touch()
    assert cell.wait().reply["status"] == "ok"
    assert "done" in cell.stdout


@pytest.mark.everloop_only(STOPS_THE_LOOP)
def test_comms_are_served_while_a_command_runs(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    kernel.ok(
        "import comm, pathlib\n"
        "def opened(comm, message): pathlib.Path(message['content']['data']['path']).touch()\n"
        "comm.get_comm_manager().register_target('gate', opened)"
    )
    cell = kernel.submit(f"!echo begun; {waiting(gate)}").wait_for("begun")
    content = {"comm_id": "1", "target_name": "gate", "data": {"path": str(gate)}}
    kernel.request("comm_open", content).wait_idle()
    cell.wait()
    assert came_in_time(gate)


@pytest.mark.everloop_only("ipykernel has no system_async")
def test_commands_side_by_side(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    code = f"""
import asyncio
ip = get_ipython()
await asyncio.gather(ip.system_async({waiting(gate)!r}), ip.system_async('touch {gate}'), ip.getoutput_async('echo a'))
"""
    assert kernel.ok(code).result == "[None, None, ['a']]"
    assert came_in_time(gate)


@pytest.mark.everloop_only("ipykernel has no system_async")
@pytest.mark.parametrize("call", ["system_async", "getoutput_async"])
def test_a_cancelled_command_is_killed(kernel: Kernel, tmp_path: Path, call: str) -> None:
    code = f"""
import asyncio, pathlib
file = pathlib.Path({str(tmp_path)!r}, 'pid')
task = asyncio.create_task(get_ipython().{call}(f'echo $$$$ > {{file}}.new; mv {{file}}.new {{file}}; sleep 1000'))
while not file.exists():
    await asyncio.sleep(0.01)
task.cancel()
try:
    await task
except asyncio.CancelledError:
    print(file.read_text())
"""
    wait_gone(int(kernel.ok(code).stdout))


# -- interrupts

#: ipykernel is interrupted by a signal.
INTERRUPTS = ["message", "signal"] if IS_EVERLOOP else ["signal"]


@pytest.mark.parametrize("how", INTERRUPTS)
@pytest.mark.parametrize("form", ["!{command}", "def f():\n    !{command}\nf()"])
def test_an_interrupt_types_ctrl_c(kernel: Kernel, how: str, form: str) -> None:
    cell = kernel.submit(form.format(command="echo $$$$; sleep 1000; echo not here") + "\nprint('on', _exit_code)")
    pid = int(wait_for_number(cell))
    kernel.interrupt(how)
    assert cell.wait().reply["status"] == "ok"
    assert cell.stdout == f"{pid}\r\n^C\r\non -2\n"
    wait_gone(pid)


def wait_for_number(cell: Request) -> str:
    cell.kernel.until(lambda: re.match(r"\d+\r?\n", cell.stdout), "a number on stdout")
    return cell.stdout.strip()


@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_of_a_command_that_reads(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("!echo begun; cat").wait_for("begun")
    kernel.interrupt(how)
    assert cell.wait().stdout == "begun\r\n^C\r\n"


def test_a_command_that_does_not_want_to_end_is_killed(kernel: Kernel) -> None:
    cell = kernel.submit("!trap '' INT HUP TERM; echo $$$$; while :; do sleep 1; done")
    pid = int(wait_for_number(cell))
    kernel.interrupt("signal")
    assert cell.wait().reply["status"] == "ok"
    wait_gone(pid)
    if IS_EVERLOOP:
        assert kernel.ok("_exit_code").result == "-9"


@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_of_a_captured_command(kernel: Kernel, how: str, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    cell = kernel.submit(f"x = !echo $$$$ > {file}.new; mv {file}.new {file}; sleep 1000; sleep 1001\nx")
    kernel.until(file.exists, "the command")
    kernel.interrupt(how)
    assert cell.wait().result == "[]"
    assert cell.stdout == "^C\n"
    wait_gone(int(file.read_text()))


@pytest.mark.everloop_only("in ipykernel the child of the script goes on, and an error of its own comes of it")
@pytest.mark.parametrize("how", INTERRUPTS)
@pytest.mark.parametrize(
    ("trap", "fate", "number"),
    [("", "interrupted", 2), ("trap '' INT", "terminated", 15), ("trap '' INT TERM", "killed", 9)],
)
def test_an_interrupt_of_a_script(kernel: Kernel, how: str, trap: str, fate: str, number: int) -> None:
    cell = kernel.submit(f"%%bash\n{trap}\nsh -c 'echo $$; exec sleep 1000'")
    child = int(wait_for_number(cell))
    kernel.interrupt(how)
    reply = cell.wait().reply
    assert reply["ename"] == "CalledProcessError"
    assert f": {number}>" in reply["evalue"]
    assert cell.stdout == f"{child}\nProcess was {fate}.\n"
    wait_gone(child)
    assert kernel.ok("'alive'").result == "'alive'"


@pytest.mark.everloop_only("in ipykernel the child of the script goes on")
def test_an_interrupt_without_an_error(kernel: Kernel) -> None:
    cell = kernel.submit("%%sh --no-raise-error\necho begun\nsleep 1000").wait_for("begun")
    kernel.interrupt("signal")
    assert cell.wait().reply["status"] == "ok"
    assert cell.stdout == "begun\nProcess was interrupted.\n"


@pytest.mark.everloop_only(STOPS_THE_LOOP)
def test_an_interrupt_leaves_background_tasks_and_scripts_alone(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    background = kernel.ok(f"{GATE}\ntask = asyncio.create_task(open_gate({str(gate)!r}));")
    script = kernel.ok(f"%%sh --bg\nuntil [ -e {gate} ]; do sleep 0.02; done; echo opened")
    cell = kernel.submit("!echo begun; sleep 1000").wait_for("begun")
    kernel.interrupt("message")
    cell.wait()
    Path(f"{gate}.waits").touch()
    script.wait_for("opened")
    assert kernel.ok("await task")
    assert background.error is None


# -- the end of the kernel


@pytest.mark.parametrize(
    "form", ["!echo $$$$; sleep 1000", "%%bash\necho $$\nsleep 1000", "%%bash --bg\necho $$\nsleep 1000"]
)
@pytest.mark.everloop_only("ipykernel waits for its cell")
def test_shutdown_ends_commands(start_kernel: Callable[..., Kernel], form: str) -> None:
    kernel = start_kernel()
    pid = int(wait_for_number(kernel.submit(form)))
    kernel.expects_death = True
    kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    kernel.wait_exit(5)
    wait_gone(pid)


def test_no_descriptor_stays_open(kernel: Kernel) -> None:
    def descriptors() -> int:
        links = [os.readlink(path) for path in Path(f"/proc/{kernel.pid}/fd").iterdir()]
        return sum(link.startswith(("pipe:", "/dev/p", "anon_inode:[pidfd]")) for link in links)

    run = "for _ in range(10):\n    !echo\n    x = !echo"
    kernel.ok(run)
    before = descriptors()
    kernel.ok(run)
    assert descriptors() <= before


def test_no_zombie_stays(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("!true\nx = !true")
    fresh_kernel.ok("%%sh\ntrue")
    children = [path for path in Path("/proc").glob("[0-9]*/stat") if parent_of(path) == fresh_kernel.pid]
    assert children == []


def parent_of(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return os.getpid()

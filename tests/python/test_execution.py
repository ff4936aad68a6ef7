"""What an execute_request does, whatever the code: fields, counting, order, abort, names, leaving."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from pathlib import Path

import pytest
from client import Kernel, Request, plain

# Keeps a cell running until the test has sent all that it wants queued behind it.
HOLD = "import os, time\nwhile not os.path.exists({gate!r}): time.sleep(0.005)\n"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def test_only_the_code_is_required(kernel: Kernel) -> None:
    cell = kernel.request("execute_request", {"code": "6 * 7"}).wait()
    assert cell.reply["status"] == "ok"
    assert cell.result == "42"


def test_the_first_cell_is_number_one(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok("'first'")
    assert cell.reply["execution_count"] == 1
    assert cell.published("execute_input") == [{"code": "'first'", "execution_count": 1}]
    assert cell.published("execute_result")[0]["execution_count"] == 1


def test_order_on_iopub(kernel: Kernel) -> None:
    cell = kernel.ok("print('printed', flush=True)\ndisplay('shown')\n'value'")
    # How the text of one stream is cut into messages is the kernel's affair.
    kinds = [kind for kind, _run in groupby(cell.published_types)]
    assert kinds == ["status", "execute_input", "stream", "display_data", "execute_result", "status"]
    assert cell.stdout == "printed\n"


def test_streams_keep_their_place_among_displays(kernel: Kernel) -> None:
    cell = kernel.ok("for i in range(5):\n    print(i)\n    display(i)")
    seen = "".join(
        content["text"] if "text" in content else f"<{content['data']['text/plain']}>"
        for content in cell.published("stream", "display_data")
    )
    assert seen == "".join(f"{i}\n<{i}>" for i in range(5))


def test_stdout_and_stderr_keep_their_order(kernel: Kernel) -> None:
    cell = kernel.ok("import sys\nfor i in range(3):\n    print('out', i)\n    print('err', i, file=sys.stderr)")
    assert cell.stdout == "out 0\nout 1\nout 2\n"
    assert cell.stderr == "err 0\nerr 1\nerr 2\n"


def test_all_of_a_flood_of_prints_arrives(kernel: Kernel) -> None:
    cell = kernel.ok("for i in range(20000): print(i)")
    assert cell.stdout == "".join(f"{i}\n" for i in range(20000))


def test_a_large_output_arrives_whole(kernel: Kernel) -> None:
    assert len(kernel.ok("print('x' * 5_000_000)").stdout) == 5_000_001


def test_any_text_survives(kernel: Kernel) -> None:
    text = 'ünïcødé 漢字 🎉 \u2028 \\n "quotes" \x1b[31mred\x1b[0m'
    assert kernel.ok(f"print({text!r})").stdout == text + "\n"
    assert kernel.ok(f"{text!r}").result == repr(text)


# -- silent, store_history


def test_silent(kernel: Kernel) -> None:
    count = kernel.ok("0").reply["execution_count"]
    silent = kernel.ok("silently = 'set'; silently", silent=True)
    assert silent.published_types == ["status", "status"]
    after = kernel.ok("silently")
    assert after.result == "'set'"
    assert after.reply["execution_count"] == count + 1


def test_silent_is_not_remembered(kernel: Kernel) -> None:
    kernel.ok("'not for the history'", silent=True)
    assert kernel.ok("'not for the history' in In").result == "False"


def test_what_a_silent_cell_prints_is_shown(kernel: Kernel) -> None:
    assert kernel.ok("print('still here')", silent=True).stdout == "still here\n"


def test_without_store_history(kernel: Kernel) -> None:
    count = kernel.ok("0").reply["execution_count"]
    cell = kernel.ok("'shown all the same'", store_history=False)
    assert cell.result == "'shown all the same'"
    after = kernel.ok("'shown all the same' in [code.strip() for code in In]")
    assert after.result == "False"
    assert after.reply["execution_count"] == count + 1


def test_an_empty_cell_is_not_counted(kernel: Kernel) -> None:
    count = kernel.ok("0").reply["execution_count"]
    for code in ("", "   \n\n", "\n"):
        kernel.ok(code)
    assert kernel.ok("0").reply["execution_count"] == count + 1


def test_a_cell_of_comments_is_ok(kernel: Kernel) -> None:
    assert kernel.ok("# only a comment").result is None


def test_an_error_is_counted(kernel: Kernel) -> None:
    count = kernel.ok("0").reply["execution_count"]
    assert kernel.run("1 / 0").reply["execution_count"] == count + 1
    assert kernel.ok("0").reply["execution_count"] == count + 2


def test_the_same_number_everywhere(kernel: Kernel) -> None:
    cell = kernel.ok("'x'")
    numbers = {content["execution_count"] for content in cell.published("execute_input", "execute_result")}
    assert numbers == {cell.reply["execution_count"]}


# -- replies


def test_user_expressions(kernel: Kernel) -> None:
    cell = kernel.ok("a = 20", user_expressions={"good": "a + 1", "bad": "1 / 0", "worse": "a b"})
    expressions = cell.reply["user_expressions"]
    assert expressions["good"]["status"] == "ok"
    assert expressions["good"]["data"] == {"text/plain": "21"}
    assert expressions["good"]["metadata"] == {}
    assert expressions["bad"]["status"] == "error"
    assert expressions["bad"]["ename"] == "ZeroDivisionError"
    assert isinstance(expressions["bad"]["traceback"], list)
    assert expressions["worse"]["ename"] == "SyntaxError"
    assert cell.error is None


def test_no_user_expressions_after_an_error(kernel: Kernel) -> None:
    assert kernel.run("1 / 0", user_expressions={"x": "1"}).reply.get("user_expressions", {}) == {}


def test_an_ok_reply(kernel: Kernel) -> None:
    entry = kernel.ok("1").wait_reply()
    assert entry.content["status"] == "ok"
    assert entry.content["payload"] == []
    assert entry.content["user_expressions"] == {}
    started = datetime.fromisoformat(str(entry.message["metadata"]["started"]).replace("Z", "+00:00"))
    assert started.tzinfo is not None
    assert started <= entry.message["header"]["date"]


def test_an_error_reply_says_what_was_published(kernel: Kernel) -> None:
    cell = kernel.run("raise ValueError('wrong value')")
    reply = cell.reply
    assert reply["status"] == "error"
    assert (reply["ename"], reply["evalue"]) == ("ValueError", "wrong value")
    assert cell.error == {key: reply[key] for key in ("ename", "evalue", "traceback")}
    assert isinstance(reply["execution_count"], int)


def test_replies_come_from_one_session_that_is_not_ours(kernel: Kernel) -> None:
    kernel.ok("1")
    sessions = {entry.message["header"]["session"] for entry in kernel.transcript}
    assert len(sessions) == 1
    assert kernel.session.session not in sessions


# -- order and abort


def test_a_hundred_cells_run_in_order(kernel: Kernel) -> None:
    first = kernel.ok("seen = []").reply["execution_count"]
    cells = [kernel.submit(f"seen.append({i})") for i in range(100)]
    assert [cell.wait().reply["execution_count"] for cell in cells] == list(range(first + 1, first + 101))
    assert kernel.ok("seen == list(range(100))").result == "True"


def test_an_async_cell_does_not_let_the_next_pass(kernel: Kernel) -> None:
    kernel.submit("import asyncio\norder = ['begin']\nawait asyncio.sleep(0.2)\norder.append('end')")
    assert kernel.ok("order + ['next']").result == "['begin', 'end', 'next']"


def test_an_error_aborts_the_hundred_cells_behind_it(kernel: Kernel, gate: Path) -> None:
    kernel.ok("ran = []")
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('stop')")
    queued = [kernel.submit(f"ran.append({i})") for i in range(100)]
    kernel.until_queued()
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    for cell in queued:
        assert cell.wait().reply == {"status": "aborted"}
        assert cell.published_types == ["status", "status"]
    assert kernel.ok("ran").result == "[]"


def test_an_abort_spares_the_other_requests(kernel: Kernel, gate: Path) -> None:
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('stop')")
    cell = kernel.submit("'never'")
    info = kernel.request("kernel_info_request")
    complete = kernel.request("is_complete_request", {"code": "if True:"})
    kernel.until_queued()
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    assert info.wait().reply["status"] == "ok"
    assert complete.wait().reply["status"] == "incomplete"
    assert cell.wait().reply["status"] == "aborted"


def test_an_aborted_cell_is_not_counted(kernel: Kernel, gate: Path) -> None:
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('stop')")
    aborted = kernel.submit("'never'")
    kernel.until_queued()
    gate.touch()
    count = failing.wait().reply["execution_count"]
    aborted.wait()
    assert kernel.ok("0").reply["execution_count"] == count + 1


def test_without_stop_on_error_the_queue_goes_on(kernel: Kernel, gate: Path) -> None:
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('go on')", stop_on_error=False)
    after = kernel.submit("'after'")
    kernel.until_queued()
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    assert after.wait().result == "'after'"


def test_a_silent_error_aborts_nothing(kernel: Kernel, gate: Path) -> None:
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('silent')", silent=True)
    after = kernel.submit("'after'")
    kernel.until_queued()
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    assert after.wait().result == "'after'"


#: What front ends ask between cells, and the status that each answer has.
OTHERS = [
    ("kernel_info_request", {}, "ok"),
    ("complete_request", {"code": "pri", "cursor_pos": 3}, "ok"),
    ("inspect_request", {"code": "print", "cursor_pos": 5, "detail_level": 0}, "ok"),
    ("is_complete_request", {"code": "1"}, "complete"),
    ("history_request", {"hist_access_type": "tail", "n": 1, "output": False, "raw": True}, "ok"),
    ("comm_info_request", {}, "ok"),
    ("comm_msg", {"comm_id": "nobody", "data": {}}, None),
]


def between_cells(
    kernel: Kernel, code: str, **fields: object
) -> tuple[list[Request], list[tuple[Request, str | None]]]:
    """Sends a hundred cells, and another request behind each of them."""
    cells, others = [], []
    for i in range(100):
        cells.append(kernel.submit(code.format(i=i), **fields))
        msg_type, content, status = OTHERS[i % len(OTHERS)]
        others.append((kernel.request(msg_type, content), status))
    kernel.until_queued()
    return cells, others


def assert_answered(others: list[tuple[Request, str | None]]) -> None:
    for request, status in others:
        if status is None:
            request.wait_idle()
        else:
            assert request.wait().reply["status"] == status
        assert request.published_types == ["status", "status"]


def in_order(kernel: Kernel, channel: str, requests: list[Request], *types: str) -> bool:
    """Whether the messages of these types that name the requests came in their order."""
    ids = [request.id for request in requests]
    entries = [entry for entry in kernel.transcript if entry.channel == channel and entry.type in types]
    return [entry.parent_id for entry in entries if entry.parent_id in ids] == ids


def test_an_error_aborts_a_hundred_cells_and_none_of_the_requests_between_them(kernel: Kernel, gate: Path) -> None:
    kernel.ok("ran = []")
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('stop')")
    cells, others = between_cells(kernel, "ran.append({i})")
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    # Sent in answer to the failure, while those before it are still to be aborted.
    after = kernel.submit("ran.append('after')")
    for cell in cells:
        assert cell.wait().reply == {"status": "aborted"}
        assert cell.wait_reply().message["metadata"]["status"] == "aborted"
        assert cell.published_types == ["status", "status"]
    assert_answered(others)
    assert after.wait().reply["status"] == "ok"
    assert in_order(kernel, "shell", [failing, *cells, after], "execute_reply")
    # Lookups may pass each other; what is answered at once does not.
    infos = [request for request, _ in others if request.message["header"]["msg_type"] == "kernel_info_request"]
    assert in_order(kernel, "shell", infos, "kernel_info_reply")
    assert kernel.ok("ran").result == "['after']"


@pytest.mark.parametrize("fields", [{"stop_on_error": False}, {"silent": True}], ids=["go on", "silent"])
def test_what_does_not_stop_lets_a_hundred_cells_run(kernel: Kernel, gate: Path, fields: dict[str, bool]) -> None:
    kernel.ok("ran = []")
    failing = kernel.submit(HOLD.format(gate=str(gate)) + "raise ValueError('go on')", **fields)
    cells, others = between_cells(kernel, "ran.append({i})")
    gate.touch()
    assert failing.wait().reply["status"] == "error"
    for cell in cells:
        assert cell.wait().reply["status"] == "ok"
    assert_answered(others)
    assert in_order(kernel, "shell", [failing, *cells], "execute_reply")
    assert kernel.ok("ran == list(range(100))").result == "True"


def test_a_hundred_failing_cells_that_do_not_stop(kernel: Kernel, gate: Path) -> None:
    holding = kernel.submit(HOLD.format(gate=str(gate)))
    cells, others = between_cells(kernel, "raise ValueError({i})", stop_on_error=False)
    gate.touch()
    holding.wait()
    assert [cell.wait().reply["evalue"] for cell in cells] == [str(i) for i in range(100)]
    assert_answered(others)


def test_a_second_failure_aborts_what_was_sent_after_the_first(kernel: Kernel, gate: Path, tmp_path: Path) -> None:
    second_gate = tmp_path / "second gate"
    first = kernel.submit(HOLD.format(gate=str(gate)) + "1 / 0")
    aborted = kernel.submit("'never'")
    kernel.until_queued()
    gate.touch()
    assert first.wait().reply["status"] == "error"
    second = kernel.submit(HOLD.format(gate=str(second_gate)) + "1 / 0")
    aborted_too = kernel.submit("'never'")
    kernel.until_queued()
    second_gate.touch()
    assert [cell.wait().reply["status"] for cell in (aborted, second, aborted_too)] == ["aborted", "error", "aborted"]
    assert kernel.ok("'after'").result == "'after'"


# -- what is displayed, and the names that remember


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1\n2", "2"),
        ("2;", None),
        ("2 ;  # with a comment", None),
        ("';'", "';'"),
        ("'#' ;", None),
        ("None", None),
        ("x = 5", None),
        ("if True: 5", None),
        ("x = 1; x + 1", "2"),
        ("x = 1; x + 1;", None),
        ("'last';\n\n# trailing comment", None),
        ("(1,\n 2)", "(1, 2)"),
        ("def f(): return 1\nf()", "1"),
    ],
)
def test_the_last_expression_is_displayed(kernel: Kernel, code: str, shown: str | None) -> None:
    assert kernel.ok(code).result == shown


def test_names_of_results(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("'one'")
    fresh_kernel.ok("'two'")
    fresh_kernel.ok("'three'")
    assert fresh_kernel.ok("(_, __, ___)").result == "('three', 'two', 'one')"
    assert fresh_kernel.ok("(_1, _2, Out[3], _oh is Out)").result == "('one', 'two', 'three', True)"


def test_names_of_inputs(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("'one'")
    fresh_kernel.ok("'two'")
    fresh_kernel.ok("'three'")
    assert fresh_kernel.ok("(_i, _ii, _iii)").result == repr(("'three'", "'two'", "'one'"))
    assert fresh_kernel.ok("(_i1, In[2], In[0], _ih is In)").result == repr(("'one'", "'two'", "", True))


def test_a_user_s_underscore_is_left_alone(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("_ = 'mine'")
    fresh_kernel.ok("'value'")
    assert fresh_kernel.ok("_").result == "'mine'"


def test_a_suppressed_value_is_not_remembered(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("'loud'")
    fresh_kernel.ok("'quiet';")
    assert fresh_kernel.ok("(_, sorted(Out))").result == "('loud', [1])"


def test_statements_before_a_failing_one_have_run(kernel: Kernel) -> None:
    kernel.run("before = 'ran'\n1 / 0\nafter = 'ran'")
    assert kernel.ok("before, 'after' in globals()").result == "('ran', False)"


def test_nothing_of_a_cell_with_a_syntax_error_runs(kernel: Kernel) -> None:
    cell = kernel.run("untouched = True\nnot valid python")
    assert cell.reply["ename"] == "SyntaxError"
    assert kernel.ok("'untouched' in globals()").result == "False"


def test_the_module_is_main(kernel: Kernel) -> None:
    assert kernel.ok("class C: pass\n(__name__, C.__module__)").result == "('__main__', '__main__')"
    assert kernel.ok("import sys; sys.modules['__main__'].__dict__ is globals()").result == "True"


def test_modules_beside_the_notebook_are_found(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    (tmp_path / "beside_the_notebook.py").write_text("answer = 42\n")
    assert start_kernel(cwd=tmp_path).ok("import beside_the_notebook as m; m.answer").result == "42"


def test_the_environment_of_a_notebook(kernel: Kernel) -> None:
    code = "import os; [os.environ.get(n) for n in ('CLICOLOR', 'FORCE_COLOR', 'PAGER', 'GIT_PAGER')]"
    assert kernel.ok(code).result == "['1', '1', 'cat', 'cat']"


def test_pickle_and_dataclasses_find_their_module(kernel: Kernel) -> None:
    kernel.ok("import pickle, dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n    y: int")
    assert kernel.ok("pickle.loads(pickle.dumps(Point(1, 2)))").result == "Point(x=1, y=2)"


# -- leaving


@pytest.mark.parametrize("code", ["raise SystemExit", "import sys; sys.exit(3)", "import sys\nsys.exit('no')"])
def test_system_exit_does_not_end_the_kernel(kernel: Kernel, code: str) -> None:
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == "SystemExit"
    assert kernel.ok("'alive'").result == "'alive'"


def test_system_exit_tells_how_to_leave(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.run("raise SystemExit")
    assert "To exit: use 'exit', 'quit', or Ctrl-D." in cell.stderr + cell.traceback
    assert "most recent call last" not in cell.traceback


@pytest.mark.parametrize("code", ["exit", "quit", "exit()", "quit()"])
def test_exit_and_quit_end_the_kernel(fresh_kernel: Kernel, code: str) -> None:
    fresh_kernel.expects_death = True
    cell = fresh_kernel.submit(code)
    assert cell.reply["status"] == "ok"
    assert [dict(payload, source="ask_exit") for payload in cell.reply["payload"]] == cell.reply["payload"]
    assert [payload["keepkernel"] for payload in cell.reply["payload"]] == [False]
    fresh_kernel.wait_exit(5)


def test_exit_can_keep_the_kernel(kernel: Kernel) -> None:
    cell = kernel.ok("exit(keep_kernel=True)")
    assert [payload["keepkernel"] for payload in cell.reply["payload"]] == [True]
    assert kernel.ok("'alive'").result == "'alive'"


def test_exit_runs_atexit_handlers(fresh_kernel: Kernel, tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    fresh_kernel.ok(f"import atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye')")
    fresh_kernel.expects_death = True
    fresh_kernel.submit("exit")
    fresh_kernel.wait_exit(5)
    assert farewell.read_text() == "bye"


# -- while a cell runs


def test_control_is_answered_while_a_cell_runs(kernel: Kernel, gate: Path) -> None:
    cell = kernel.submit(HOLD.format(gate=str(gate))).wait_busy()
    requests = [kernel.request("kernel_info_request", channel="control") for _ in range(10)]
    for request in requests:
        assert request.wait().reply["status"] == "ok"
    assert not cell.replies
    gate.touch()
    assert cell.wait().reply["status"] == "ok"


def test_control_is_answered_in_order(kernel: Kernel) -> None:
    requests = [kernel.request("kernel_info_request", channel="control") for _ in range(20)]
    requests[-1].wait()
    answered = [entry.parent_id for entry in kernel.transcript if entry.channel == "control"]
    assert answered == [request.id for request in requests]


@pytest.mark.everloop_only("ipykernel answers nothing on shell while a cell awaits (ipykernel#65)")
@pytest.mark.parametrize("pause", ["await asyncio.sleep(0.005)", "time.sleep(0.005)"], ids=["awaiting", "blocking"])
def test_lookups_are_answered_while_a_cell_runs(kernel: Kernel, gate: Path, pause: str) -> None:
    kernel.ok("import asyncio, os, time\na_long_name = 1")
    cell = kernel.submit(f"while not os.path.exists({str(gate)!r}): {pause}").wait_busy()
    try:
        assert kernel.request("is_complete_request", {"code": "1"}).wait(5).reply["status"] == "complete"
        assert "a_long_name" in completed(kernel, "a_long_n")
        history = kernel.request("history_request", {"hist_access_type": "tail", "n": 1, "raw": True, "output": False})
        assert history.wait(5).reply["status"] == "ok"
        assert kernel.request("comm_info_request").wait(5).reply["status"] == "ok"
        assert not cell.replies
    finally:
        gate.touch()
    cell.wait()


# -- lookups


def completed(kernel: Kernel, code: str, cursor_pos: int | None = None) -> set[str]:
    """What the text becomes by each of the matches."""
    cursor_pos = len(code) if cursor_pos is None else cursor_pos
    reply = kernel.request("complete_request", {"code": code, "cursor_pos": cursor_pos}).wait().reply
    assert reply["status"] == "ok"
    return {code[: reply["cursor_start"]] + match + code[reply["cursor_end"] :] for match in reply["matches"]}


def test_completion_of_names_and_attributes(kernel: Kernel) -> None:
    kernel.ok("a_long_name = 'text'\nclass Thing:\n    attribute = 1\nthing = Thing()")
    assert "a_long_name" in completed(kernel, "a_long_n")
    assert "a_long_name.startswith" in completed(kernel, "a_long_name.startsw")
    assert "x = thing.attribute" in completed(kernel, "x = thing.attr")
    assert "import asyncio" in completed(kernel, "import asyncio"[:-2])
    assert "while" in completed(kernel, "whil")


def test_the_cursor_counts_characters(kernel: Kernel) -> None:
    kernel.ok("a_long_name = 'text'")
    assert "'🎉é'; a_long_name" in completed(kernel, "'🎉é'; a_long_n")


def test_completion_in_the_middle(kernel: Kernel) -> None:
    kernel.ok("a_long_name = 'text'")
    assert "print(a_long_name) # rest" in completed(kernel, "print(a_long_n) # rest", len("print(a_long_n"))


def test_no_completion_is_a_good_answer(kernel: Kernel) -> None:
    assert completed(kernel, "surely_no_such_name") <= {"surely_no_such_name"}


def test_inspection(kernel: Kernel) -> None:
    kernel.ok('def greet(name, loud=False):\n    """Say hello."""\n    return name')
    reply = kernel.request("inspect_request", {"code": "greet", "cursor_pos": 5, "detail_level": 0}).wait().reply
    assert reply["found"] is True
    text = reply["data"]["text/plain"]
    assert "greet(name, loud=False)" in plain(text)
    assert "Say hello." in text


def test_inspection_of_the_call_around_the_cursor(kernel: Kernel) -> None:
    code = "print('hello'"
    reply = kernel.request("inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0}).wait().reply
    assert reply["found"] is True
    assert "sep" in reply["data"]["text/plain"]


def test_inspection_of_nothing(kernel: Kernel) -> None:
    reply = (
        kernel.request("inspect_request", {"code": "no_such_thing", "cursor_pos": 4, "detail_level": 0}).wait().reply
    )
    assert reply == {"status": "ok", "found": False, "data": {}, "metadata": {}}


def test_history(fresh_kernel: Kernel) -> None:
    codes = ["first = 1", "'second'", "1 / 0"]
    for code in codes:
        fresh_kernel.run(code)
    tail = fresh_kernel.request("history_request", {"hist_access_type": "tail", "n": 3, "raw": True, "output": False})
    rows = tail.wait().reply["history"]
    assert [row[2] for row in rows] == codes
    assert [row[1] for row in rows] == [1, 2, 3]
    request = {"hist_access_type": "range", "session": 0, "start": 1, "stop": 3, "raw": True, "output": True}
    rows = fresh_kernel.request("history_request", request).wait().reply["history"]
    assert [row[1:] for row in rows] == [[1, [codes[0], None]], [2, [codes[1], "'second'"]]]


def test_history_survives_the_kernel(start_kernel: Callable[..., Kernel]) -> None:
    first = start_kernel()
    first.ok("remembered = 'from an earlier kernel'")
    first.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    first.wait_exit(10)
    request = {"hist_access_type": "search", "pattern": "remembered*", "n": 5, "raw": True, "output": False}
    rows = start_kernel().request("history_request", request).wait().reply["history"]
    assert [row[2] for row in rows] == ["remembered = 'from an earlier kernel'"]


def test_kernel_info(kernel: Kernel) -> None:
    info = kernel.request("kernel_info_request").wait().reply
    assert info["status"] == "ok"
    assert info["language_info"]["name"] == "python"
    assert info["language_info"]["mimetype"] == "text/x-python"
    assert info["language_info"]["file_extension"] == ".py"
    assert info["banner"]
    assert int(info["protocol_version"].split(".")[0]) == 5
    json.dumps(info)


def test_comm_info(kernel: Kernel) -> None:
    assert kernel.request("comm_info_request", {"target_name": "jupyter.widget"}).wait().reply == {
        "status": "ok",
        "comms": {},
    }


def test_connect(kernel: Kernel) -> None:
    reply = kernel.request("connect_request").wait().reply
    info = kernel.manager.get_connection_info()
    for name in ("shell", "iopub", "stdin", "hb"):
        assert reply.get(name, reply.get(f"{name}_port")) == info[f"{name}_port"]


def test_usage(kernel: Kernel) -> None:
    reply = kernel.request("usage_request", channel="control").wait().reply
    usage = reply.get("content", reply)
    assert usage["pid"] == kernel.pid
    assert usage["kernel_memory"] > 1_000_000


def test_text_files_are_utf_8(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "text"
    assert (
        kernel.ok(f"file = open({str(path)!r}, 'w')\nfile.write('é')\nfile.close()\nfile.encoding.lower()").error
        is None
    )
    assert path.read_text("utf-8") == "é"

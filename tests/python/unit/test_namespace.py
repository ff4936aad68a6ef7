"""What cells find in their namespace."""

import sys

import pytest

from everloop.namespace import ExitAutocall, Namespace


@pytest.fixture
def asked():
    return []


@pytest.fixture
def namespace(asked):
    return Namespace(ask_exit=asked.append, module=type(sys)("__main__"))


def test_it_is_main(asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    namespace = Namespace(ask_exit=asked.append)
    import __main__

    assert namespace.user_ns is vars(__main__)
    assert __main__.__name__ == "__main__"
    assert eval("len('abc') + __builtins__.len('d')", namespace.user_ns) == 4


def test_names_are_there_from_the_start(namespace, tmp_path, monkeypatch):
    names = {"In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "exit", "quit", "open"}
    assert names <= set(namespace.user_ns)
    assert names <= namespace.hidden
    assert namespace.user_ns["In"] is namespace.user_ns["_ih"] is namespace.inputs
    assert namespace.user_ns["Out"] is namespace.user_ns["_oh"] is namespace.out
    monkeypatch.chdir(tmp_path)
    namespace.reset()
    assert namespace.user_ns["_dh"] == [str(tmp_path)]


def test_inputs(namespace):
    ns = namespace.user_ns
    for line, code in enumerate(["a", "b", "c", "d"], 1):
        namespace.record_input(line, code)
    assert ns["In"] == ["", "a", "b", "c", "d"]
    assert (ns["_i"], ns["_ii"], ns["_iii"]) == ("c", "b", "a")
    assert ns["_i4"] == "d"


def test_exit_is_not_recorded_and_numbers_keep_their_place(namespace):
    namespace.record_input(1, "a")
    namespace.record_input(2, " exit() ")
    namespace.record_input(3, "b")
    assert namespace.inputs == ["", "a", "", "b"]
    assert "_i2" not in namespace.user_ns
    assert namespace.user_ns["_i"] == "a"


@pytest.mark.parametrize("code", ["exit", "quit", "  exit\n", "quit  # bye", "\nexit"])
def test_the_bare_name_exits(namespace, asked, code):
    namespace.exit_command(code)()
    assert asked == [False]


@pytest.mark.parametrize("code", ["", "exit()", "exit = 1", "exit\nquit", "x", "# exit", "'exit'", "exiting", "x.exit"])
def test_other_cells_do_not_exit(namespace, code):
    assert namespace.exit_command(code) is None


def test_a_variable_called_exit_is_a_variable(namespace):
    namespace.user_ns["exit"] = 5
    assert namespace.exit_command("exit") is None
    del namespace.user_ns["quit"]
    assert namespace.exit_command("quit") is None


def test_exit_keeps_the_kernel_when_asked(namespace, asked):
    namespace.user_ns["exit"](keep_kernel=True)
    namespace.user_ns["quit"]()
    assert asked == [True, False]
    assert isinstance(namespace.user_ns["exit"], ExitAutocall)
    assert "exit()" in repr(namespace.user_ns["exit"])


def test_open_does_not_hand_out_the_kernels_descriptors(namespace, tmp_path):
    opened = namespace.user_ns["open"]
    with pytest.raises(ValueError, match="file descriptor 1"):
        opened(1, "w")
    with opened(tmp_path / "f", "w", encoding="utf-8") as file:
        file.write("é")
    assert (tmp_path / "f").read_text("utf-8") == "é"
    assert opened.__name__ == "open"

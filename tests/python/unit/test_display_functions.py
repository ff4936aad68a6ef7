"""`display` and its relatives, the displayhook, `Out` and the underscores."""

import builtins
import warnings

import pytest

import everloop.display as display_module
from everloop.display import DisplayHandle, clear_output, display, publish_display_data, update_display
from everloop.displayhook import DisplayHook
from everloop.namespace import Namespace


class Html:
    def __repr__(self):
        return "Html()"

    def _repr_html_(self):
        return "<b>", {"isolated": True}


def test_each_object_is_a_message(door):
    assert display(1, Html()) is None
    assert door.messages == [
        ("display_data", {"data": {"text/plain": "1"}, "metadata": {}, "transient": {}}),
        (
            "display_data",
            {
                "data": {"text/plain": "Html()", "text/html": "<b>"},
                "metadata": {"text/html": {"isolated": True}},
                "transient": {},
            },
        ),
    ]


def test_metadata_is_merged_and_wins(door):
    display(Html(), metadata={"text/html": {"isolated": False, "more": 1}, "all": 2})
    assert door.messages[0][1]["metadata"] == {"text/html": {"isolated": False, "more": 1}, "all": 2}


def test_include_and_exclude(door):
    display(Html(), include=["text/html"])
    display(Html(), exclude=["text/html"])
    assert [list(content["data"]) for _, content in door.messages] == [["text/html"], ["text/plain"]]


def test_raw_bundles_are_taken_as_they_are(door):
    display({"image/png": b"\x00\x01"}, raw=True, metadata={"image/png": {"width": 1}})
    assert door.messages == [
        ("display_data", {"data": {"image/png": "AAE="}, "metadata": {"image/png": {"width": 1}}, "transient": {}})
    ]


def test_display_id(door):
    handle = display(1, display_id=True)
    assert isinstance(handle, DisplayHandle)
    assert len(handle.display_id) == 32
    handle.update(2)
    handle.display(3)
    assert [(kind, content["data"]["text/plain"]) for kind, content in door.messages] == [
        ("display_data", "1"),
        ("update_display_data", "2"),
        ("display_data", "3"),
    ]
    assert {content["transient"]["display_id"] for _, content in door.messages} == {handle.display_id}
    assert repr(handle) == f"<DisplayHandle display_id={handle.display_id}>"


def test_display_id_without_objects_makes_room(door):
    handle = display(display_id="here")
    assert handle.display_id == "here"
    assert door.messages == [("display_data", {"data": {}, "metadata": {}, "transient": {"display_id": "here"}})]


def test_update_display(door):
    update_display(Html(), display_id="x", include=["text/html"])
    kind, content = door.messages[0]
    assert kind == "update_display_data"
    assert content["transient"] == {"display_id": "x"}
    with pytest.raises(TypeError, match="display_id required"):
        display(1, update=True)


def test_transient_of_the_caller_is_not_changed(door):
    mine = {"own": 1}
    display(1, transient=mine, display_id="x")
    assert mine == {"own": 1}
    assert door.messages[0][1]["transient"] == {"own": 1, "display_id": "x"}


def test_clear(door):
    clear_output()
    clear_output(wait=True)
    display(1, clear=True)
    assert [content for kind, content in door.messages if kind == "clear_output"] == [
        {"wait": False},
        {"wait": True},
        {"wait": True},
    ]
    assert door.messages[-1][0] == "display_data"


def test_streams_go_out_before_they_are_cleared(door):
    clear_output()
    assert door.log[0] == ("flush", None)


def test_an_object_that_shows_itself_is_no_message(door):
    class Shown:
        def _ipython_display_(self):
            display("from inside")

    display(Shown())
    assert [content["data"] for _, content in door.messages] == [{"text/plain": "'from inside'"}]


def test_publish_display_data(door):
    publish_display_data({"a/b": 1}, {"m": 1}, source="ignored", buffers=[b"x"])
    assert door.messages == [("display_data", {"data": {"a/b": 1}, "metadata": {"m": 1}, "transient": {}})]
    assert door.last_buffers == [b"x"]
    with pytest.raises(TypeError, match="data must be a dict"):
        publish_display_data("text")
    with pytest.raises(TypeError, match="metadata must be a dict"):
        publish_display_data({}, "text")


def test_display_becomes_a_builtin(monkeypatch):
    monkeypatch.delattr(builtins, "display", raising=False)
    display_module.install(builtins)
    assert builtins.display is display
    monkeypatch.delattr(builtins, "display")


# -- the displayhook


@pytest.fixture
def shell(door):
    class Shell:
        pass

    shell = Shell()
    shell.namespace = Namespace(ask_exit=lambda keep_kernel: None, module=type(builtins)("__main__"))
    shell.ns = shell.namespace.user_ns
    shell.hook = DisplayHook(shell.namespace, lambda: 7, cache_size=10)
    return shell


def test_result_is_published_and_remembered(shell, door):
    assert shell.hook.show("a", 3) == "'a'"
    assert door.messages == [("execute_result", {"execution_count": 3, "data": {"text/plain": "'a'"}, "metadata": {}})]
    assert shell.ns["_"] == shell.ns["_3"] == shell.ns["Out"][3] == shell.ns["_oh"][3] == "a"


def test_none_is_not_a_result(shell, door):
    shell.hook.show(5, 1)
    assert shell.hook.show(None, 2) is None
    assert len(door.messages) == 1
    assert shell.ns["_"] == 5
    assert 2 not in shell.ns["Out"]


def test_sys_displayhook_uses_the_running_cell(shell, door):
    shell.hook("x")
    assert door.messages[0][1]["execution_count"] == 7
    assert shell.ns["_7"] == "x"


def test_underscores_shift(shell):
    for number in (1, 2, 3, 4):
        shell.hook.show(number * 10, number)
    assert (shell.ns["_"], shell.ns["__"], shell.ns["___"]) == (40, 30, 20)


@pytest.mark.parametrize("name", ["_", "__", "___"])
def test_underscores_of_the_user_stay(shell, name):
    shell.hook.show(1, 1)
    shell.ns[name] = "mine"
    shell.hook.show(2, 2)
    assert shell.ns[name] == "mine"
    assert shell.ns["_2"] == 2
    del shell.ns[name]
    shell.hook.show(3, 3)
    assert (shell.ns["_"], shell.ns["__"], shell.ns["___"]) == (3, 2, 1)


def test_gettext_keeps_its_underscore(shell, monkeypatch):
    monkeypatch.setattr(builtins, "_", lambda text: text, raising=False)
    before = shell.ns["_"]
    shell.hook.show(1, 1)
    assert shell.ns["_"] == before
    assert shell.ns["_1"] == 1


def test_out_does_not_hold_itself(shell, door):
    shell.hook.show(shell.ns["Out"], 1)
    assert shell.ns["Out"] == {}
    assert door.messages[0][1]["data"] == {"text/plain": "{}"}


def test_out_is_bounded(shell):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(1, 12):
            shell.hook.show(number, number)
    assert [str(w.message) for w in caught] == [
        "Output cache limit (currently 10 entries) hit.\nFlushing oldest 2 entries."
    ]
    assert sorted(shell.ns["Out"]) == list(range(3, 12))
    assert "_1" not in shell.ns
    assert "_3" in shell.ns


def test_an_object_that_shows_itself_is_still_a_result(shell, door):
    class Shown:
        def _ipython_display_(self):
            pass

    thing = Shown()
    assert shell.hook.show(thing, 1) is None
    assert door.messages == []
    assert shell.ns["_"] is thing


def test_streams_go_out_before_the_result(shell, door):
    shell.hook.show(1, 1)
    assert [kind for kind, _ in door.log] == ["flush", "execute_result"]

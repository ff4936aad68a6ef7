"""Objects whose methods raise, lie, hang or never end: what shows them says so, and the kernel goes on."""

from __future__ import annotations

import pytest
from client import Kernel
from worst import answers, assert_shown, each, survives

#: What a class of liars raises, and that the lookups get no more than that.
LIAR = """
class M(type):
    def __getattribute__(cls, name): raise {0}(name)
    def __instancecheck__(cls, o): raise {0}
    def __subclasscheck__(cls, o): raise {0}
    def __dir__(cls): return [1, 2, None]
    def __eq__(cls, o): raise {0}
    def __hash__(cls): raise {0}
    def __bool__(cls): raise {0}
    def __len__(cls): raise {0}
    def __repr__(cls): raise {0}
class L(metaclass=M):
    def __getattribute__(self, name): raise {0}(name)
    def __dir__(self): return 5
    def __eq__(self, o): raise {0}
    def __hash__(self): raise {0}
    def __bool__(self): raise {0}
    def __len__(self): raise {0}
    def __iter__(self): raise {0}
    def __getitem__(self, i): raise {0}
    def __call__(self): raise {0}
    def __format__(self, f): raise {0}
    def __str__(self): raise {0}
    def __repr__(self): raise {0}
liar = L()
"""

OTHER_CLASS = """
class L:
    __class__ = int
    def __dir__(self): return [5, None, 'abc', b'x', '\\ud800']
liar = L()
"""

LIARS = {
    "ValueError": LIAR.format("ValueError"),
    "SystemExit": LIAR.format("SystemExit"),
    "__class__": OTHER_CLASS,
}


@each("liar", LIARS)
@pytest.mark.parametrize(
    "use", ["liar", "L", "%whos", "%who int", "liar?", "raise liar", "def f(x=liar, y=L): 1 / 0\nf()", "print(liar)"]
)
def test_a_class_that_lies(kernel: Kernel, liar: str, use: str) -> None:
    kernel.ok(liar)
    kernel.run(use)
    assert answers(kernel)
    kernel.ok("del liar, L")


@each("liar", LIARS)
def test_a_class_that_lies_in_expressions(kernel: Kernel, liar: str) -> None:
    kernel.ok(liar)
    cell = kernel.run("1", user_expressions={"liar": "liar", "class": "L", "attribute": "liar.x", "fine": "6 * 7"})
    expressions = cell.reply.get("user_expressions", {})
    if expressions:
        assert expressions["fine"]["data"]["text/plain"] == "42"
    assert answers(kernel)
    kernel.ok("del liar, L")


@each("liar", LIARS)
def test_a_class_that_lies_is_looked_up(kernel: Kernel, liar: str) -> None:
    kernel.ok(liar)
    for name in ("liar", "L"):
        code = f"{name}."
        completed = kernel.request("complete_request", {"code": code, "cursor_pos": len(code)}).wait()
        assert completed.reply["status"] == "ok"
        assert all(isinstance(match, str) for match in completed.reply["matches"])
        for detail in (0, 1):
            content = {"code": name, "cursor_pos": len(name), "detail_level": detail}
            assert kernel.request("inspect_request", content).wait().reply["status"] == "ok"
    kernel.ok("del liar, L")


SHOWN = {
    "raises": "class A:\n    def __repr__(self): 1 / 0\nA()",
    "number": "class A:\n    def __repr__(self): return 5\nA()",
    "BaseException": "class B(BaseException): pass\nclass A:\n    def __repr__(self): raise B\nA()",
    "exit": "class A:\n    def __repr__(self): raise SystemExit\nA()",
    "interrupt": "class A:\n    def __repr__(self): raise KeyboardInterrupt\nA()",
    "str of its own": "class S(str):\n    def split(self, *a): 1 / 0\n    __len__ = __str__ = split\nclass A:\n    def __repr__(self): return S('x')\nA()",
    "half a character": "class A:\n    def __repr__(self): return '\\ud800'\nA()",
    "MIME bundle": "class A:\n    def _repr_mimebundle_(self, **k): return {'text/plain': object(), 5: 6}\nA()",
    "HTML": "class A:\n    def _repr_html_(self): return 5\n    def _repr_json_(self): return object()\nA()",
    "display": "class A:\n    def _ipython_display_(self): raise SystemExit\nA()",
}


@each("code", SHOWN)
def test_a_value_that_cannot_be_shown(kernel: Kernel, code: str) -> None:
    kernel.run(code)
    assert answers(kernel)


@pytest.mark.parametrize(
    "does", ["__import__('time').sleep(1000)", "exec('while True: pass')"], ids=["blocks", "loops"]
)
def test_a_repr_that_never_ends_is_interrupted(kernel: Kernel, does: str) -> None:
    cell = kernel.submit(f"class A:\n    def __repr__(self):\n        print('begun')\n        {does}\nA()").wait_for(
        "begun"
    )
    kernel.interrupt("signal")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert answers(kernel)


EXCEPTIONS = {
    "str raises": "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
    "str exits": "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
    "str is a number": "class E(Exception):\n    def __str__(self): return 5\nraise E",
    "causes in a circle": "e, f = ValueError(1), ValueError(2)\ne.__cause__, f.__cause__ = f, e\nraise e",
    "contexts in a circle": "e, f = ValueError(1), ValueError(2)\ne.__context__, f.__context__ = f, e\nraise e",
    "notes": "class N:\n    def __str__(self): 1 / 0\ne = ValueError(1)\ne.__notes__ = [N(), 5, None]\nraise e",
    "no notes": "e = ValueError(1)\ne.__notes__ = 5\nraise e",
    "properties": "class E(Exception):\n    __cause__ = __notes__ = __suppress_context__ = property(lambda self: 1 / 0)\nraise E",
    "attributes": "class E(Exception):\n    def __getattribute__(self, name): raise ValueError(name)\nraise E",
    "attributes exit": "class E(Exception):\n    def __getattribute__(self, name): raise SystemExit(name)\nraise E",
    "no name": "class M(type):\n    __name__ = __module__ = __qualname__ = property(lambda cls: 1 / 0)\nclass E(Exception, metaclass=M): pass\nraise E",
    "traceback exits": "class E(Exception):\n    def _render_traceback_(self): raise SystemExit\nraise E",
    "traceback is a number": "class E(Exception):\n    def _render_traceback_(self): return 5\nraise E",
    "SyntaxError": "raise SyntaxError('x', (1, 2, 3, 4))",
    "SyntaxError of text": "raise SyntaxError('x', ('f', 'a', 'b', 'c'))",
    "SyntaxError of anything": "e = SyntaxError()\ne.lineno, e.text, e.filename = 'x', 5, 7\nraise e",
}


@pytest.mark.everloop_only("some of them end cells without an answer")
@each("code", EXCEPTIONS)
def test_an_exception_that_cannot_be_shown(kernel: Kernel, code: str) -> None:
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] != "InternalError", kernel.transcript_text()
    assert_shown(cell)
    assert answers(kernel)


@pytest.mark.parametrize("ename", ["GeneratorExit", "KeyboardInterrupt", "B"])
def test_an_exception_that_is_no_exception(kernel: Kernel, ename: str) -> None:
    survives(kernel, f"class B(BaseException): pass\nraise {ename}", ename)


@pytest.mark.everloop_only("ipykernel asks the exception for its text again and again")
def test_an_exception_whose_text_never_ends_is_interrupted(kernel: Kernel) -> None:
    code = "import time\nclass E(Exception):\n    def __str__(self):\n        print('asked')\n        time.sleep(1000)\nraise E"
    cell = kernel.submit(code).wait_for("asked")
    for count in range(1, 10):
        if cell.replies:
            break
        kernel.interrupt("message")
        kernel.until(lambda count=count: cell.replies or cell.stdout.count("asked") > count, "the reply, or a question")
    cell.wait()
    assert cell.reply["ename"] in ("E", "KeyboardInterrupt")
    assert answers(kernel)


def test_a_group_of_ten_thousand(kernel: Kernel) -> None:
    survives(kernel, "raise ExceptionGroup('all', [ValueError(n) for n in range(10_000)])", "ExceptionGroup", 90)


DESTRUCTORS = {
    "raises": "def __del__(self): 1 / 0",
    "exits": "def __del__(self): raise SystemExit",
    "comes back": "def __del__(self): kept.append(self)",
    "makes another": "def __del__(self):\n        if len(kept) < 100: kept.append(1); type(self)()",
}


@each("method", DESTRUCTORS)
def test_a_destructor(kernel: Kernel, method: str) -> None:
    survives(kernel, f"kept = []\nclass A:\n    {method}\na = A()\ndel a\nkept.clear()")


@pytest.mark.parametrize(
    "does", ["__import__('time').sleep(1000)", "exec('while True: pass')"], ids=["blocks", "loops"]
)
def test_a_destructor_that_never_ends_is_interrupted(kernel: Kernel, does: str) -> None:
    cell = kernel.submit(
        f"class A:\n    def __del__(self):\n        print('begun')\n        {does}\na = A()\ndel a"
    ).wait_for("begun")
    kernel.interrupt("signal")
    cell.wait()
    assert answers(kernel)

"""The oldest IPython that cells run in: what differs between its versions is what the kernel touches."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from client import Kernel

ENVIRONMENT = os.environ.get("EVERLOOP_IPYTHON8")

pytestmark = [
    pytest.mark.skipif(not ENVIRONMENT, reason="EVERLOOP_IPYTHON8 names no environment with IPython 8"),
    pytest.mark.everloop_only("ipykernel's IPython is that of its environment"),
]


@pytest.fixture
def kernel(start_kernel: Callable[..., Kernel]) -> Kernel:
    return start_kernel(env={"EVERLOOP_ENVIRONMENT": ENVIRONMENT})


def test_cells(kernel: Kernel) -> None:
    kernel.ok("x = 5")
    assert kernel.ok("import IPython; IPython.version_info[0], x, In[1]").result == "(8, 5, 'x = 5')"
    assert kernel.ok("!echo out").stdout.split() == ["out"]
    assert kernel.ok("lines = !echo a; echo b\nlines").result == "['a', 'b']"
    assert kernel.ok("%%bash\necho script").stdout == "script\n"
    assert "Wall time" in kernel.ok("import asyncio\n%time await asyncio.sleep(0)").stdout
    assert "per loop" in kernel.ok("%timeit -n2 -r2 await asyncio.sleep(0)").stdout
    assert kernel.ok("%autoawait").stdout == "IPython autoawait is `on`, and set to use `asyncio`\n"
    assert "1: x = 5" in kernel.ok("%history -n 1").stdout
    assert kernel.ok("x?").reply["payload"][0]["source"] == "page"
    assert kernel.ok("display(x)").published("display_data")[0]["data"] == {"text/plain": "5"}
    kernel.ok("await asyncio.sleep(0)")
    for code, match in (
        ("%timei", "%timeit"),
        ("%time x.rea", "real"),
        ("%config IPCompleter.use_j", "IPCompleter.use_jedi"),
        ("\\alph", "\\alpha"),
    ):
        assert match in kernel.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply["matches"]
    kernel.ok("%reset -f out")
    kernel.ok("%%capture captured\nprint('hidden')")
    assert kernel.ok("captured.stdout").result == "'hidden\\n'"


def test_errors(kernel: Kernel) -> None:
    kernel.ok("get_ipython()")
    assert "Cell In[2], line 1" in kernel.run("1/0").traceback
    assert "UsageError" in kernel.run("%nope").stderr
    assert "'(' was never closed" in kernel.run("print(").traceback
    assert kernel.run("%autoawait off").reply["status"] == "ok"
    assert "'await' outside function" in kernel.run("await x").traceback

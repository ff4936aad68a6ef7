"""The Jupyter project's own test suite for kernels, with every sample that it can take."""

from __future__ import annotations

from collections.abc import Iterator

import jupyter_kernel_test
import pytest
from client import KERNEL_NAME


@pytest.fixture(scope="module", autouse=True)
def own_history(kernel_environment: dict[str, str]) -> Iterator[None]:
    """The suite starts its kernels itself, in this process's environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in kernel_environment.items():
            patch.setenv(name, value)
        yield


class TestKernel(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL_NAME
    language_name = "python"
    file_extension = ".py"

    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('careful', file=sys.stderr)"

    completion_samples = [
        {"text": "zi", "matches": {"zip"}},
        {"text": "import asynci", "matches": {"asyncio"}},
    ]

    complete_code_samples = [
        "1",
        "print('hello, world')",
        "await something()",
        "async with a as b: pass",
        "[x async for x in y]",
        "def f(x):\n    return x * 2\n\n",
        "'''one\ntwo'''",
        "x = (1,\n     2)",
    ]
    incomplete_code_samples = [
        "print('''hello",
        "def f(x):\n    x * 2",
        "if True:",
        "async for x in y:",
        "f(1,",
        "try:\n    pass\n",
        "@decorator",
        "1 + \\",
    ]
    invalid_code_samples = ["import = 7q", "f(1]", "for", "def = 2"]

    code_page_something = "zip?"
    code_generate_error = "1 / 0"

    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "(1, 'two', [3.0])", "result": "(1, 'two', [3.0])"},
        {"code": "import asyncio\nawait asyncio.sleep(0, 'slept')", "result": "'slept'"},
        {
            "code": "class Bold:\n    def _repr_html_(self):\n        return '<b>bold</b>'\nBold()",
            "mime": "text/html",
            "result": "<b>bold</b>",
        },
    ]
    code_display_data = [
        {"code": "display('shown')", "mime": "text/plain"},
        {"code": "display({'text/html': '<b>raw</b>', 'text/plain': 'raw'}, raw=True)", "mime": "text/html"},
        {
            "code": "class Drawn:\n    def _repr_svg_(self):\n        return '<svg/>'\ndisplay(Drawn())",
            "mime": "image/svg+xml",
        },
    ]

    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")

    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


class TestIopubWelcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = KERNEL_NAME
    support_iopub_welcome = True

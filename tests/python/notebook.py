"""The example notebook, executed, and what its outputs are but for addresses, ports and timings.

`python notebook.py` executes it with a real kernel and stores the outputs, as JupyterLab would when it is saved.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from client import LIMIT, Kernel, Request

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "autoawait.ipynb"

VARYING = [
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:…"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms|µs)\b"), "… s"),
    (re.compile(r"Task-\d+"), "Task-…"),
    # It depends on whether IPython was there yet.
    (re.compile(r"<(?:everloop-cell|ipython-input)-(\d+)[-\w]*>"), r"<cell \1>"),
]


def read() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(request: Request) -> list[nbformat.NotebookNode]:
    """What a front end shows under a cell: streams joined, displays updated in place."""
    outputs: list[nbformat.NotebookNode] = []
    shown: dict[str, list[nbformat.NotebookNode]] = {}
    for entry in request.entries("iopub"):
        content = entry.content
        if entry.type == "stream" and outputs and outputs[-1].get("name") == content["name"]:
            outputs[-1]["text"] += content["text"]
        elif entry.type in ("stream", "display_data", "execute_result", "error"):
            output = nbformat.v4.output_from_msg(entry.message)
            outputs.append(output)
            shown.setdefault((content.get("transient") or {}).get("display_id", ""), []).append(output)
        elif entry.type == "update_display_data":
            for output in shown.get(content["transient"]["display_id"], []):
                output["data"], output["metadata"] = content["data"], content["metadata"]
    return outputs


def execute(kernel: Kernel, notebook: nbformat.NotebookNode) -> None:
    """Run all cells as `Run All` does, and give each the outputs that it ended up with."""
    cells = code_cells(notebook)
    requests = [kernel.submit(cell.source, metadata={"cellId": cell.id}) for cell in cells]
    for request in requests:
        request.wait(LIMIT + 30)
    kernel.request("kernel_info_request").wait()
    for cell, request in zip(cells, requests, strict=True):
        cell.outputs = outputs_of(request)
        cell.execution_count = request.reply.get("execution_count")


def comparable(outputs: list[Any]) -> list[Any]:
    """The outputs without what differs from run to run, and with the streams of one name joined."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        output = {key: value for key, value in output.items() if key != "metadata"}
        if output["output_type"] == "stream" and joined and joined[-1].get("name") == output["name"]:
            joined[-1]["text"] += output["text"]
        else:
            joined.append(output)
    return [_mask(output) for output in joined]


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, replacement in VARYING:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {key: _mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    return value


def store() -> None:
    notebook = read()
    kernel = Kernel(cwd=NOTEBOOK.parent).ready()
    try:
        execute(kernel, notebook)
        info = kernel.request("kernel_info_request").wait().reply
        failed = [request.message["content"]["code"] for request in kernel.requests if request.reply["status"] != "ok"]
        if failed:
            sys.exit(f"not stored, since this cell failed:\n{failed[0]}\n{kernel.transcript_text()}")
    finally:
        kernel.close()
    notebook.metadata["kernelspec"] = {"display_name": "Python (everloop)", "language": "python", "name": "everloop"}
    notebook.metadata["language_info"] = info["language_info"]
    nbformat.validate(notebook)
    nbformat.write(notebook, NOTEBOOK)


if __name__ == "__main__":
    store()

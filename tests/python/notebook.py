"""The notebooks of examples/, executed, and what their outputs are but for addresses, ports and timings.

`python notebook.py [NOTEBOOK...]` executes them, all if none is named, with real kernels and stores the outputs and the
state of the widgets, as JupyterLab would when they are saved.

What a cell's tags say of its outputs:

background         some come after the end of the cell, from what it has started
varies             they are of the same kinds in each run, with other contents
raises-exception   the cell is meant to fail
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from client import LIMIT, Kernel, Request

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: The first one, which says what the kernel is about.
NOTEBOOK = EXAMPLES / "autoawait.ipynb"

WIDGETS = "application/vnd.jupyter.widget-state+json"

VARYING = [
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:…"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms|[µμ]s|ns)\b"), "… s"),
    (re.compile(r"Task-\d+"), "Task-…"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
    # It depends on whether IPython was there yet.
    (re.compile(r"<(?:everloop-cell|ipython-input)-(\d+)[-\w]*>"), r"<cell \1>"),
]


def all_examples() -> list[Path]:
    return sorted(EXAMPLES.glob("*.ipynb"))


def read(path: Path = NOTEBOOK) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


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


def execute(kernel: Kernel, notebook: nbformat.NotebookNode) -> list[Request]:
    """Run all cells as `Run All` does, and give each the outputs that it ended up with."""
    cells = code_cells(notebook)
    requests = [
        kernel.submit(cell.source, metadata={"cellId": cell.id}, stop_on_error=not is_tagged(cell, "raises-exception"))
        for cell in cells
    ]
    for request in requests:
        request.wait(LIMIT + 30)
    kernel.request("kernel_info_request").wait()
    for cell, request in zip(cells, requests, strict=True):
        cell.outputs = outputs_of(request)
        cell.execution_count = request.reply.get("execution_count")
    return requests


def widget_state(kernel: Kernel) -> dict[str, Any]:
    """The models that the kernel has made, as they are now; without them a stored widget is not drawn."""
    models: dict[str, Any] = {}
    for entry in kernel.transcript:
        content = entry.content
        if entry.type == "comm_open" and content["target_name"] == "jupyter.widget":
            models[content["comm_id"]] = dict(content["data"]["state"])
        elif entry.type == "comm_msg" and content["comm_id"] in models and content["data"].get("method") == "update":
            models[content["comm_id"]].update(content["data"]["state"])
        elif entry.type == "comm_close":
            models.pop(content["comm_id"], None)
    return {
        model_id: {
            "model_name": state.pop("_model_name"),
            "model_module": state.pop("_model_module"),
            "model_module_version": state.pop("_model_module_version"),
            "state": state,
        }
        for model_id, state in models.items()
    }


def comparable_outputs(cell: nbformat.NotebookNode) -> list[Any]:
    """Those of a cell, or their kinds where the contents vary."""
    outputs = comparable(cell.outputs)
    if not is_tagged(cell, "varies"):
        return outputs
    return [(output["output_type"], output.get("name"), sorted(output.get("data", []))) for output in outputs]


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


def store(path: Path) -> None:
    notebook = read(path)
    kernel = Kernel(cwd=path.parent).ready()
    try:
        requests = execute(kernel, notebook)
        info = kernel.request("kernel_info_request").wait().reply
        widgets = widget_state(kernel)
        for cell, request in zip(code_cells(notebook), requests, strict=True):
            if (request.reply["status"] == "ok") is is_tagged(cell, "raises-exception"):
                sys.exit(f"{path.name} is not stored, for this cell:\n{cell.source}\n{kernel.transcript_text()}")
    finally:
        kernel.close()
    notebook.metadata["kernelspec"] = {"display_name": "Python (everloop)", "language": "python", "name": "everloop"}
    notebook.metadata["language_info"] = info["language_info"]
    notebook.metadata.pop("widgets", None)
    if widgets:
        notebook.metadata["widgets"] = {WIDGETS: {"version_major": 2, "version_minor": 0, "state": widgets}}
    nbformat.validate(notebook)
    nbformat.write(_numbered(notebook, widgets), path)


def _numbered(notebook: nbformat.NotebookNode, widgets: dict[str, Any]) -> nbformat.NotebookNode:
    """With numbers for the names of widgets, which are other ones in each run."""
    text = json.dumps(notebook)
    for number, model_id in enumerate(widgets, 1):
        text = text.replace(model_id, f"{number:032x}")
    return nbformat.from_dict(json.loads(text))


if __name__ == "__main__":
    for example in [Path(name).resolve() for name in sys.argv[1:]] or all_examples():
        print(example.name, flush=True)
        store(example)

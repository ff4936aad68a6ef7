"""Notebooks as files, for the programs that read them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from client import ANSI, KERNEL_NAME
from jupyter_client.kernelspec import KernelSpecManager


def new(*sources: str, kernel: str = KERNEL_NAME) -> nbformat.NotebookNode:
    """A notebook of code cells without outputs, which names its kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    display_name = KernelSpecManager().get_kernel_spec(kernel).display_name
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": display_name, "language": "python"}
    return notebook


def write(path: Path, *sources: str) -> Path:
    nbformat.write(new(*sources), path)
    return path


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def values(cell: nbformat.NotebookNode) -> list[str]:
    return [output.data["text/plain"] for output in cell.outputs if "data" in output]


def errors(cell: nbformat.NotebookNode) -> list[str]:
    return [ANSI.sub("", "\n".join(output.traceback)) for output in cell.outputs if output.output_type == "error"]

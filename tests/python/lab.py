"""A server of JupyterLab or of Notebook 7 with settings of its own, and the browser that looks at it.

`python lab.py DIRECTORY` makes the pictures of the documentation.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
import notebook as example
from client import KERNEL_NAME, LIMIT
from jupyter_client.kernelspec import KernelSpecManager

BROWSER = Path(__file__).resolve().parents[1] / "browser" / "browse.mjs"

# All cells are in the page, also those that are not in sight; no news pops up over them; completions may take their time
# on a busy machine; the times of cells are kept, which is a choice of each person.
SETTINGS = {
    "@jupyterlab/completer-extension/manager.jupyterlab-settings": {"providerTimeout": 10000},
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none", "recordTiming": True},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}


class Server:
    """A running server whose files lie in one directory."""

    #: The command of `jupyter` that starts it, and what the browser calls the front end.
    program: str
    options: tuple[str, ...] = ()

    def __init__(self, directory: Path, environment: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.files = directory / "files"
        self.files.mkdir(parents=True)
        self.log = directory / f"{self.program}.log"
        runtime, settings = directory / "runtime", directory / "settings"
        for name, content in SETTINGS.items():
            (settings / name).parent.mkdir(parents=True, exist_ok=True)
            (settings / name).write_text(json.dumps(content))
        self._runtime = runtime
        self._environment = {
            **os.environ,
            **(environment or {}),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTER_CONFIG_DIR": str(directory / "config"),
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(directory / "workspaces"),
        }

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "jupyter", self.program, "--no-browser", "--allow-root", "--ip=127.0.0.1"]
        command += ["--port=0", f"--ServerApp.root_dir={self.files}", *self.options]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, cwd=self.directory)
        self.url = self._wait_for_url()
        self._browser = Browser([self.program, self.url, str(self.directory)], self._environment)
        return self

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + LIMIT + 30
        while True:
            for file in self._runtime.glob("jpserver-*.json") if self._runtime.exists() else []:
                try:
                    server = json.loads(file.read_text())
                except ValueError:  # it is being written
                    continue
                if server["port"]:
                    return f"{server['url']}?token={server['token']}"
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"jupyter {self.program} did not start:\n{self.log.read_text()[-6000:]}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._browser.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def add_notebook(self, name: str, *sources: str, kernel: str = KERNEL_NAME) -> None:
        """A notebook for the kernel under test, without outputs: the example of that name if there are no sources."""
        if sources:
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        else:
            notebook = example.read(example.EXAMPLES / name)
            for cell in example.code_cells(notebook):
                cell.outputs, cell.execution_count = [], None
        self._add(name, notebook, kernel)

    def add_example(self, name: str, *more: str) -> None:
        """An example for the kernel under test, as it is stored and trusted, and `more` cells."""
        notebook = example.read(example.EXAMPLES / name)
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
        self._add(name, notebook, KERNEL_NAME)
        trust = [sys.executable, "-m", "jupyter", "trust", str(self.files / name)]
        subprocess.run(trust, env=self._environment, check=True, capture_output=True, timeout=LIMIT)

    def _add(self, name: str, notebook: nbformat.NotebookNode, kernel: str) -> None:
        display_name = KernelSpecManager().get_kernel_spec(kernel).display_name
        notebook.metadata["kernelspec"] = {"name": kernel, "display_name": display_name, "language": "python"}
        nbformat.write(notebook, self.files / name)

    def saved(self, name: str) -> nbformat.NotebookNode:
        """A notebook as the front end saved it."""
        return nbformat.read(self.files / name, as_version=4)

    def browse(self, scenario: str) -> dict[str, Any]:
        """What the browser saw; its screenshots are in `directory`. The kernels end with it."""
        try:
            answer = self._browser.ask(scenario)
        finally:
            self._shut_kernels_down()
        log = self.log.read_text()[-6000:]
        assert "seen" in answer, f"{answer['error']}\nscreenshot in {self.directory}\n-- the log of the server\n{log}"
        return answer["seen"]

    def _shut_kernels_down(self) -> None:
        for kernel in json.loads(self._call("GET", "api/kernels")):
            self._call("DELETE", f"api/kernels/{kernel['id']}")

    def _call(self, method: str, path: str) -> bytes:
        address, token = self.url.split("?token=")
        request = urllib.request.Request(address + path, method=method, headers={"Authorization": f"token {token}"})
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            return response.read()


class Browser:
    """Chromium, started by the first scenario and used for all of one server: it keeps what it has loaded."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def ask(self, scenario: str) -> dict[str, Any]:
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{scenario}\n")
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            assert selector.select(4 * LIMIT + 30), f"the browser did not get to the end of {scenario}"
        line = self._process.stdout.readline()
        assert line, "the browser has ended; what it said is in browser.log"
        return json.loads(line)

    def _start(self) -> subprocess.Popen[str]:
        node = shutil.which("node")
        assert node, "the browser tests need node, playwright-core and Chromium: run them through scripts/with-browser"
        with open(Path(self._arguments[-1]) / "browser.log", "w") as log:
            return subprocess.Popen(
                [node, str(BROWSER), *self._arguments],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def close(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin
        # The end of its input is the end of the browser.
        self._process.stdin.close()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()


class Lab(Server):
    program = "lab"
    options = ("--LabApp.news_url=None",)


class Notebook(Server):
    """Notebook 7."""

    program = "notebook"


#: Notebook and scenario, for each picture of the documentation.
PICTURES = {
    "notebook.png": ("autoawait.ipynb", "picture"),
    "dashboard.png": ("dashboard.ipynb", "dashboardPicture"),
    "plotly.png": ("pictures.ipynb", "plotlyPicture"),
}


def pictures(target: Path) -> None:
    with tempfile.TemporaryDirectory() as directory, Lab(Path(directory) / "server") as lab:
        for name, (notebook, scenario) in PICTURES.items():
            lab.add_notebook(notebook)
            lab.browse(scenario)
            shutil.copyfile(lab.directory / name, target / name)


if __name__ == "__main__":
    pictures(Path(sys.argv[1]))

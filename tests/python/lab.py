"""A JupyterLab server with settings of its own, and the browser that looks at it.

`python lab.py PICTURE.png` makes the picture of the documentation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
import notebook as example
from client import KERNEL_NAME, LIMIT
from jupyter_client.kernelspec import KernelSpecManager

BROWSER = Path(__file__).resolve().parents[1] / "browser" / "lab.mjs"

# All cells are in the page, also those that are not in sight; no news pops up over them; completions may take their time
# on a busy machine.
SETTINGS = {
    "@jupyterlab/completer-extension/manager.jupyterlab-settings": {"providerTimeout": 10000},
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}


class Lab:
    """A running `jupyter lab` whose files lie in one directory."""

    def __init__(self, directory: Path, environment: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.files = directory / "files"
        self.files.mkdir(parents=True)
        self.log = directory / "lab.log"
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

    def __enter__(self) -> Lab:
        command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
        command += [f"--ServerApp.root_dir={self.files}", "--LabApp.news_url=None"]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, cwd=self.directory)
        self.url = self._wait_for_url()
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
                    return f"{server['url']}lab?token={server['token']}"
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"JupyterLab did not start:\n{self.log.read_text()[-6000:]}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def add_notebook(self, name: str, *sources: str) -> None:
        """A notebook for the kernel under test, without outputs."""
        if sources:
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        else:
            notebook = example.read()
            for cell in example.code_cells(notebook):
                cell.outputs, cell.execution_count = [], None
        display_name = KernelSpecManager().get_kernel_spec(KERNEL_NAME).display_name
        notebook.metadata["kernelspec"] = {"name": KERNEL_NAME, "display_name": display_name, "language": "python"}
        nbformat.write(notebook, self.files / name)

    def browse(self, scenario: str) -> dict[str, Any]:
        """What the browser saw; its screenshots are in `directory`."""
        node = shutil.which("node")
        assert node, "the browser tests need node, playwright-core and Chromium: run them through scripts/with-browser"
        done = subprocess.run(
            [node, str(BROWSER), scenario, self.url, str(self.directory)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=4 * LIMIT + 30,
        )
        log = self.log.read_text()[-6000:]
        assert done.returncode == 0, f"{done.stderr}\nscreenshot in {self.directory}\n-- the log of JupyterLab\n{log}"
        return json.loads(done.stdout)


def picture(target: Path) -> None:
    with tempfile.TemporaryDirectory() as directory, Lab(Path(directory)) as lab:
        lab.add_notebook("autoawait.ipynb")
        lab.browse("picture")
        shutil.copyfile(Path(directory) / "picture.png", target)


if __name__ == "__main__":
    picture(Path(sys.argv[1]))

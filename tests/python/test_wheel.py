"""The wheel: installed into an empty environment it is all that Jupyter needs, and uninstalled it leaves nothing."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import pytest

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")
#: `make wheel` says where it lies.
WHEEL = Path(os.environ.get("EVERLOOP_WHEEL", "no-wheel"))
FRONT_END = Path(__file__).parent / "programs" / "front_end.py"

pytestmark = pytest.mark.skipif(not WHEEL.is_file(), reason="EVERLOOP_WHEEL names no wheel: `make test` builds one")

CELLS = [
    "import asyncio; await asyncio.sleep(0); 'slept'",
    "%config ZMQInteractiveShell.ast_node_interactivity",
    "import os, sys, executing; print(executing.__file__, sys.executable, sorted(os.environ), sep='\\n')",
    """
import subprocess
run = subprocess.run([sys.executable, '-c', 'import IPython; print(IPython.__file__)'], capture_output=True, text=True)
print(run.stdout, run.stderr)
""",
]


#: Root may write anywhere unless this capability is taken away.
AS_USER = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []


def run(*command: str | Path, stdin: str = "", **variables: str | Path) -> str:
    """What a command prints, run with these environment variables alone."""
    env = {name: str(value) for name, value in variables.items()}
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Environment:
    """A virtual environment with the wheel and with a Jupyter, and a home of its own."""

    def __init__(self, directory: Path) -> None:
        self.prefix = directory / "environment"
        self.home = directory / "home"
        self.home.mkdir()
        run(sys.executable, "-m", "venv", self.prefix)
        # The person's configuration of pip says where packages come from.
        self._configuration = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        self._configuration["HOME"] = os.environ.get("HOME", str(self.home))
        self.pip("install", "--quiet", WHEEL, "jupyter_client")

    @property
    def bin(self) -> Path:
        return self.prefix / "bin"

    def pip(self, *arguments: str | Path) -> str:
        command = [self.bin / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
        return run(*command, **self._configuration)

    def front_end(self, *cells: str) -> dict[str, Any]:
        command = [*AS_USER, self.bin / "python", FRONT_END]
        return json.loads(run(*command, stdin=json.dumps(cells), HOME=self.home, PATH=os.defpath))

    @property
    def site_packages(self) -> Path:
        (directory,) = self.prefix.glob("lib/python3*/site-packages")
        return directory

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Inside, nobody but root may write into it."""
        run("chmod", "-R", "a-w", self.prefix, PATH=os.defpath)
        try:
            yield
        finally:
            run("chmod", "-R", "u+w", self.prefix, PATH=os.defpath)

    def files_of_everloop(self) -> list[str]:
        return sorted(str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*everloop*"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("wheel"))


def test_it_is_small_and_says_what_is_in_it() -> None:
    assert WHEEL.stat().st_size < 40_000_000
    with zipfile.ZipFile(WHEEL) as wheel:
        names = wheel.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(wheel.read(metadata).decode())
    assert headers["Name"] == "everloop"
    assert headers["Version"] == run(BINARY, "--version").split()[1]
    assert {name.split(">")[0] for name in headers.get_all("Requires-Dist")} == {"comm", "ipython", "pip"}
    assert "LGPL-3.0-only" in headers["License-Expression"]
    licenses = {Path(name).name for name in names if "/licenses/" in name}
    assert licenses >= {"LICENSE-MIT", "LICENSE-APACHE", "LGPL-3.0.txt", "GPL-3.0.txt", "README.md"}
    # Nothing of it is importable by the Python of the environment.
    assert not [name for name in names if name.endswith(".py")]


def test_its_kernelspec_is_what_install_writes_but_for_the_paths(environment: Environment, tmp_path: Path) -> None:
    run(BINARY, "install", "--prefix", tmp_path)
    ours, wheels = (prefix / "share" / "jupyter" / "kernels" / "everloop" for prefix in (tmp_path, environment.prefix))
    assert {path.name for path in wheels.iterdir()} == {path.name for path in ours.iterdir()}
    for path in ours.glob("logo-*"):
        assert (wheels / path.name).read_bytes() == path.read_bytes()
    installed, of_wheel = (json.loads((directory / "kernel.json").read_text()) for directory in (ours, wheels))
    program = of_wheel["argv"][0].replace("{resource_dir}", str(wheels))
    assert Path(program).resolve() == environment.bin.resolve() / "everloop"
    assert of_wheel["argv"][1:] == installed["argv"][1:]
    # Where the program lies says which environment it is.
    assert (of_wheel["env"], installed["env"]) == ({}, {"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    assert {**of_wheel, "argv": [], "env": {}} == {**installed, "argv": [], "env": {}}


def test_the_kernel_runs_in_an_environment_that_is_not_activated(environment: Environment) -> None:
    seen = environment.front_end(*CELLS)
    assert seen["kernels"]["everloop"] == str(environment.prefix / "share" / "jupyter" / "kernels" / "everloop")
    slept, magic, packages, child = seen["cells"]
    assert slept == "'slept'"
    assert magic == "'last_expr'"
    package, executable, variables = packages.splitlines()
    assert package == str(environment.site_packages / "executing" / "__init__.py")
    assert Path(executable) == (environment.bin / "everloop").resolve()
    assert "VIRTUAL_ENV" not in variables
    assert child.splitlines() == [str(environment.site_packages / "IPython" / "__init__.py"), " "]


def test_an_environment_that_cannot_be_written(environment: Environment) -> None:
    # What the kernel has compiled before.
    for compiled in environment.prefix.rglob("*.rustpython-314.pyc"):
        compiled.unlink()
    with environment.read_only():
        refused, *others = environment.front_end(
            "import os; open(os.environ['EVERLOOP_ENVIRONMENT'] + '/x', 'w')", *CELLS
        )["cells"]
    assert refused.startswith("PermissionError: ")
    assert others[0] == "'slept'"
    assert others[1] == "'last_expr'"
    assert others[2].startswith(str(environment.site_packages))


def test_everloop_sees_itself(environment: Environment) -> None:
    (line,) = run(environment.bin / "everloop", "list", HOME=environment.home).splitlines()
    directory = environment.prefix / "share" / "jupyter" / "kernels" / "everloop"
    assert line == f"everloop\t{directory}\tPython (everloop)"


def test_its_python_makes_virtual_environments(environment: Environment, tmp_path: Path) -> None:
    everloop = environment.bin / "everloop"
    run(everloop, "python", "-m", "venv", "--without-pip", tmp_path / "inner", HOME=environment.home)
    prefix = run(tmp_path / "inner" / "bin" / "python", "-c", "import sys; print(sys.prefix)", HOME=environment.home)
    assert prefix == f"{tmp_path / 'inner'}\n"


def test_nothing_is_left_when_it_is_uninstalled(environment: Environment) -> None:
    """From here on it is not installed any more."""
    (record,) = environment.site_packages.glob("everloop-*.dist-info/RECORD")
    files = [environment.site_packages / path for path, *_ in csv.reader(record.read_text().splitlines())]
    assert environment.files_of_everloop()
    environment.pip("uninstall", "--yes", "everloop")
    assert [path for path in files if path.exists()] == []
    assert environment.files_of_everloop() == []
    assert {path.name for path in environment.prefix.glob("share/jupyter/kernels/*")} <= {"python3"}


def test_its_packages_go_with_everloop_uninstall(environment: Environment) -> None:
    environment.pip("install", "--quiet", "--no-deps", WHEEL)
    packages = environment.prefix / "share" / "everloop"
    (packages / "lib").mkdir(parents=True)
    lines = run(environment.bin / "everloop", "uninstall", "--sys-prefix", HOME=environment.home)
    assert lines.splitlines() == [
        f"removed {environment.prefix / 'share/jupyter/kernels/everloop'}",
        f"removed {packages}, the packages that `%pip` had installed",
    ]
    environment.pip("uninstall", "--yes", "everloop")
    assert environment.files_of_everloop() == []

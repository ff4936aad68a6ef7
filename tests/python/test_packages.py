"""``%pip``, ``!pip`` and ``everloop python -m pip``: packages of the kernel's own, beside those of its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from as_program import python
from client import Kernel, plain
from distributions import serve, source, wheel

#: What pip may need on a busy machine.
LIMIT = 120.0

START = Callable[..., Kernel]
pytestmark = pytest.mark.everloop_only("what is installed there is for CPython")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A directory of distributions, which is all that pip knows."""
    directory = tmp_path / "index"
    directory.mkdir()
    return directory


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "packages"


@pytest.fixture
def environment(prefix: Path, index: Path) -> dict[str, str]:
    return {"EVERLOOP_PACKAGES": str(prefix), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}


@pytest.fixture
def kernel(start_kernel: START, environment: dict[str, str]) -> Kernel:
    return start_kernel(env=environment)


def site_packages(prefix: Path) -> Path:
    (found,) = prefix.glob("lib/rustpython3.*/site-packages")
    return found


def test_what_is_installed_can_be_imported_at_once(kernel: Kernel, prefix: Path, index: Path) -> None:
    wheel(index, "tiny", "1.0", {"tiny.py": "value = 1\n"})
    assert kernel.run("import tiny").reply["ename"] == "ModuleNotFoundError"
    cell = kernel.ok("%pip install tiny", LIMIT)
    assert "Successfully installed tiny-1.0" in plain(cell.stdout)
    assert kernel.ok("import tiny; tiny.__file__").result == repr(str(site_packages(prefix) / "tiny.py"))
    assert kernel.ok("import sys; sys.prefix").result == repr(str(prefix))
    # Nobody is there who could be asked whether it is meant.
    assert "Successfully uninstalled tiny-1.0" in plain(kernel.ok("%pip uninstall tiny", LIMIT).stdout)


@pytest.mark.parametrize(
    "command",
    ["!pip install tiny", "output = !pip install tiny", "%%bash\npip install tiny", "%%sh\npip3 install tiny"],
)
def test_pip_in_a_command_is_the_kernels(kernel: Kernel, prefix: Path, index: Path, command: str) -> None:
    wheel(index, "tiny", "1.0", {"tiny.py": "value = 1\n"})
    kernel.ok(command, LIMIT)
    assert kernel.ok("import tiny; tiny.__file__").result == repr(str(site_packages(prefix) / "tiny.py"))


def test_pip_of_the_program_installs_for_the_kernel(environment: dict[str, str], prefix: Path, index: Path) -> None:
    wheel(
        index, "tiny", "1.0", {"tiny.py": "def main(): print('tiny')\n", "tiny-1.0.dist-info/entry_points.txt": SCRIPT}
    )
    done = python("-m", "pip", "install", "tiny", **environment)
    assert done.returncode == 0, done.stderr
    assert "pyvenv.cfg" not in done.stdout + done.stderr
    assert python("-c", "import tiny; print(tiny.__file__)", **environment).stdout.startswith(str(prefix))
    ran = subprocess.run(
        [prefix / "bin" / "tiny"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, **environment},
    )
    assert ran.stdout == "tiny\n", ran.stderr


SCRIPT = "[console_scripts]\ntiny = tiny:main\n"


def test_progress_is_shown_while_it_is_made(start_kernel: START, prefix: Path, index: Path) -> None:
    file = wheel(index, "big", "1.0", {"big.py": f"text = {'x' * 600_000!r}\n"})
    with serve(file) as server:
        kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(prefix), "PIP_INDEX_URL": server.url})
        cell = kernel.submit("%pip install --no-cache-dir big")
        # The file has not arrived, and nothing of it will before this was seen.
        cell.wait_for("Downloading", limit=LIMIT)
        assert not cell.replies
        assert kernel.request("complete_request", {"code": "pri", "cursor_pos": 3}).wait().reply["matches"]
        server.goes_on.set()
        assert cell.wait(LIMIT).reply["status"] == "ok"
    assert "600" in kernel.ok("import big; len(big.text)").result


def test_an_interrupt_ends_pip_and_the_cell(start_kernel: START, prefix: Path, index: Path) -> None:
    file = wheel(index, "big", "1.0", {"big.py": f"text = {'x' * 600_000!r}\n"})
    with serve(file) as server:
        kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(prefix), "PIP_INDEX_URL": server.url})
        cell = kernel.submit("%pip install --no-cache-dir big\nprint('goes on')")
        cell.wait_for("Downloading", limit=LIMIT)
        kernel.interrupt("message")
        assert cell.wait(LIMIT).reply["ename"] == "KeyboardInterrupt"
        assert "goes on" not in cell.stdout
    assert kernel.run("import big").reply["ename"] == "ModuleNotFoundError"


# -- beside an environment


def test_the_environment_stays_as_it_is(kernel: Kernel, prefix: Path, index: Path) -> None:
    """A version of the kernel's own wins over the environment's, until it is gone."""
    theirs = kernel.ok("import tqdm; tqdm.__version__, tqdm.__file__").result
    wheel(index, "tqdm", "99.0", {"tqdm/__init__.py": "__version__ = '99.0'\n"})
    cell = kernel.ok("%pip install --upgrade tqdm", LIMIT)
    assert "Successfully installed tqdm-99.0" in plain(cell.stdout)
    assert "Note: the kernel has older versions of these in use until it is restarted: tqdm\n" in cell.stdout
    version = "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', 'import tqdm; print(tqdm.__version__)'], text=True))"
    assert kernel.ok(version).stdout == "99.0\n\n"
    kernel.ok("%pip uninstall tqdm", LIMIT)
    assert kernel.ok("import tqdm; tqdm.__version__, tqdm.__file__").result == theirs


def test_packages_of_debian(start_kernel: START, tmp_path: Path) -> None:
    """Those of apt and those of pip."""
    for directory, module in (("python3", "of_apt"), ("python3.13", "of_pip")):
        path = tmp_path / "usr" / "lib" / directory / "dist-packages" / f"{module}.py"
        path.parent.mkdir(parents=True)
        path.touch()
    start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path / "usr")}).ok("import of_apt, of_pip")


def test_packages_in_development(start_kernel: START, tmp_path: Path, environment: dict[str, str], index: Path) -> None:
    """Path files of the environment are read as far as they name directories or are those of a package in development."""
    theirs = tmp_path / "environment" / "lib" / "python3.12" / "site-packages"
    for module in ("plain", "finder", "tool"):
        (tmp_path / f"of_{module}").mkdir()
        (tmp_path / f"of_{module}" / f"{module}.py").touch()
    theirs.mkdir(parents=True)
    (theirs / "plain.pth").write_text(f"# where it lies\n{tmp_path / 'of_plain'}\n\n{tmp_path / 'missing'}\n")
    (theirs / "__editable__.finder.pth").write_text(f"import sys; sys.path.append({str(tmp_path / 'of_finder')!r})\n")
    (theirs / "tool.pth").write_text(f"import sys; sys.path.append({str(tmp_path / 'of_tool')!r})\n")
    kernel = start_kernel(env={**environment, "EVERLOOP_ENVIRONMENT": str(tmp_path / "environment")})
    assert kernel.ok("import plain, finder").reply["status"] == "ok"
    assert kernel.run("import tool").reply["ename"] == "ModuleNotFoundError"
    assert kernel.ok("import sys; [path for path in sys.path if path.endswith('missing')]").result == "[]"


def test_a_path_file_that_is_installed_is_read(kernel: Kernel, tmp_path: Path, index: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "edited.py").touch()
    wheel(index, "edited", "1.0", {"edited.pth": f"{tmp_path / 'source'}\nimport no_such_module\n"})
    kernel.ok("%pip install edited", LIMIT)
    kernel.ok("import edited")


def test_a_virtual_environment_of_everloop_is_apart(kernel: Kernel, tmp_path: Path, index: Path) -> None:
    wheel(index, "tiny", "1.0", {"tiny.py": ""})
    kernel.ok("%pip install tiny", LIMIT)
    kernel.ok(f"import sys\n!{{sys.executable}} -m venv --without-pip {tmp_path}/venv", LIMIT)
    code = "import sys; print(sys.prefix, [path for path in sys.path if 'site-packages' in path])"
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "EVERLOOP_ENVIRONMENT": sys.prefix},
    )
    assert done.stdout.startswith(f"{tmp_path}/venv ['{tmp_path}/venv/lib/"), done.stdout + done.stderr
    assert done.stdout.count("site-packages") == 1


# -- without IPython


def test_ipython_can_be_installed_and_is_there(
    start_kernel: START, tmp_path: Path, environment: dict[str, str], index: Path
) -> None:
    lib = tmp_path / "environment" / "lib" / "python3.12" / "site-packages"
    lib.mkdir(parents=True)
    (tests,) = Path(sys.prefix).glob("lib/python3*/site-packages")
    (lib / "pip").symlink_to(tests / "pip")
    kernel = start_kernel(env={**environment, "EVERLOOP_ENVIRONMENT": str(tmp_path / "environment")})
    assert "`%pip install ipython`" in kernel.run("%time 1").reply["evalue"]
    # It brings the packages of the tests' environment, and IPython with them.
    wheel(index, "ipython", "1.0", {"ipython.pth": f"{tests}\n"})
    kernel.ok("%pip install ipython", LIMIT)
    assert "Wall time" in kernel.ok("%time 1").stdout


def test_an_environment_without_pip(start_kernel: START, tmp_path: Path, environment: dict[str, str]) -> None:
    kernel = start_kernel(env={**environment, "EVERLOOP_ENVIRONMENT": str(tmp_path)})
    evalue = kernel.run("%pip install tiny").reply["evalue"]
    assert evalue.startswith("pip is not in the environment of this kernel")
    command = evalue.rpartition("`python3 ")[2].rstrip("`").split()
    assert command[-2:] == ["install", "pip"]
    # What it says works.
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={
            **os.environ,
            "EVERLOOP_PACKAGES": environment["EVERLOOP_PACKAGES"],
            "EVERLOOP_ENVIRONMENT": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pip " in kernel.ok("%pip --version", LIMIT).stdout


def test_the_pip_of_debian_12(start_kernel: START, tmp_path: Path, environment: dict[str, str], index: Path) -> None:
    """It is older than Python 3.12, and does not know that an importer was removed."""
    theirs = tmp_path / "environment" / "lib" / "python3.11" / "site-packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", theirs, "pip==23.0.1"]
    subprocess.run(pip, check=True, timeout=LIMIT)
    wheel(index, "tiny", "1.0", {"tiny.py": ""})
    kernel = start_kernel(env={**environment, "EVERLOOP_ENVIRONMENT": str(tmp_path / "environment")})
    assert "pip 23.0.1" in kernel.ok("%pip --version", LIMIT).stdout
    kernel.ok("%pip install tiny", LIMIT)
    kernel.ok("import tiny")


# -- what goes wrong


def test_what_pip_refuses_fails_the_cell(kernel: Kernel, index: Path) -> None:
    wheel(index, "needy", "1.0", {"needy.py": ""}, requires=("tiny>=2",))
    wheel(index, "tiny", "1.0", {"tiny.py": ""})
    wheel(index, "tiny", "2.0", {"tiny.py": ""})
    said = {
        "%pip install no-such-package": "No matching distribution found for no-such-package",
        "%pip install needy tiny==1.0": "Cannot install needy==1.0 and tiny==1.0 because these package versions have conflicting dependencies.",
        "%pip install": "You must give at least one requirement to install",
        "%pip frobnicate": 'unknown command "frobnicate"',
    }
    for command, expected in said.items():
        cell = kernel.run(f"{command}\nprint('goes on')", LIMIT)
        assert cell.reply["ename"] == "PipFailed", cell.stdout
        assert cell.reply["evalue"].startswith("pip ended with exit code")
        assert len(cell.reply["traceback"]) == 1
        assert expected in plain(cell.stdout)
        assert "goes on" not in cell.stdout
    assert "Successfully installed" in plain(kernel.ok("%pip install needy", LIMIT).stdout)


def test_no_network(start_kernel: START, prefix: Path) -> None:
    kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(prefix), "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"})
    cell = kernel.run("%pip install --retries 1 tiny", LIMIT)
    assert cell.reply["ename"] == "PipFailed"
    assert "connection broken" in plain(cell.stdout)
    assert "No matching distribution found for tiny" in plain(cell.stdout)


def test_the_environment_was_removed(start_kernel: START, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(gone)})
    assert kernel.ok("1 + 1").result == "2"
    cell = kernel.run("%pip install tiny")
    assert cell.reply["evalue"].startswith(f"the environment of this kernel, {gone}, was removed")
    assert not gone.exists()


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[None]:
    """A file system of its own, which only root can have."""
    directory.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def test_a_full_disk(start_kernel: START, tmp_path: Path, index: Path) -> None:
    wheel(index, "big", "1.0", {"big.py": f"text = {'x' * 600_000!r}\n"})
    with mounted(tmp_path / "disk", "size=300k"):
        kernel = start_kernel(
            env={"EVERLOOP_PACKAGES": f"{tmp_path}/disk/packages", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
        )
        cell = kernel.run("%pip install big", LIMIT)
        assert cell.reply["ename"] == "PipFailed"
        assert "No space left on device" in plain(cell.stdout)
        assert kernel.ok("1 + 1").result == "2"


def test_a_prefix_that_cannot_be_written(start_kernel: START, tmp_path: Path, index: Path) -> None:
    """pip installs for the user then, as ever, and the kernel finds it there."""
    wheel(index, "tiny", "1.0", {"tiny.py": ""})
    with mounted(tmp_path / "disk", "ro"):
        kernel = start_kernel(
            env={
                "EVERLOOP_PACKAGES": f"{tmp_path}/disk/packages",
                "PYTHONUSERBASE": f"{tmp_path}/user",
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(index),
            }
        )
        cell = kernel.ok("%pip install tiny", LIMIT)
        assert "Defaulting to user installation because normal site-packages is not writeable" in plain(cell.stdout)
        assert f"{tmp_path}/user" in kernel.ok("import tiny; tiny.__file__").result


# -- extensions for CPython


SETUP = """
from setuptools import Extension, setup
setup(name={name!r}, version='1.0', py_modules=[{name!r}], ext_modules=[Extension('_speedups', ['speedups.c'], optional={optional})])
"""


@pytest.mark.parametrize("optional", [True, False])
def test_a_source_with_an_extension(start_kernel: START, prefix: Path, index: Path, optional: bool) -> None:
    """None is compiled: what can do without is installed in its pure form, and the rest fails by a line that says why."""
    name = "everloop_tests_free" if optional else "everloop_tests_bound"
    files = {
        "setup.py": SETUP.format(name=name, optional=optional),
        "speedups.c": "#include <Python.h>\n",
        f"{name}.py": "",
    }
    source(index, name, "1.0", files)
    kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(prefix)})
    cell = kernel.run(f"%pip install --find-links {index} {name}", LIMIT)
    text = plain(cell.stdout)
    if optional:
        assert cell.reply["status"] == "ok", text
        kernel.ok(f"import {name}")
    else:
        assert cell.reply["ename"] == "PipFailed"
        assert "everloop cannot load extensions for CPython, so none is compiled" in text


@pytest.mark.parametrize("name", ["numpy", "pydantic_core==2.0"])
def test_what_only_exists_for_cpython_is_not_tried(start_kernel: START, prefix: Path, name: str) -> None:
    """No source of it is downloaded and compiled for minutes, in vain."""
    cell = start_kernel(env={"EVERLOOP_PACKAGES": str(prefix)}).run(f"%pip install {name}", LIMIT)
    assert cell.reply["ename"] == "PipFailed"
    assert "it is only there for CPython. Use instead: " in plain(cell.stdout)
    assert "Downloading" not in cell.stdout


def test_access_still_ignores_what_is_no_bit_of_the_mode(tmp_path: Path) -> None:
    """When this fails, ``everloop.compat.access`` is not needed any more."""
    with mounted(tmp_path / "disk", "ro"):
        code = "import os; from everloop.compat import access; print(access.ORIGINAL('disk', os.W_OK), os.access('disk', os.W_OK))"
        assert python("-c", f"import os; os.chdir({str(tmp_path)!r}); {code}").stdout == "True False\n"


def test_setuptools_still_needs_a_compiler_that_is_named() -> None:
    """When this fails, ``everloop.compat.sysconfig`` has less to do."""
    code = "import sysconfig; print(sysconfig.get_config_var('LDCXXSHARED'))"
    assert python("-E", "-c", code).stdout.strip() != "None"
    bare = (
        "import sys; from importlib import import_module; from everloop.compat import imports; imports._wrappers.clear(); imports._repairs.clear(); "
        + code
    )
    assert python("-c", bare).stdout == "None\n"

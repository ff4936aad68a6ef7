"""The command line, judged by Jupyter's own idea of where kernels are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

BINARY = Path(os.environ.get("EVERLOOP_BIN", "everloop"))

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a command as a user who has a home and has set nothing but the given variables."""

    def run(*command: str | Path, **variables: str | Path) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.defpath, "HOME": str(home), **{name: str(value) for name, value in variables.items()}}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def everloop(run: Run) -> Run:
    return lambda *words, **variables: run(BINARY, *words, **variables)


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a failure."""
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("everloop: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def seen_by_jupyter(run: Run, **variables: str | Path) -> dict[str, dict]:
    listed = run(sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json", **variables)
    return json.loads(listed.stdout)["kernelspecs"]


def test_jupyter_sees_the_kernel_and_its_logos(run: Run, everloop: Run, tmp_path: Path) -> None:
    line = ok(everloop("install", "--prefix", tmp_path, "--display-name", "Loop", "--env", "A=b=c"))
    directory = tmp_path / "share" / "jupyter" / "kernels" / "everloop"
    assert line == f'installed "Loop" in {directory}\n'

    found = seen_by_jupyter(run, JUPYTER_PATH=tmp_path / "share" / "jupyter")["everloop"]
    assert Path(found["resource_dir"]) == directory
    assert found["spec"]["argv"] == [str(BINARY.resolve()), "run", "-f", "{connection_file}"]
    assert found["spec"]["display_name"] == "Loop"
    assert found["spec"]["language"] == "python"
    assert found["spec"]["interrupt_mode"] == "message"
    assert found["spec"]["env"] == {"A": "b=c", "EVERLOOP_ENVIRONMENT": str(tmp_path)}

    spec = KernelSpecManager(kernel_dirs=[str(directory.parent)]).get_kernel_spec("everloop")
    assert spec.display_name == "Loop"
    assert {path.name for path in directory.iterdir()} == {
        "kernel.json",
        "logo-32x32.png",
        "logo-64x64.png",
        "logo-svg.svg",
    }


@pytest.mark.parametrize(
    "variables",
    [{}, {"XDG_DATA_HOME": "{home}/data"}, {"JUPYTER_DATA_DIR": "{home}/jupyter data"}, {"XDG_DATA_HOME": ""}],
    ids=["home", "xdg", "jupyter", "empty"],
)
def test_user_installs_where_jupyter_looks(run: Run, everloop: Run, home: Path, variables: dict[str, str]) -> None:
    variables = {name: value.format(home=home) for name, value in variables.items()}
    # The environment of the tests has an `everloop` of its own, which Jupyter would find first.
    ok(everloop("install", "--user", "--name", "mine", **variables))
    found = seen_by_jupyter(run, **variables)["mine"]
    assert "EVERLOOP_ENVIRONMENT" not in found["spec"]["env"]
    (name, directory, _) = ok(everloop("list", **variables)).rstrip("\n").split("\t")
    assert (name, directory) == ("mine", found["resource_dir"])

    assert ok(everloop("uninstall", "--user", "--name", "mine", **variables)) == f"removed {directory}\n"
    assert "mine" not in seen_by_jupyter(run, **variables)
    assert ok(everloop("list", **variables)) == ""


def test_user_records_the_environment_that_is_active(everloop: Run, home: Path, tmp_path: Path) -> None:
    ok(everloop("install", VIRTUAL_ENV=tmp_path))
    spec = json.loads((home / ".local/share/jupyter/kernels/everloop/kernel.json").read_text())
    assert spec["env"] == {"EVERLOOP_ENVIRONMENT": str(tmp_path)}


def test_sys_prefix_is_the_active_environment(run: Run, everloop: Run, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    ok(everloop("install", "--sys-prefix", "--name", "Mine", VIRTUAL_ENV=environment))
    assert (environment / "share/jupyter/kernels/mine/kernel.json").is_file()
    assert "mine\t" in ok(everloop("list", VIRTUAL_ENV=environment))
    ok(everloop("uninstall", "--sys-prefix", "--name", "mine", VIRTUAL_ENV=environment))
    assert ok(everloop("list", VIRTUAL_ENV=environment)) == ""


def test_jupyter_path_is_a_list(everloop: Run, tmp_path: Path) -> None:
    prefixes = [tmp_path / "one", tmp_path / "two"]
    for prefix in prefixes:
        prefix.mkdir()
        ok(everloop("install", "--prefix", prefix))
    path = os.pathsep.join(str(prefix / "share" / "jupyter") for prefix in prefixes)
    lines = ok(everloop("list", JUPYTER_PATH=path)).splitlines()
    assert [Path(line.split("\t")[1]) for line in lines] == [p / "share/jupyter/kernels/everloop" for p in prefixes]


def test_a_foreign_kernel_is_left_alone(everloop: Run, tmp_path: Path) -> None:
    directory = tmp_path / "share" / "jupyter" / "kernels" / "python3"
    directory.mkdir(parents=True)
    foreign = '{"argv": ["python", "-m", "ipykernel"], "display_name": "Python 3", "language": "python"}'
    (directory / "kernel.json").write_text(foreign)
    for command in ("install", "uninstall"):
        line = complaint(everloop(command, "--prefix", tmp_path, "--name", "python3"))
        assert f"{directory} belongs to another kernel" in line
    assert [path.name for path in directory.iterdir()] == ["kernel.json"]
    assert (directory / "kernel.json").read_text() == foreign


def test_packages_go_with_the_last_kernel_of_an_environment(everloop: Run, home: Path, tmp_path: Path) -> None:
    packages = tmp_path / "share" / "everloop"
    packages.mkdir(parents=True)
    history = home / ".ipython" / "profile_default" / "history.sqlite"
    history.parent.mkdir(parents=True)
    history.touch()
    for name in ("one", "two"):
        ok(everloop("install", "--prefix", tmp_path, "--name", name))
    assert ok(everloop("uninstall", "--prefix", tmp_path, "--name", "one")).count("\n") == 1
    assert packages.is_dir()
    lines = ok(everloop("uninstall", "--prefix", tmp_path, "--name", "two")).splitlines()
    assert lines[1:] == [f"removed {packages}, the packages that `%pip` had installed"]
    assert not packages.exists()
    assert history.exists()


def test_packages_that_the_user_has_placed_stay(everloop: Run, home: Path, tmp_path: Path) -> None:
    ours = home / ".local" / "share" / "everloop" / "packages"
    for directory in (ours, tmp_path / "mine"):
        directory.mkdir(parents=True)
    ok(everloop("install", "--user", "--env", f"EVERLOOP_PACKAGES={tmp_path / 'mine'}"))
    removed = ok(everloop("uninstall", "--user", EVERLOOP_PACKAGES=tmp_path / "mine"))
    assert str(ours) in removed
    assert not ours.exists()
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["install", "--prefix", "/no/such/prefix"], "no such prefix: /no/such/prefix"),
        (["install", "--sys-prefix"], "no environment is active"),
        (["install", "--name", "a/b"], "`a/b` cannot name a kernel"),
        (["install", "--name", ".."], "`..` cannot name a kernel"),
        (["install", "--env", "LONELY"], "write NAME=VALUE"),
        (["install", "--user", "--sys-prefix"], "cannot be used with"),
        (["uninstall"], "no kernel is installed in"),
        (["run"], "CONNECTION_FILE"),
        (["run", "-f", "/no/such/file.json"], "/no/such/file.json"),
        (["dance"], "dance"),
        ([], "subcommand"),
    ],
)
def test_every_failure_is_one_line(everloop: Run, words: list[str], expected: str) -> None:
    assert expected in complaint(everloop(*words))


def test_no_permission_is_one_line(run: Run, home: Path) -> None:
    home.chmod(0o555)
    # Root may write anywhere unless this capability is taken away.
    limited = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
    line = complaint(run(*limited, BINARY, "install", "--user"))
    assert f"cannot create {home}/.local/share/jupyter/kernels/everloop: Permission denied" in line


@pytest.mark.parametrize("text", ["", "{", "[]", '{"shell_port": 1}'])
def test_a_broken_connection_file_is_one_line(everloop: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "connection.json"
    file.write_text(text)
    assert str(file) in complaint(everloop("run", "-f", file))


def test_version(everloop: Run) -> None:
    name, version = ok(everloop("--version")).split()
    assert name == "everloop"
    assert version.count(".") == 2

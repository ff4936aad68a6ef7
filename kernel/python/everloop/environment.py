"""Where packages come from: a prefix of the kernel's own, and the environment that everloop was installed for.

What pip installs goes into the prefix, which is ``sys.prefix``; of the environment, which is another Python's, the
packages in pure Python are used and nothing is changed. ``sys.path`` has, behind the standard library, the
``site-packages`` of the prefix, those of the user (where pip installs when the prefix cannot be written) and those of
the environment.
"""

import os
import sys

import _everloop

#: Below a prefix; as in the scheme ``posix_prefix`` of sysconfig.
_SITE_PACKAGES = os.path.join(
    "lib", f"rustpython{sys.version_info.major}.{sys.version_info.minor}{sys.abiflags}", "site-packages"
)

_read_path_files = set()


def activate():
    """Let modules be imported from the prefix and from the environment.

    In a virtual environment that was made with everloop as its Python there is nothing but that.
    """
    if _is_in_venv():
        return
    prefix = _everloop.package_prefix(directory())
    if prefix is not None:
        sys.prefix = sys.exec_prefix = prefix
    _extend_path()


def refresh():
    """Let what was installed since be imported."""
    if not _is_in_venv():
        _extend_path()
    from importlib import invalidate_caches

    invalidate_caches()


def directory():
    """The environment that everloop was installed for, or None."""
    return os.environ.get("EVERLOOP_ENVIRONMENT") or None


def was_removed():
    """Whether there is an environment that is not there any more, and the prefix with it."""
    environment = directory()
    return environment is not None and not os.path.isdir(environment) and sys.prefix.startswith(environment + os.sep)


def own_site_packages():
    """The directories that pip installs into."""
    return [os.path.join(sys.prefix, _SITE_PACKAGES), *_user_site_packages()]


def add_commands():
    """Let the commands of packages in the prefix be found by the programs that this process starts."""
    os.environ["PATH"] = os.pathsep.join([os.path.join(sys.prefix, "bin"), os.environ.get("PATH", os.defpath)])


def _is_in_venv():
    # A program that lies in the environment of another Python looks as if it was in its own.
    if sys.prefix == sys.base_prefix:
        return False
    try:
        return os.path.samefile(os.path.join(sys.prefix, "bin", "python"), sys.executable)
    except OSError:
        return False


def _extend_path():
    environment = directory()
    theirs = _site_packages_of(environment) if environment else []
    for path in (*own_site_packages(), *theirs):
        if path not in sys.path:
            sys.path.append(path)
        for line in _new_lines_of_path_files(path, is_ours=path not in theirs):
            _take(line, path)


def _user_site_packages():
    # As the module `site`, which the kernel does not import, since it puts its own `exit` into `builtins`.
    if sys.flags.no_user_site:
        return []
    base = os.environ.get("PYTHONUSERBASE") or os.path.expanduser(os.path.join("~", ".local"))
    path = os.path.join(base, _SITE_PACKAGES)
    return [path] if os.path.isdir(path) else []


def _site_packages_of(environment):
    """The directories of the environment's Pythons that hold its packages."""
    lib = os.path.join(environment, "lib")
    try:
        pythons = sorted(name for name in os.listdir(lib) if name.startswith("python3"))
    except OSError:
        return []
    # Debian's own Python has the second.
    candidates = [os.path.join(lib, python, kind) for python in pythons for kind in ("site-packages", "dist-packages")]
    return [path for path in candidates if os.path.isdir(path)]


def _new_lines_of_path_files(path, is_ours):
    """The lines of the path files (``.pth``) that lie in `path` and were not read yet.

    Those of the environment that are code are left out, but for packages in development: they are for CPython's tools.
    """
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(".pth") and not name.startswith("."))
    except OSError:
        return
    for name in names:
        file = os.path.join(path, name)
        if file in _read_path_files:
            continue
        _read_path_files.add(file)
        with open(file, encoding="utf-8-sig", errors="replace") as lines:
            for line in map(str.strip, lines):
                if is_ours or not _is_code(line) or name.startswith("__editable__"):
                    yield line


def _is_code(line):
    return line.startswith(("import ", "import\t"))


def _take(line, path):
    """What a line of a path file asks for. https://docs.python.org/3/library/site.html"""
    if _is_code(line):
        try:
            exec(line)
        except Exception as error:
            print(f"everloop: a path file in {path} failed: {type(error).__name__}: {error}", file=sys.stderr)
    elif line and not line.startswith("#"):
        added = os.path.abspath(os.path.join(path, line))
        if added not in sys.path and os.path.exists(added):
            sys.path.append(added)

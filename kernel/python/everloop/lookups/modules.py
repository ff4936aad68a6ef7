"""What can be imported, from the directories of `sys.path` and the modules that are loaded. Nothing is imported: that
would run code of the module, and take its time. Where the disk must not be asked, only what is loaded is known."""

import _imp
import os
import sys

from .statics import MISSING, field, instance_dict, instance_field, items, names

_SUFFIXES = (".py", ".pyc")
# Directory -> (time of its last change, the names of the modules in it). The kernel's packages seldom change.
_listed = {}


def loaded(name):
    """The module of that name, None when it is not loaded."""
    found = field(_modules(), name)
    return None if found is MISSING else found


def top_level(disk):
    """The names that can stand behind `import`."""
    found = set(sys.builtin_module_names) | set(getattr(sys, "stdlib_module_names", ()))
    found.update(name.partition(".")[0] for name in _frozen())
    found.update(name for name in _loaded_names() if "." not in name)
    for directory in _path(disk):
        found.update(_modules_in(directory or os.curdir))
    return found


def submodules(package, disk):
    """The names that can stand behind `import package.`."""
    prefix = f"{package}."
    candidates = _loaded_names() + _frozen()
    found = {name[len(prefix) :].partition(".")[0] for name in candidates if name.startswith(prefix)}
    for directory in _directories_of(package, disk):
        found.update(_modules_in(directory))
    return found - {"__main__", "__init__"}


def members(module, disk):
    """The names that can stand behind `from module import`, with their values where the module is loaded."""
    found = dict.fromkeys(submodules(module, disk), MISSING)
    there = loaded(module)
    if there is None:
        found.update(dict.fromkeys(_defined_in(module, disk), MISSING))
    else:
        known = instance_dict(there)
        found.update((name, known.get(name, MISSING)) for name in names(there))
    return found


def _modules():
    return sys.modules if type(sys.modules) is dict else {}


def _path(disk):
    """The directories of `sys.path`, where the disk may be asked."""
    if not disk or type(sys.path) is not list:
        return []
    return [directory for directory in list(sys.path) if type(directory) is str]


def _loaded_names():
    return [name for name, _ in items(_modules()) if type(name) is str]


def _frozen():
    try:
        return list(_imp._frozen_module_names())
    except AttributeError:
        return []


def _directories_of(package, disk):
    if not disk:
        return []
    there = loaded(package)
    if there is not None:
        path = instance_field(there, "__path__")
        return [directory for directory in path if type(directory) is str] if type(path) is list else []
    relative = package.replace(".", os.sep)
    return [os.path.join(directory or os.curdir, relative) for directory in _path(disk)]


def _modules_in(directory):
    try:
        changed = os.stat(directory).st_mtime_ns
    except (OSError, ValueError):
        return ()
    known = _listed.get(directory)
    if known is None or known[0] != changed:
        known = changed, _list(directory)
        _listed[directory] = known
    return known[1]


def _list(directory):
    found = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)
                # Extensions for CPython (.so, .pyd) cannot be loaded.
                if stem.isidentifier() and (suffix in _SUFFIXES or (not suffix and _is_package(entry))):
                    found.add(stem)
    except OSError:
        pass
    found.discard("__pycache__")
    return found


def _is_package(entry):
    return entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py"))


def _defined_in(module, disk):
    """The names that the file of a module which is not loaded defines at its top level."""
    for file in _files_of(module, disk):
        try:
            with open(file, encoding="utf-8") as lines:
                tree = compile(lines.read(), file, "exec", 0x400, dont_inherit=True)
        except (OSError, SyntaxError, ValueError):
            continue
        return {name for node in tree.body for name in _defined_by(node)}
    return ()


def _files_of(module, disk):
    relative = module.replace(".", os.sep)
    for directory in _path(disk):
        stem = os.path.join(directory, relative)
        yield os.path.join(stem, "__init__.py")
        yield f"{stem}.py"


def _defined_by(node):
    kind = type(node).__name__
    if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        yield node.name
    elif kind in ("Import", "ImportFrom"):
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name.partition(".")[0]
    elif kind == "Assign":
        for target in node.targets:
            if type(target).__name__ == "Name":
                yield target.id
    elif kind == "AnnAssign" and type(node.target).__name__ == "Name":
        yield node.target.id

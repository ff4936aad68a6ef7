"""pip, which installs for RustPython: packages in pure Python, those that only exist for CPython not at all."""

import atexit
import os
import re
import tempfile

from everloop.compat.extensions import EXTENSIONS, instead_of
from everloop.compat.imports import after_import, around_import

#: The last versions that do without an extension, of packages of which pip would try a hundred, or choose two that do not
#: work with each other: on Python 3.14 FastAPI knows no pydantic before 2 from 0.119 on.
_CONSTRAINTS = ("fastapi<0.119", "pydantic<2")


def install():
    """Tell pip what it need not try, and let it say why."""
    after_import("pip._internal.cli.main", _configure)
    after_import("pip._internal.exceptions", _explain)
    after_import("pip._internal.utils.virtualenv", _see_environment)
    around_import("pip._vendor.pkg_resources", _WithOldImporter)


def _configure(module):
    _use_wheels_alone()
    _constrain()
    # A source is built with a setuptools of its own, and not with the environment's, as old versions of pip would.
    os.environ.setdefault("PIP_USE_PEP517", "1")


def _use_wheels_alone():
    """Let pip take no source of them: it would be downloaded and compiled for minutes, in vain.

    Where older versions, of them or of what needs them, do without, pip finds those.
    """
    names = {package for package, _ in EXTENSIONS.values()} | {"hypothesis", "rpds-py"}
    chosen = os.environ.get("PIP_ONLY_BINARY", "")
    os.environ["PIP_ONLY_BINARY"] = ",".join(filter(None, [*sorted(names - {*chosen.split(",")}), chosen]))


def _constrain():
    with tempfile.NamedTemporaryFile("w", prefix="everloop-", suffix=".txt", delete=False) as file:
        file.write("\n".join(_CONSTRAINTS) + "\n")
    atexit.register(os.unlink, file.name)
    os.environ["PIP_CONSTRAINT"] = " ".join(filter(None, [os.environ.get("PIP_CONSTRAINT"), file.name]))


def _explain(exceptions):
    class DistributionNotFound(exceptions.DistributionNotFound):
        """Tells what to use in the place of a package that only exists for CPython."""

        def __str__(self):
            text = super().__str__()
            wanted = re.search(r"found for ([\w.-]+)", text)
            instead = wanted and instead_of(wanted[1].lower().replace("_", "-"))
            return f"{text}: it is only there for CPython.{instead}" if instead else text

    DistributionNotFound.__qualname__ = exceptions.DistributionNotFound.__qualname__
    exceptions.DistributionNotFound = DistributionNotFound


def _see_environment(virtualenv):
    # pip takes the kernel's prefix for a virtual environment, and would warn that it has no `pyvenv.cfg`. What that would
    # say is that the packages of another one are seen too.
    virtualenv._get_pyvenv_cfg_lines = lambda: ["include-system-site-packages = true"]


class _WithOldImporter:
    """Versions before 23.1.2, such as Debian 12's, name an importer that Python 3.12 removed; they do not need it."""

    def __init__(self, module):
        import pkgutil

        self._pkgutil = pkgutil
        self._is_missing = not hasattr(pkgutil, "ImpImporter")

    def __enter__(self):
        if self._is_missing:
            self._pkgutil.ImpImporter = type("ImpImporter", (), {})

    def __exit__(self, *exception):
        if self._is_missing:
            del self._pkgutil.ImpImporter

"""The module ``sysconfig``, as what compiles extensions (setuptools) asks it.

None is compiled, since none could be loaded: the compiler that is named here says so and fails. A package that can do
without its extension then takes its pure form.
"""

import shlex
import sys

from everloop.compat.imports import after_import

_REFUSAL = "everloop cannot load extensions for CPython, so none is compiled"


def install():
    """Name a compiler that refuses."""
    multiarch = getattr(sys.implementation, "_multiarch", "")
    after_import(f"_sysconfigdata_{sys.abiflags}_{sys.platform}_{multiarch}", _refuse)


def _refuse(data):
    compiler = shlex.join([sys.executable, "-ISc", f"raise SystemExit({_REFUSAL!r})"])
    names = ("CC", "CXX", "LDSHARED", "BLDSHARED", "LDCXXSHARED", "LINKCC")
    # `LDCXXSHARED` is what RustPython has no value for, and setuptools cannot do without.
    data.build_time_vars.update(dict.fromkeys(names, compiler))

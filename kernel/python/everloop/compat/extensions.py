"""Packages that exist as extensions for CPython, which RustPython does not load, and what to use in their place.

Importing one gives an ImportError that says so, whether it is installed or not. A package that has a pure form beside its
extension is imported in that form, since it asks for the extension by an import that may fail.
"""

import os
import sys

from everloop.compat.imports import around_import

_REASON = "an extension for CPython, which RustPython cannot load"

_ARRAYS = "Python's lists and `array`, `statistics`, mpmath"
_TABLES = "petl, agate, sqlite3, csv"
_PICTURES = "plotly's graph_objects, pygal, drawsvg"
_REQUESTS = "httpx or aiohttp with the service's HTTP interface"

#: Module -> (the name of its package where pip knows it, what to use in its place).
EXTENSIONS = {
    "asyncpg": ("asyncpg", "pg8000, aiosqlite"),
    "bcrypt": ("bcrypt", "hashlib.scrypt"),
    "cffi": ("cffi", "ctypes"),
    "cryptography": ("cryptography", "hashlib, hmac, secrets, ssl"),
    "cv2": ("opencv-python", "the program ffmpeg or ImageMagick, as a subprocess"),
    "cytoolz": ("cytoolz", "toolz"),
    "duckdb": ("duckdb", "sqlite3"),
    "gevent": ("gevent", "asyncio"),
    "greenlet": ("greenlet", "asyncio; SQLAlchemy's synchronous interface on threads"),
    "grpc": ("grpcio", "grpclib"),
    "h5py": ("h5py", "sqlite3, json"),
    "jaxlib": ("jaxlib", _ARRAYS),
    "jiter": ("jiter", "json"),
    "lxml": ("lxml", 'xml.etree.ElementTree, beautifulsoup4 with "html.parser"'),
    "matplotlib": ("matplotlib", _PICTURES),
    "msgspec": ("msgspec", "attrs and cattrs, dataclasses"),
    "numba": ("numba", "threads, of which several run at once here"),
    "numpy": ("numpy", _ARRAYS),
    "orjson": ("orjson", "json"),
    "pandas": ("pandas", _TABLES),
    "PIL": ("pillow", "the program ImageMagick as a subprocess, SVG"),
    "polars": ("polars", _TABLES),
    "psutil": ("psutil", "os.getloadavg, resource, the files of /proc"),
    "psycopg2": ("psycopg2", "pg8000"),
    "pyarrow": ("pyarrow", _TABLES),
    "pydantic_core": ("pydantic-core", 'pydantic 1 (`%pip install "pydantic<2"`), attrs and cattrs, dataclasses'),
    "pygit2": ("pygit2", "dulwich, the program git as a subprocess"),
    "scipy": ("scipy", "mpmath, sympy"),
    "sklearn": ("scikit-learn", "statistics"),
    "statsmodels": ("statsmodels", "statistics"),
    "tensorflow": ("tensorflow", _REQUESTS),
    "tiktoken": ("tiktoken", _REQUESTS),
    "tokenizers": ("tokenizers", _REQUESTS),
    "torch": ("torch", _REQUESTS),
    "ujson": ("ujson", "json"),
    "uvloop": ("uvloop", "nothing: the loop of everloop is native too"),
    "zmq": ("pyzmq", "asyncio's streams, websockets"),
}


def install():
    """Watch for their imports."""
    for name in EXTENSIONS:
        around_import(name, _Refusal)
    # Nobody else has found what it is asked for.
    sys.meta_path.append(_LastFinder)


def instead_of(name):
    """A sentence that says what to use in the place of the module or package `name`; empty when there is none."""
    for module, (package, instead) in EXTENSIONS.items():
        if name in (module, package):
            return f" Use instead: {instead}."
    return ""


class _Refusal:
    """Around the import of a package that is there: one error in the place of the many that its modules would make of it."""

    def __init__(self, module):
        self._spec = module.__spec__

    def __enter__(self):
        name, directories = self._spec.name, self._spec.submodule_search_locations or ()
        if any(_holds_extensions(directory) for directory in directories):
            raise ImportError(f"{name} is {_REASON}.{instead_of(name)}", name=name, path=self._spec.origin)

    def __exit__(self, *exception):
        return None


def _holds_extensions(directory):
    return any(file.endswith(".so") for _, _, files in os.walk(directory) for file in files)


class _LastFinder:
    """Finds nothing, and says why if it is for that reason."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        # Whoever only asks, with `importlib.util.find_spec`, gets the answer that it is not there.
        if sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":
            _LastFinder._explain(name, sys.path if path is None else path)

    @staticmethod
    def _explain(name, path):
        file = _extension_file(name.rpartition(".")[2], path)
        if file is not None:
            # Without a name, since `from package import extension` takes no notice of an error that has that one's.
            text = f"No module named {name!r}: {file} is {_REASON}.{instead_of(name)}"
            raise ModuleNotFoundError(text, path=file)
        if name in EXTENSIONS:
            raise ModuleNotFoundError(f"No module named {name!r}: it is {_REASON}.{instead_of(name)}", name=name)


def _extension_file(name, path):
    for directory in path:
        try:
            files = os.listdir(directory or ".")
        except OSError:
            continue
        for file in files:
            if _is_extension(file, name):
                return os.path.join(directory, file)
    return None


def _is_extension(file, name):
    # Without `re`: a finder imports nothing (see `everloop.compat.imports`).
    before, _, tag = file.removesuffix(".so").partition(".")
    return file.endswith(".so") and before == name and (not tag or tag.startswith(("cpython-", "abi3")))

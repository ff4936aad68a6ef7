"""Completion and inspection call nothing of the user's: a zoo of objects that tell which thread has called them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel

pytestmark = pytest.mark.everloop_only("ipykernel looks objects up as cells do")

ZOO = """
import collections, dataclasses, enum, functools, io, sys, threading, types, typing
calls = []

def record(*what):
    calls.append((threading.get_ident(), str(what[-1]) if type(what[-1]) is str else str(len(what))))

def teller(name, result=None):
    def tell(*args, **kwargs):
        record(name)
        return result
    return tell

NAMES = '''getattribute getattr dir repr str format eq ne lt len iter contains getitem missing bool index call next
    get set length_hint fspath enter instancecheck subclasscheck prepare class_getitem reversed bytes int float'''.split()
TELLERS = {f'__{name}__': teller(name) for name in NAMES}
HASH = {'__hash__': teller('hash', 7)}
FIELDS = {name: property(teller(name)) for name in
          ('__class__', '__doc__', '__signature__', '__wrapped__', '__text_signature__', '__annotations__', '__name__', '__file__', '__self__',
           '__func__', '__code__', '__defaults__', '_repr_html_', '_ipython_key_completions_', '_ipython_display_', 'prop')}

class Meta(type):
    calm = True
    locals().update({name: tell for name, tell in TELLERS.items() if name not in ('__call__', '__prepare__')}, **HASH)
    __mro__ = property(teller('mro'))
    __dict__ = property(teller('dict of a class'))
    __annotations__ = property(teller('annotations of a class'))

Mean = type.__new__(Meta, 'Mean', (), {**TELLERS, **HASH, **FIELDS, 'plain': 1})
mean = object.__new__(Mean)
Calm = type.__new__(Meta, 'Calm', (), {'plain': 1, 'method': lambda self, argument: 1})
calm = object.__new__(Calm)

class Descriptor:
    __get__, __set__, __delete__ = teller('get of a descriptor'), teller('set'), teller('delete')
    __getattr__ = teller('getattr of a descriptor')
class Getter:
    __get__ = teller('get of another descriptor')
class Described:
    data, other, doc = Descriptor(), Getter(), Getter()
    __doc__ = Getter()
    __signature__ = Getter()
    __text_signature__ = Getter()
    __call__ = Getter()
    __len__ = Getter()
    __init__ = Getter()
    __wrapped__ = Getter()
    cached = functools.cached_property(teller('cached property'))
described = object.__new__(Described)

def derived(base, *args):
    tellers = {name: tell for name, tell in TELLERS.items() if name not in ('__set__', '__get__')}
    cls = type(f'Derived{base.__name__}', (base,), {**tellers, **{name: teller(name) for name in ('keys', 'items', 'values', 'get')}, **HASH, 'prop': property(teller('prop'))})
    return base.__new__(cls, *args)
a_dict, a_list, a_str, an_int, a_tuple = derived(dict), derived(list), derived(str, 'text'), derived(int, 5), derived(tuple, (1, 2))
dict.__setitem__(a_dict, 'key', 1), list.append(a_list, mean)

class Weird:
    def __init__(self, like): self.like = like
    def __hash__(self): record('hash of a key'); return hash(self.like)
    def __eq__(self, other): record('eq of a key'); return False
class WeirdStr(str):
    def __hash__(self): record('hash of a text'); return str.__hash__(self)
    def __eq__(self, other): record('eq of a text'); return False
    def startswith(self, *args): record('startswith')
for name in ('plain_name', 'mean', 'box', 'os'):
    globals()[Weird(name)] = globals()[WeirdStr(name)] = 1
plain_name, box = 1, {'mean': mean, Weird('mean'): 1, WeirdStr('mean'): 2, 'row': [mean, calm]}
row = [mean, calm, (mean,)]
holder = types.SimpleNamespace(mean=mean, fun=lambda x: 1)
vars(holder)[Weird('mean')] = 1
keyed = type('Keyed', (), {Weird('attribute'): 1, Weird('__doc__'): 2, Weird('__init__'): 2, 'attribute': 3})
keyed_instance = keyed()

class Module(types.ModuleType):
    __getattribute__ = teller('getattribute of a module')
    prop = property(teller('prop of a module'))
strange_module = Module('strange_module')
lazy_module = types.ModuleType('lazy_module')
lazy_module.__getattr__, lazy_module.__dir__, lazy_module.__annotate__ = teller('module getattr'), teller('module dir'), teller('module annotate')
lazy_module.present, lazy_module.__file__, lazy_module.__spec__, lazy_module.__path__ = 1, mean, mean, mean
not_a_module = mean
for module in ('strange_module', 'lazy_module', 'not_a_module'):
    sys.modules[module] = globals()[module]
sys.modules[Weird('lazy_module')] = sys.modules[WeirdStr('lazy_module')] = mean

def annotated(first: record('never') or int, second=mean, *, third: 'text' = calm) -> Mean: 'Documented.'
annotated.__annotate__ = lambda format: record('annotate')
def lazily(first: record('annotation'), second: (lambda: record('lambda'))() = mean): ...
def stolen(first): ...
class D(dict):
    get, items, keys, __iter__, __len__ = map(teller, ('get of a dict', 'items', 'keys', 'iter', 'len'))
stolen.__kwdefaults__, stolen.__dict__ = D(), D()
class Annotated:
    field: record('annotation of a class')
    def __init__(self, argument: record('annotation of init')): ...
@dataclasses.dataclass
class Data:
    field: int
    other: Mean = None
method_of_mean = types.MethodType(mean, calm)
static_of_mean, class_of_mean, property_of_mean = staticmethod(calm), classmethod(calm), property(mean)
partial_of_mean = functools.partial(mean, calm)
cached_function = functools.lru_cache(lambda x: mean)
class _lru_cache_wrapper: __doc__ = property(teller('doc of a false wrapper')); __getattr__ = teller('getattr')
false_wrapper = _lru_cache_wrapper()
class Raw(io.RawIOBase):
    name = property(teller('name of a stream')); mode = property(teller('mode of a stream'))
    closed = property(teller('closed')); readable = writable = teller('readable', True)
text_stream = io.TextIOWrapper(io.BufferedReader(Raw()), encoding='utf-8')
generic = list[Mean]
class Colour(enum.Enum):
    red = 1
    _missing_ = teller('missing colour')
class Slotted:
    __slots__ = ('mean', 'empty')
slotted = Slotted(); slotted.mean = mean
class Named: pass
Named.__module__ = mean
Named.__qualname__ = WeirdStr('Named')
named = Named()
class Unclassed:
    __class__ = property(teller('class'))
unclassed = Unclassed()
error = ValueError(mean); error.__cause__ = KeyError(calm)
calls.clear()
"""

NAMES = [
    "mean",
    "Mean",
    "calm",
    "Calm",
    "described",
    "Described",
    "a_dict",
    "a_list",
    "a_str",
    "an_int",
    "a_tuple",
    "box",
    "row",
    "holder",
    "keyed",
    "keyed_instance",
    "strange_module",
    "lazy_module",
    "not_a_module",
    "annotated",
    "lazily",
    "stolen",
    "Annotated",
    "Data",
    "method_of_mean",
    "static_of_mean",
    "class_of_mean",
    "property_of_mean",
    "partial_of_mean",
    "cached_function",
    "false_wrapper",
    "text_stream",
    "generic",
    "Colour",
    "slotted",
    "named",
    "Named",
    "unclassed",
    "error",
]
COMPLETED = [
    *(
        f"{name}{rest}"
        for name in NAMES
        for rest in (".", "._", ".__", ".p", "(", "[", "['", "[0].", ".plain.", "()._")
    ),
    *(
        "",
        "plain_n",
        "me",
        "_",
        "box['mean'].",
        "box['row'][0].",
        "row[0].",
        "row[2][0].",
        "holder.mean.",
        "holder.fun(",
    ),
    *("error.args.", "error.args[0].", "error.__cause__.", "slotted.mean.", "keyed.attr", "keyed_instance.attr"),
    *(
        "import ",
        "import strange_module.",
        "import lazy_module.",
        "from lazy_module import ",
        "from strange_module import ",
    ),
    *("from not_a_module import ", "import lazy_module; lazy_module.", "from lazy_module import present as p; p."),
    *(
        "import not_a_module as n; n.",
        "f'{mean.",
        "f'{box[\"",
        "open('",
        "lazily.__annotations__.",
        "Annotated.__annotations__.",
    ),
    *(
        "text_stream.name.",
        "text_stream.buffer.name.",
        "generic.__parameters__.",
        "lazy_module.__annotations__.",
        "mean.__class__.",
    ),
]
MAGICS = [
    *(f"{magic} {rest}" for magic in ("%time", "%timeit", "%who", "%store", "%pinfo", "%cd", "!echo", "%%time", "x = %psearch")
      for rest in ("mean.", "a_dict['", "me", "row[0].", "described.", "Mean(")),
    *("%%bash\necho mean.", "%%time\nmean.", "!echo {mean.", "!echo $mean.", "%mean.", "mean.\\alph", "%config IPCompleter.", "time", "%tim"),
]  # fmt: skip
INSPECTED = [
    *NAMES,
    *(f"{name}.{field}" for name in NAMES for field in ("prop", "plain", "__init__", "__doc__", "__class__")),
]
INSPECTED += [
    "row[0]",
    "box['mean']",
    "holder.mean",
    "described.data",
    "described.other",
    "error.args",
    "lazily.__annotations__",
]
INSPECTED += ["text_stream.name", "Data.field", "%timeit", "mean()", "lazily(", "Described(", "strange_module.prop"]


@pytest.fixture
def bare(start_kernel: Callable[..., Kernel], tmp_path: Path) -> Kernel:
    return start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})


@pytest.fixture
def with_ipython(fresh_kernel: Kernel) -> Kernel:
    fresh_kernel.ok("get_ipython()")
    return fresh_kernel


@pytest.fixture(params=["with IPython", "without"])
def zoo(request: pytest.FixtureRequest) -> Kernel:
    kernel: Kernel = request.getfixturevalue("with_ipython" if request.param == "with IPython" else "bare")
    kernel.ok(ZOO)
    return kernel


def told(kernel: Kernel) -> set[str]:
    """What was called on another thread than that of cells."""
    code = "sorted({what for ident, what in calls if ident != threading.main_thread().ident})"
    cell = kernel.ok(f"print({code})\ncalls.clear()")
    return set(eval(cell.stdout))


def test_completion(zoo: Kernel) -> None:
    for code in COMPLETED:
        reply = zoo.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply
        assert reply["status"] == "ok"
        assert told(zoo) == set(), code


def test_completion_of_magics(with_ipython: Kernel) -> None:
    with_ipython.ok(ZOO)
    for code in MAGICS:
        reply = with_ipython.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply
        assert reply["status"] == "ok"
        assert told(with_ipython) == set(), code


@pytest.mark.parametrize("detail_level", [0, 1])
def test_inspection(zoo: Kernel, detail_level: int) -> None:
    for code in INSPECTED:
        content = {"code": code, "cursor_pos": len(code), "detail_level": detail_level}
        assert zoo.request("inspect_request", content).reply["status"] == "ok"
        assert told(zoo) == set(), code


def test_what_is_known_all_the_same(zoo: Kernel) -> None:
    def matches(code: str) -> list[str]:
        return zoo.request("complete_request", {"code": code, "cursor_pos": len(code)}).reply["matches"]

    assert "plain" in matches("mean.")
    assert "method" in matches("calm.")
    assert matches("calm.method(arg") == ["argument="]
    assert "plain_name" in matches("plain_n")
    assert "present" in matches("lazy_module.")
    assert matches("lazily(fir") == ["first="]
    assert "attribute" in matches("keyed.attr")
    assert "data" in matches("described.")
    assert "mean" in matches("box['m")


def test_importing_asks_nobody(zoo: Kernel) -> None:
    # What answers is imported, and IPython too.
    zoo.request("complete_request", {"code": "a", "cursor_pos": 1}).wait()
    for _ in ("its import", "its tracebacks"):
        zoo.ok('for thread in threading.enumerate():\n    if "IPython" in thread.name: thread.join()')
        zoo.ok("get_ipython() if 'get_ipython' in globals() else None;")
    zoo.ok(
        "import builtins\nclass Finder:\n    find_spec = staticmethod(teller('find_spec'))\nsys.meta_path.insert(0, Finder)\n"
        "real_import = builtins.__import__\n"
        "def import_(*args, **kwargs):\n    record('__import__')\n    return real_import(*args, **kwargs)\n"
        "builtins.__import__ = import_"
    )
    for code in ("import ", "from json import ", "plain_n", "mean.", "import no_such_module; no_such_module."):
        zoo.request("complete_request", {"code": code, "cursor_pos": len(code)}).wait()
        zoo.request("inspect_request", {"code": "lazily", "cursor_pos": 3, "detail_level": 1}).wait()
        assert told(zoo) == set(), code
    zoo.ok("builtins.__import__ = real_import")

"""Attributes without user code.

`getattr`, `dir`, `isinstance` and `hasattr` all may call methods of a user's class (`__getattribute__`, `__dir__`, a property named
`__class__`, `__instancecheck__`). These functions read the dictionaries of types and objects instead, through the descriptors
of `type` itself, so that a metaclass cannot step in either. Dictionaries are asked only where no key is of a user's class,
which would be asked whether it is equal. Fields of built-in types are read where that reads memory and no more.
"""

import io
import re
import types
from functools import _lru_cache_wrapper

import _everloop

MISSING = object()

_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_class_name = type.__dict__["__name__"].__get__
_flags = type.__dict__["__flags__"].__get__
_field, _in_class, _own_field = _everloop.field, _everloop.in_class, _everloop.own_field
_instance_field, _is_subclass = _everloop.instance_field, _everloop.is_subclass
_MADE_BY_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE

_FUNCTION = types.FunctionType
_METHOD = types.MethodType
# Descriptors of built-in types: binding one runs no Python.
_BUILTIN_METHODS = (types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType)
_BUILTIN_FIELDS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_CALLABLES = (
    _FUNCTION,
    _METHOD,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    staticmethod,
    classmethod,
    _lru_cache_wrapper,
    *_BUILTIN_METHODS,
)
# The fields of built-in types whose getter runs nothing of the user's. Others do: `__annotations__` evaluates
# annotations, `TextIOWrapper.name` asks the stream below, `method.__doc__` whatever object the method is of.
_READABLE = (
    (object, "__class__"),
    (type, "__bases__ __mro__ __name__ __qualname__ __module__ __text_signature__ __base__"),
    (int, "real imag numerator denominator"),
    (float, "real imag"),
    (complex, "real imag"),
    (range, "start stop step"),
    (slice, "start stop step"),
    (property, "fget fset fdel __doc__"),
    (staticmethod, "__func__ __wrapped__"),
    (classmethod, "__func__ __wrapped__"),
    (memoryview, "format itemsize nbytes ndim obj readonly shape strides suboffsets contiguous"),
    (BaseException, "args __cause__ __context__ __traceback__ __suppress_context__"),
    (BaseExceptionGroup, "message exceptions"),
    (StopIteration, "value"),
    (SystemExit, "code"),
    (ImportError, "msg name path"),
    (NameError, "name"),
    (AttributeError, "name obj"),
    (OSError, "errno strerror filename filename2"),
    (SyntaxError, "msg filename lineno offset text end_lineno end_offset"),
    (
        types.FunctionType,
        "__code__ __defaults__ __kwdefaults__ __globals__ __closure__ __name__ __qualname__ __module__",
    ),
    (types.FunctionType, "__doc__ __builtins__ __type_params__"),
    (types.MethodType, "__func__ __self__"),
    (types.BuiltinFunctionType, "__self__ __name__ __module__ __doc__ __text_signature__"),
    (types.MethodWrapperType, "__self__ __name__ __objclass__ __doc__ __text_signature__"),
    *((kind, "__objclass__ __name__ __doc__ __text_signature__") for kind in _BUILTIN_METHODS),
    *((kind, "__objclass__ __name__ __doc__") for kind in _BUILTIN_FIELDS),
    (types.CellType, "cell_contents"),
    (
        types.CodeType,
        "co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals co_stacksize co_flags co_code co_consts",
    ),
    (types.CodeType, "co_names co_varnames co_filename co_name co_qualname co_firstlineno co_freevars co_cellvars"),
    (types.FrameType, "f_builtins f_code f_globals f_lasti f_lineno f_trace"),
    (types.TracebackType, "tb_frame tb_lasti tb_lineno tb_next"),
    (types.GeneratorType, "gi_code gi_frame gi_running gi_suspended gi_yieldfrom __name__ __qualname__"),
    (types.CoroutineType, "cr_code cr_frame cr_running cr_suspended cr_await cr_origin __name__ __qualname__"),
    (types.AsyncGeneratorType, "ag_code ag_frame ag_running ag_await __name__ __qualname__"),
    (types.GenericAlias, "__origin__ __args__"),
    (re.Pattern, "flags groups groupindex pattern"),
    (re.Match, "pos endpos lastindex lastgroup re string regs"),
    (io.FileIO, "mode closefd closed"),
    (io.BytesIO, "closed"),
    (io.StringIO, "closed line_buffering"),
)


class Instance:
    """Some instance of a class, when there is none at hand: what calling the class would return."""

    __slots__ = ("cls",)

    def __init__(self, cls):
        self.cls = cls


class Unevaluated:
    """The value of a property or of another descriptor, which only user code could tell."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor):
        self.descriptor = descriptor


def is_any(kind, kinds):
    """`kind in kinds` by identity: `in` would ask a metaclass for equality."""
    for candidate in kinds:  # noqa: SIM110 (a generator takes three times as long)
        if candidate is kind:
            return True
    return False


def is_a(obj, kind):
    """`isinstance` by the type alone."""
    return is_subclass(type(obj), kind)


def is_subclass(cls, kind):
    """`issubclass` by the bases alone."""
    return _is_subclass(cls, kind)


def is_class(obj):
    return _is_subclass(type(obj), type)


def is_module(obj):
    return is_a(obj, types.ModuleType)


def is_function(obj):
    """Whether it is a function or method of any kind, rather than an object that can be called."""
    return is_any(type(obj), _CALLABLES)


def class_of(obj):
    return obj.cls if type(obj) is Instance else type(obj)


def class_name(cls):
    return _class_name(cls)


def class_dict(cls):
    """The names that a class itself defines, without those of its bases."""
    return _class_dict(cls)


def mro(cls):
    return _mro(cls)


def items(mapping):
    """The items of a dictionary, or of a class's, that other threads may be changing: only a copy is made at once."""
    return list(mapping.copy().items())


def fields(mapping):
    """What a dictionary holds under names, to be asked for them."""
    found = mapping.copy()
    if has_names_only(found):
        return found
    return {key: value for key, value in found.items() if type(key) is str}


def field(mapping, name):
    """What a dictionary holds under the name, or `MISSING`."""
    return _field(mapping, name, MISSING)


def fields_like(mapping, beginning):
    """What a dictionary holds under the names that begin so."""
    return _everloop.fields_like(mapping, beginning)


def has_names_only(mapping):
    """Whether no key of a dictionary is of a class of the user's."""
    return _everloop.has_names_only(mapping)


def in_class(cls, name):
    """What `name` is in the dictionaries of `cls` and its bases, unbound, or `MISSING`."""
    return _in_class(cls, name, MISSING)


def own_field(cls, name):
    """What `name` is in the dictionary of `cls` itself, unbound, or `MISSING`."""
    return _own_field(cls, name, MISSING)


def instance_dict(obj):
    """The dictionary of an object, to be asked for names; an empty one when it has none, or hides it."""
    if type(obj) is Instance or is_class(obj):
        return {}
    descriptor = in_class(type(obj), "__dict__")
    if not is_any(type(descriptor), _BUILTIN_FIELDS):
        return {}
    try:
        found = descriptor.__get__(obj, type(obj))
    except Exception:
        return {}
    return fields(found) if type(found) is dict else {}


def instance_field(obj, name):
    """What the dictionary of an object holds under the name, or `MISSING`: `instance_dict(obj).get(name, MISSING)`."""
    return MISSING if type(obj) is Instance or is_class(obj) else _instance_field(obj, name, MISSING)


def attribute(obj, name):
    """What `obj.name` is: a value, `Unevaluated`, or `MISSING`."""
    if is_class(obj):
        entry = in_class(obj, name)
        if entry is not MISSING:
            return _bind(entry, None, obj)
    cls = class_of(obj)
    return _of_instance(obj, name, instance_field(obj, name), in_class(cls, name), cls)


def attributes(obj, names):
    """The names, each with what `attribute` says."""
    if is_class(obj):
        yield from ((name, attribute(obj, name)) for name in names)
        return
    own, cls = instance_dict(obj), class_of(obj)
    for name in names:
        yield name, _of_instance(obj, name, own.get(name, MISSING), in_class(cls, name), cls)


def _of_instance(obj, name, own, entry, cls):
    if own is not MISSING and (entry is MISSING or not _is_data_descriptor(entry)):
        return own
    if entry is MISSING:
        # A method has the attributes of its function.
        return attribute(obj.__func__, name) if type(obj) is _METHOD else MISSING
    return _bind(entry, obj, cls)


def names(obj):
    """The names of the attributes of `obj`, as `dir` would list them if nobody had overridden it."""
    found = set()
    if is_class(obj):
        classes = _mro(obj)
    elif is_module(obj):
        classes = ()
    else:
        classes = _mro(class_of(obj))
    for cls in classes:
        found.update(fields(_class_dict(cls)))
    found.update(instance_dict(obj))
    return found


def _is_data_descriptor(entry):
    kind = type(entry)
    if kind is _FUNCTION:
        return False
    return in_class(kind, "__set__") is not MISSING or in_class(kind, "__delete__") is not MISSING


def _bind(entry, obj, cls):
    """The value of what a class holds: `obj.entry`, or `cls.entry` when `obj` is None."""
    kind = type(entry)
    if kind is _FUNCTION:
        return entry if obj is None else _METHOD(entry, obj)
    if kind is staticmethod:
        return entry.__func__
    if kind is classmethod:
        return _METHOD(entry.__func__, cls) if type(entry.__func__) is _FUNCTION else Unevaluated(entry)
    if is_any(kind, _BUILTIN_METHODS) or is_any(kind, _BUILTIN_FIELDS):
        return _bind_builtin(entry, obj, cls, kind)
    if in_class(kind, "__get__") is MISSING:
        return entry
    return Unevaluated(entry)


def _bind_builtin(entry, obj, cls, kind):
    if is_any(kind, _BUILTIN_FIELDS) and not _is_readable(entry):
        return Unevaluated(entry)
    if kind is not types.ClassMethodDescriptorType and (obj is None or type(obj) is Instance):
        return Unevaluated(entry) if is_any(kind, _BUILTIN_FIELDS) else entry
    try:
        return entry.__get__(None if type(obj) is Instance else obj, cls)
    except Exception:  # a field that is not set, or of another type
        return Unevaluated(entry)


def _is_readable(entry):
    # `__slots__` and the dictionaries of instances belong to classes that were made by Python.
    return id(entry) in _readable or entry.__name__ == "__dict__" or _is_slot(entry)


def _is_slot(entry):
    return type(entry) is types.MemberDescriptorType and _flags(entry.__objclass__) & _MADE_BY_PYTHON


_readable = {
    id(_class_dict(cls)[name]) for cls, names in _READABLE for name in names.split() if name in _class_dict(cls)
}

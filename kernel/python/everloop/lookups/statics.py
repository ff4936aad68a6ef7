"""Attributes without user code.

`getattr`, `dir`, `isinstance` and `hasattr` all may call methods of a user's class (`__getattribute__`, `__dir__`, a property named
`__class__`, `__instancecheck__`). These functions read the dictionaries of types and objects instead, through the descriptors
of `type` itself, so that a metaclass cannot step in either.
"""

import types

MISSING = object()

_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_class_name = type.__dict__["__name__"].__get__

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
    *_BUILTIN_METHODS,
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
    return is_any(kind, _mro(cls))


def is_class(obj):
    return is_a(obj, type)


def is_module(obj):
    return is_a(obj, types.ModuleType)


def is_function(obj):
    """Whether it is a function or method of any kind, rather than an object that can be called."""
    kind = type(obj)
    return is_any(kind, _CALLABLES) or _class_name(kind) == "_lru_cache_wrapper"


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
    """The items of a dictionary that other threads may be changing."""
    for _ in range(10):
        try:
            return list(mapping.items())
        except RuntimeError:  # changed size during iteration
            continue
    return []


def in_class(cls, name):
    """What `name` is in the dictionaries of `cls` and its bases, unbound, or `MISSING`."""
    for base in _mro(cls):
        value = _class_dict(base).get(name, MISSING)
        if value is not MISSING:
            return value
    return MISSING


def instance_dict(obj):
    """The dictionary of an object; an empty one when it has none, or hides it."""
    if type(obj) is Instance or is_class(obj):
        return {}
    descriptor = in_class(type(obj), "__dict__")
    if not is_any(type(descriptor), _BUILTIN_FIELDS):
        return {}
    try:
        found = descriptor.__get__(obj, type(obj))
    except Exception:
        return {}
    return found if type(found) is dict else {}


def attribute(obj, name):
    """What `obj.name` is: a value, `Unevaluated`, or `MISSING`."""
    if is_class(obj):
        entry = in_class(obj, name)
        if entry is not MISSING:
            return _bind(entry, None, obj)
    own = instance_dict(obj).get(name, MISSING)
    cls = class_of(obj)
    entry = in_class(cls, name)
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
        found.update(name for name, _ in items(_class_dict(cls)) if type(name) is str)
    found.update(name for name, _ in items(instance_dict(obj)) if type(name) is str)
    return found


def _is_data_descriptor(entry):
    kind = type(entry)
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
    if kind is not types.ClassMethodDescriptorType and (obj is None or type(obj) is Instance):
        return Unevaluated(entry) if is_any(kind, _BUILTIN_FIELDS) else entry
    try:
        return entry.__get__(None if type(obj) is Instance else obj, cls)
    except Exception:  # a field that is not set, or of another type
        return Unevaluated(entry)

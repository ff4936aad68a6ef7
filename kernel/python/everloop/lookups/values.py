"""The text of a value, for the types whose `repr` is known to run no user code and to be quick."""

from .statics import class_name, instance_dict, is_any, is_class, is_module, mro, own_field

_LENGTHS = (str, bytes, bytearray, list, tuple, dict, set, frozenset, range)
_BRACKETS = {list: "[]", tuple: "()", set: "{}", frozenset: ("frozenset({", "})")}
_PLAIN = (bool, float, complex, range)
_TEXTS = (str, bytes, bytearray)
_CONTAINERS = (dict, *_BRACKETS)
_DEEPEST = 4
_MOST_ITEMS = 100


def text_of(obj, limit=200):
    """The text of `obj` if it is of a type that is safe to show, else None. Longer ones lose their middle."""
    text = obj[: limit * 2] if type(obj) is str else _repr(obj, 0)
    if text is None or len(text) <= limit:
        return text
    half = (limit - len(" <...> ")) // 2
    return f"{text[:half]} <...> {text[-half:]}"


def brief(obj, limit=60):
    """The text of a default value: always something, and on one line."""
    text = _repr(obj, 0)
    if text is None:
        text = object.__repr__(obj)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def length_of(obj):
    """The length of a built-in container, or of an instance of a subclass of one, whatever its `__len__` says."""
    for base in mro(type(obj)):
        if is_any(base, _LENGTHS):
            return base.__len__(obj)
    return None


def _repr(obj, depth):
    kind = type(obj)
    if obj is None or obj is ... or obj is NotImplemented or is_any(kind, _PLAIN):
        return repr(obj)
    if kind is int:
        return repr(obj) if obj.bit_length() < 2000 else f"<int with {obj.bit_length()} bits>"
    if is_any(kind, _TEXTS):
        return repr(obj[:1000])
    if is_any(kind, _CONTAINERS):
        return _container(obj, kind, depth)
    if is_class(obj):
        return f"<class '{qualified_name(obj)}'>"
    if is_module(obj):
        return _module(obj)
    return None


def qualified_name(cls):
    """The name of a class with its module, unless that is `builtins`."""
    module = _text(own_field(cls, "__module__"))
    name = _text(type.__dict__["__qualname__"].__get__(cls)) or class_name(cls)
    return name if module in (None, "builtins") else f"{module}.{name}"


def _text(value):
    return value if type(value) is str else None


def _module(module):
    fields = instance_dict(module)
    name, file = _text(fields.get("__name__")), _text(fields.get("__file__"))
    if file is None:
        return f"<module {name!r} (built-in)>"
    # Those in the binary name a file of the machine that it was built on.
    is_frozen = _text(instance_dict(fields.get("__spec__")).get("origin")) == "frozen"
    return f"<module {name!r} (frozen)>" if is_frozen else f"<module {name!r} from {file!r}>"


def _container(obj, kind, depth):
    if depth >= _DEEPEST:
        return "..."
    items = []
    try:
        for item in obj.items() if kind is dict else obj:
            if len(items) == _MOST_ITEMS:
                items.append("...")
                break
            if kind is dict:
                items.append(f"{_element(item[0], depth)}: {_element(item[1], depth)}")
            else:
                items.append(_element(item, depth))
    except RuntimeError:  # the cell that runs has just changed it
        items.append("...")
    if not items and (kind is set or kind is frozenset):
        return f"{class_name(kind)}()"
    if kind is tuple and len(items) == 1:
        return f"({items[0]},)"
    opening, closing = _BRACKETS.get(kind, "{}")
    return f"{opening}{', '.join(items)}{closing}"


def _element(obj, depth):
    text = _repr(obj, depth + 1)
    return object.__repr__(obj) if text is None else text

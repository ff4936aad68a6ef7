"""How an object is called, from its code object or its text signature. `inspect.signature` would run user code
(`__signature__`, annotations that are not evaluated yet)."""

import types
from functools import lru_cache

from .statics import (
    MISSING,
    attribute,
    class_dict,
    class_of,
    fields,
    has_names_only,
    in_class,
    instance_field,
    is_class,
    items,
    mro,
    own_field,
)
from .values import brief, qualified_name

try:
    import ast

    import annotationlib

    ast.unparse(ast.Constant(None))  # imports what it needs when it is called first
except ImportError:  # before Python 3.14 annotations are evaluated by the definition
    annotationlib = None

POSITIONAL_ONLY, POSITIONAL, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)
_STRING_ANNOTATIONS = 4  # annotationlib.Format.STRING
_WIDEST = 75


class Parameter:
    """A parameter, with the text of its default and of its annotation, or None."""

    __slots__ = ("annotation", "default", "kind", "name")

    def __init__(self, name, kind, default=None, annotation=None):
        self.name = name
        self.kind = kind
        self.default = default
        self.annotation = annotation

    def __str__(self):
        name = {VAR_POSITIONAL: "*", VAR_KEYWORD: "**"}.get(self.kind, "") + self.name
        if self.annotation is None:
            return name if self.default is None else f"{name}={self.default}"
        default = "" if self.default is None else f" = {self.default}"
        return f"{name}: {self.annotation}{default}"


def parameters(obj):
    """The parameters of a callable, without `self` and annotations, or None when nothing is known of them."""
    return _parameters(obj, *_function(obj), annotated=False)


def signature(obj):
    """The parameters in parentheses, without annotations; an empty string when nothing is known."""
    found = parameters(obj)
    return "" if found is None else f"({', '.join(_marked(found))})"


def definition(name, obj):
    """The name, the parameters and the result with their annotations, one parameter on a line when it is long; an empty
    string when nothing is known."""
    function, skip = _function(obj)
    found = _parameters(obj, function, skip, annotated=True)
    if found is None:
        return ""
    parts, result = _marked(found), _result(obj, function)
    text = f"{name}({', '.join(parts)}){result}"
    if len(text) <= _WIDEST:
        return text
    lines = "".join(f"    {part},\n" for part in parts)
    return f"{name}(\n{lines}){result}"


def _parameters(obj, function, skip, annotated):
    """Those of the function that a call of `obj` ends in."""
    if type(function) is types.FunctionType:
        annotations = _annotations(function) or _annotations_of_fields(obj) if annotated else {}
        return _of_function(function, annotations)[skip:]
    text = _text_signature(function)
    if text is None:
        return [] if is_class(function) and _takes_nothing(function) else None
    return _of_text(text, skip)


def _result(obj, function):
    """The annotation of the result, as it stands behind the parameters."""
    if is_class(obj) or type(function) is not types.FunctionType:
        return ""
    annotation = _annotations(function).get("return")
    return "" if annotation is None else f" -> {annotation}"


def _marked(found):
    """The texts of the parameters with the `/` and `*` between them."""
    texts = []
    for index, parameter in enumerate(found):
        before = found[index - 1].kind if index else None
        if before == POSITIONAL_ONLY and parameter.kind != POSITIONAL_ONLY:
            texts.append("/")
        if parameter.kind == KEYWORD_ONLY and before not in (KEYWORD_ONLY, VAR_POSITIONAL):
            texts.append("*")
        texts.append(str(parameter))
    if found and found[-1].kind == POSITIONAL_ONLY:
        texts.append("/")
    return texts


def _function(obj):
    """The function that a call of `obj` ends in, and how many of its first parameters are given already."""
    skip = 0
    for _ in range(10):
        kind = type(obj)
        if kind is types.MethodType:
            obj, skip = obj.__func__, skip + 1
        elif kind is staticmethod or kind is classmethod:
            obj, skip = obj.__func__, skip + (kind is classmethod)
        elif is_class(obj):
            constructor, given = _constructor(obj)
            if constructor is MISSING:
                return obj, skip
            obj, skip = constructor, skip + given
        else:
            wrapped = instance_field(obj, "__wrapped__")
            if wrapped is MISSING and kind is not types.FunctionType and not _is_builtin(obj):
                wrapped = in_class(class_of(obj), "__call__")
                skip += 1
            if wrapped is MISSING:
                return obj, skip
            obj = wrapped
    return obj, skip


def _is_builtin(obj):
    return own_field(type(obj), "__text_signature__") is not MISSING or type(obj) is types.BuiltinFunctionType


def _constructor(cls):
    """The function that makes an instance, if it is written in Python: `__init__`, else `__new__`."""
    for name in ("__init__", "__new__"):
        for base in mro(cls):
            entry = own_field(base, name)
            if type(entry) is staticmethod:
                entry = entry.__func__
            if type(entry) is types.FunctionType:
                return entry, 1
            if entry is not MISSING:
                break
    return MISSING, 0


def _takes_nothing(cls):
    """Whether the class has only what `object` gives it, of which the text signature says nothing."""
    given = class_dict(object)
    return all(in_class(cls, name) is given[name] for name in ("__init__", "__new__"))


def _of_function(function, annotations):
    code = function.__code__
    names = code.co_varnames
    positional = names[: code.co_argcount]
    keyword_only = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = code.co_argcount + code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    keyword_defaults = _plain(function.__kwdefaults__)
    first_default = len(positional) - len(defaults)
    found = []
    for index, name in enumerate(positional):
        kind = POSITIONAL_ONLY if index < code.co_posonlyargcount else POSITIONAL
        default = brief(defaults[index - first_default]) if index >= first_default else None
        found.append(Parameter(name, kind, default, annotations.get(name)))
    if code.co_flags & 0x04:  # CO_VARARGS
        found.append(Parameter(names[rest], VAR_POSITIONAL, None, annotations.get(names[rest])))
        rest += 1
    for name in keyword_only:
        default = keyword_defaults.get(name, MISSING)
        text = None if default is MISSING else brief(default)
        found.append(Parameter(name, KEYWORD_ONLY, text, annotations.get(name)))
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        found.append(Parameter(names[rest], VAR_KEYWORD, None, annotations.get(names[rest])))
    return found


def _plain(mapping):
    return fields(mapping) if type(mapping) is dict else {}


def _annotations(function):
    """The texts of the annotations. Where they are lazy (Python 3.14), as strings, which evaluates none of them."""
    found = function.__annotations__ if annotationlib is None else _lazy_annotations(function)
    return {name: _annotation(value) for name, value in items(_plain(found))}


def _lazy_annotations(function):
    annotate = function.__annotate__
    if not _is_of_compiler(annotate, function.__code__):
        return {}
    try:
        return annotationlib.call_annotate_function(_without_values(annotate), _STRING_ANNOTATIONS)
    except Exception:
        return {}


def _without_values(annotate):
    """`annotate` where no name has a value. `annotationlib` calls it once as it is, to see whether it can be called."""
    cells = tuple(types.CellType() for _ in annotate.__code__.co_freevars)
    return types.FunctionType(annotate.__code__, {"__builtins__": {}}, closure=cells)


def _is_of_compiler(annotate, code):
    """Whether the compiler has made `annotate` for the annotations of the function with this code. It may be any function of the user's."""
    if type(annotate) is not types.FunctionType:
        return False
    made = annotate.__code__
    return (
        made.co_qualname == f"{code.co_qualname}.__annotate__"
        and made.co_filename == code.co_filename
        and made.co_posonlyargcount == made.co_argcount == 1
    )


def _annotations_of_fields(cls):
    """Those of a dataclass, whose constructor has a function for them that asks the class."""
    found = in_class(cls, "__dataclass_fields__") if is_class(cls) else MISSING
    texts = {}
    for name, field in items(_plain(found)):
        annotation = attribute(field, "type")
        if annotation is not MISSING:
            texts[name] = _annotation(annotation)
    return texts


def _annotation(value):
    if type(value) is str:
        return value
    return qualified_name(value) if is_class(value) else brief(value)


def _text_signature(obj):
    """What a built-in function or class says about its parameters: `($self, /, sep=' ')`."""
    try:
        if is_class(obj):
            # It asks the dictionary of the class for its documentation.
            text = type.__dict__["__text_signature__"].__get__(obj) if has_names_only(class_dict(obj).copy()) else None
        else:
            text = attribute(obj, "__text_signature__")
    except Exception:
        return None
    return text if type(text) is str and text.startswith("(") else None


@lru_cache(maxsize=512)
def _of_text(text, skip):
    # What is returned is shared, and nobody changes it. The parser knows the rules; `$` marks the parameter that is bound already.
    text = text[: text.rindex(")") + 1]
    bound = "($" in text
    try:
        tree = compile(f"def f{text.replace('$', '')}: pass", "<signature>", "exec", 0x400, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    arguments = tree.body[0].args
    found = []
    positional = [(argument, POSITIONAL_ONLY) for argument in arguments.posonlyargs]
    positional += [(argument, POSITIONAL) for argument in arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    for (argument, kind), default in zip(positional, defaults, strict=True):
        found.append(Parameter(argument.arg, kind, _default(default)))
    if arguments.vararg:
        found.append(Parameter(arguments.vararg.arg, VAR_POSITIONAL))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Parameter(argument.arg, KEYWORD_ONLY, _default(default)))
    if arguments.kwarg:
        found.append(Parameter(arguments.kwarg.arg, VAR_KEYWORD))
    return found[1:] if bound or (skip and found) else found


def _default(node):
    if node is None:
        return None
    return repr(node.value) if type(node).__name__ == "Constant" else "..."

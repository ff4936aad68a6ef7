"""The object that an expression means, when that can be told without running anything."""

import builtins
import keyword
import re

from .statics import MISSING, Instance, Unevaluated, attribute, field, is_any, is_class, items

_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST; the module itself is slow to import
_DISPLAYS = {
    "JoinedStr": str,
    "TemplateStr": MISSING,
    "List": list,
    "ListComp": list,
    "Dict": dict,
    "DictComp": dict,
    "Set": set,
    "SetComp": set,
    "Tuple": tuple,
}
_MOST_KEYS = 10_000
# Names and attributes alone, which is what is asked for most; the compiler takes longer to say so.
_PLAIN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def evaluate(code, namespaces):
    """What `code`, names, attributes, literals and plain subscripts, means where names are those of the first namespace
    that has them: a value, `Instance`, `Unevaluated`, or `MISSING`."""
    if _PLAIN.fullmatch(code):
        first, *rest = code.split(".")
        if not any(map(keyword.iskeyword, (first, *rest))):
            return _attribute_of(lookup(first, namespaces), rest)
    try:
        # Parentheses, since an expression in brackets may be spread over lines.
        tree = compile(f"({code})", "<lookup>", "eval", _ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return MISSING
    return _evaluate(tree.body, namespaces)


def lookup(name, namespaces):
    """What the bare name means."""
    for namespace in namespaces:
        value = field(namespace, name)
        if value is not MISSING:
            return value
    return field(vars(builtins), name)


def _evaluate(node, namespaces):
    kind = type(node).__name__
    if kind == "Name":
        return lookup(node.id, namespaces)
    if kind == "Constant":
        return node.value
    if kind == "Attribute":
        return _attribute_of(_evaluate(node.value, namespaces), (node.attr,))
    if kind == "Subscript":
        return _subscript(_evaluate(node.value, namespaces), node.slice)
    if kind == "Call":
        called = _evaluate(node.func, namespaces)
        return Instance(called) if is_class(called) and called is not type else MISSING
    if kind == "Await":
        return MISSING
    display = _DISPLAYS.get(kind, MISSING)
    return MISSING if display is MISSING else Instance(display)


def _attribute_of(value, names):
    """The attribute at the end of the chain of `names`."""
    for name in names:
        if value is MISSING or type(value) is Unevaluated:
            return MISSING
        value = attribute(value, name)
    return value


def _subscript(value, key):
    if type(key).__name__ == "UnaryOp" and type(key.op).__name__ == "USub":
        key, sign = key.operand, -1
    else:
        sign = 1
    if type(key).__name__ != "Constant":
        return MISSING
    key = key.value
    if is_any(type(value), (list, tuple)) and type(key) is int:
        try:
            return value[sign * key]
        except IndexError:
            return MISSING
    if type(value) is dict and is_any(type(key), (str, int)) and len(value) <= _MOST_KEYS:
        key = key if sign == 1 or type(key) is str else -key
        # Not `value[key]`: other keys with that hash could be compared by a method of the user.
        for candidate, found in items(value):
            if type(candidate) is type(key) and candidate == key:
                return found
    return MISSING

"""Where and how an object was written: what `linecache` knows, the cells among it, and else the file itself."""

import linecache
import re
import tokenize
import types

from .modules import loaded
from .statics import (
    MISSING,
    class_dict,
    class_name,
    field,
    instance_field,
    is_any,
    is_class,
    is_module,
    items,
    own_field,
)
from .tokens import COMMENT, NEWLINE, scan

_LONGEST = 40_000
_WRAPPERS = (types.MethodType, staticmethod, classmethod)
_HAS_CODE = (types.FunctionType, staticmethod, classmethod, property)


def file_of(obj):
    """The file, or the name of the cell, in which `obj` is defined, or None."""
    code = _code(obj)
    if code is not None:
        return code.co_filename
    if is_module(obj):
        return _module_file(obj)
    return _class_file(obj) if is_class(obj) else None


def source_of(obj, disk):
    """The text of the definition of `obj`, or None. It is read from a file only if `disk` says so."""
    file = file_of(obj)
    if file is None:
        return None
    lines = _lines(file, disk)
    if is_module(obj):
        return "".join(lines) or None
    code = _code(obj)
    first = code.co_firstlineno if code is not None else _class_line(obj, lines)
    if first is None or not 0 < first <= len(lines):
        return None
    return _block("".join(lines[first - 1 :])[:_LONGEST])


def _code(obj):
    for _ in range(10):
        kind = type(obj)
        if kind is types.FunctionType:
            wrapped = instance_field(obj, "__wrapped__")
            if wrapped is MISSING:
                return obj.__code__
            obj = wrapped
        elif is_any(kind, _WRAPPERS):
            obj = obj.__func__
        elif kind is property:
            obj = obj.fget
        elif is_class(obj):
            return None
        else:
            obj = instance_field(obj, "__wrapped__")
            if obj is MISSING:
                return None
    return None


def _module_file(module):
    file = instance_field(module, "__file__")
    return file if type(file) is str else None


def _class_file(cls):
    """By its first own method, since a class does not say where it is; else the file of its module."""
    name = class_name(cls)
    for _, entry in items(class_dict(cls)):
        code = _code(entry) if is_any(type(entry), _HAS_CODE) else None
        # Not one that a decorator or a generator of classes (dataclasses) put there.
        if code is not None and f"{name}." in code.co_qualname and not code.co_filename.startswith("<string"):
            return code.co_filename
    name = own_field(cls, "__module__")
    module = loaded(name) if type(name) is str else None
    return None if module is None else _module_file(module)


def _class_line(cls, lines):
    first = own_field(cls, "__firstlineno__")
    if type(first) is int:
        return first
    header = re.compile(rf"[ \t]*class\s+{re.escape(class_name(cls))}\b")
    for number, line in enumerate(lines, 1):
        if header.match(line):
            return number
    return None


def _lines(file, disk):
    known = field(linecache.cache, file)
    if type(known) is tuple and len(known) == 4:
        return known[2]
    if not disk:
        return []
    # Not by `linecache`, which would ask the module's loader for what it does not know yet.
    try:
        with tokenize.open(file) as lines:
            return lines.readlines()
    except (OSError, SyntaxError, ValueError):
        return []


def _block(text):
    """The first statement of `text` with its decorators and its body: all that is indented more."""
    tokens = scan(text, len(text))
    base = _column(text, tokens[0].start) if tokens else 0
    at_line_start, decorated, begun = True, False, False
    end = len(text)
    for token in tokens:
        if token.kind == NEWLINE:
            at_line_start = True
            begun = begun or not decorated
            continue
        if token.kind == COMMENT and at_line_start:
            continue
        if at_line_start:
            if begun and _column(text, token.start) <= base:
                end = text.rindex("\n", 0, token.start) + 1
                break
            at_line_start = False
            decorated = not begun and token.is_operator("@")
    lines = text[:end].splitlines(True)
    # Blank lines and comments before the next statement belong to that.
    while lines and (not lines[-1].strip() or _is_outer_comment(lines[-1], base)):
        lines.pop()
    return "".join(lines)


def _is_outer_comment(line, base):
    stripped = line.lstrip()
    return stripped.startswith("#") and len(line) - len(stripped) <= base


def _column(text, position):
    return position - (text.rfind("\n", 0, position) + 1)

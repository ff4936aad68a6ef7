"""What is known about the object at the cursor, in the layout of IPython: the content of `inspect_reply`."""

import os
import types

from everloop.tracebacks import cell_name

from . import signatures, sources, values
from .expressions import evaluate
from .statics import (
    MISSING,
    Instance,
    Unevaluated,
    attribute,
    class_name,
    in_class,
    instance_field,
    is_any,
    is_class,
    is_function,
    is_module,
    mro,
    own_field,
)
from .tokens import NAME, STRING, around, primary_start, replacement_field, scan

_RED, _PLAIN = "\x1b[31m", "\x1b[39m"
_NO_DOCSTRING = "<no docstring>"
_MAY_BE_EMPTY = ("Subclasses", "String form")

# What is said of functions that nothing can change, by their addresses: a front end that shows help beside the notebook
# asks for the same one with every key. Each is kept with its answer, so that its address stays its own.
_said = {}
_MOST_SAID = 256


def inspect(code, cursor_pos, detail_level, scope):
    """The content of `inspect_reply` for the name at the cursor, or for the call around it."""
    for expression in _candidates(code, cursor_pos):
        obj = evaluate(expression, scope.namespaces)
        if type(obj) is Instance:
            obj = obj.cls
        if obj is not MISSING:
            return found(expression, obj, detail_level, scope.full)
    return {"status": "ok", "found": False, "data": {}, "metadata": {}}


def found(name, obj, detail_level, disk):
    """The content of `inspect_reply` for an object and the name that it goes by."""
    data = _remembered(name, obj) if _never_changes(obj) else _bundle(_fields(name, obj, detail_level, disk))
    return {"status": "ok", "found": True, "data": data, "metadata": {}}


def _remembered(name, obj):
    # Several threads ask.
    known = _said.get((id(obj), name))
    if known is None:
        if len(_said) >= _MOST_SAID:
            _said.clear()
        known = _said[id(obj), name] = obj, _bundle(_fields(name, obj, 0, False))
    return known[1]


def _never_changes(obj):
    """Whether it is a function of a built-in module: not a method, which is of an object of the user's, and has no source."""
    return type(obj) is types.BuiltinFunctionType and is_module(obj.__self__)


def magic(function, detail_level, scope):
    """The content of `inspect_reply` for a magic."""
    source = sources.source_of(function, scope.full) if detail_level > 0 else None
    text = ("Source", source) if source else ("Docstring", docstring(function) or _NO_DOCSTRING)
    data = _bundle([text, ("File", _shown_file(function, scope.full))])
    return {"status": "ok", "found": True, "data": data, "metadata": {}}


# -- which object


def _candidates(code, cursor_pos):
    """The expressions that the cursor may mean, the most likely first."""
    tokens = _tokens_at(code, cursor_pos)
    whole = _expression_at(code, tokens, cursor_pos)
    if whole:
        yield whole
    name = token_at_cursor(tokens, cursor_pos)
    if name and name != whole:
        yield name


def _tokens_at(code, cursor_pos):
    """The tokens of the cell, or of the replacement field of the f-string that the cursor is in."""
    tokens = around(code, cursor_pos)
    for token in tokens:
        if token.kind == STRING and token.body <= cursor_pos < token.end:
            field = replacement_field(code, token, cursor_pos)
            return tokens if field is None else scan(code, token.end, field)
    return tokens


def _expression_at(code, tokens, cursor_pos):
    """The attribute chain that ends with the name under the cursor, whatever it begins with: `"".join`, `a[0].b`."""
    for index, token in enumerate(tokens):
        if token.kind == NAME and token.start <= cursor_pos <= token.end and token.is_identifier():
            if index + 1 < len(tokens) and tokens[index + 1].is_operator("="):
                return None
            start = primary_start(tokens, index)
            return None if start is None else code[tokens[start].start : token.end]
    return None


def token_at_cursor(tokens, cursor_pos):
    """The dotted name at the cursor or, when there is none, the one of the call that the cursor is in: the rules of
    `IPython.utils.tokenutil.token_at_cursor`."""
    names, calls = [], []
    closing, outer = None, None
    is_name = touches = False
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.start > cursor_pos:
            break
        closing = None
        is_name = token.is_identifier()
        if is_name:
            if names and index and tokens[index - 1].is_operator("."):
                names[-1] = f"{names[-1]}.{token.text}"
            else:
                names.append(token.text)
            if following is not None and following.is_operator("="):
                names.pop()
                is_name = False
            if not calls:
                outer = names[-1] if names else None
        elif token.is_operator("(") and names:
            calls.append(names[-1])
        elif token.is_operator(")") and calls:
            closing = calls.pop()
        if token.end > cursor_pos:
            touches = token.start <= cursor_pos
            break
    if is_name and touches:
        return names[-1]
    return closing or (calls[-1] if calls else None) or outer or (names[-1] if names else "")


# -- what is said about it


def _fields(name, obj, detail_level, disk):
    """Titles and texts, in IPython's order."""
    if type(obj) is Unevaluated:
        obj = obj.descriptor
    source = sources.source_of(obj, disk) if detail_level > 0 else None
    if is_class(obj) or is_function(obj):
        return _fields_of_callable(name, obj, source, disk)
    return _fields_of_value(name, obj, source, detail_level, disk)


def _fields_of_callable(name, obj, source, disk):
    is_type = is_class(obj)
    yield "Init signature" if is_type else "Signature", signatures.definition(name, obj)
    yield "Docstring", docstring(obj) or _NO_DOCSTRING
    if source:
        yield "Source", source
    elif is_type:
        yield "Init docstring", _own_docstring(obj, "__init__")
    yield "File", _shown_file(obj, disk)
    yield "Type", class_name(type(obj))
    if is_type:
        yield "Subclasses", _subclasses(obj)


def _fields_of_value(name, obj, source, detail_level, disk):
    cls = type(obj)
    call = in_class(cls, "__call__")
    if type(call) is types.FunctionType:
        yield "Signature", signatures.definition(name, obj)
    yield "Type", class_name(cls)
    yield "String form", _string_form(obj, detail_level)
    length = values.length_of(obj)
    yield "Length", None if length is None else str(length)
    yield "File", _shown_file(obj if is_module(obj) or type(obj) is property else cls, disk)
    if source:
        yield "Source", source
    else:
        yield "Docstring", docstring(obj) or _NO_DOCSTRING
    if not is_module(obj):
        yield "Class docstring", _class_docstring(obj)
        yield "Init docstring", _own_docstring(cls, "__init__")
        yield "Call docstring", _own_docstring(cls, "__call__")


def _string_form(obj, detail_level):
    limit = 10_000 if detail_level else 200
    text = values.text_of(obj, limit)
    # Aligned under the first line, as the title is wide as this.
    return None if text is None else text.replace("\n", "\n" + " " * len("String form: "))


def docstring(obj):
    """The docstring of an object, or the one that it inherits."""
    if is_class(obj):
        for base in mro(obj):
            text = _clean(own_field(base, "__doc__"))
            if text or base is object:
                return text
        return None
    if is_function(obj):
        return _function_docstring(obj)
    if type(obj) is property:
        return _clean(attribute(obj, "__doc__"))
    own = _clean(instance_field(obj, "__doc__"))
    return own or docstring(type(obj))


def _function_docstring(obj):
    if is_any(type(obj), (staticmethod, classmethod, types.MethodType)):
        return docstring(obj.__func__)
    return _clean(instance_field(obj, "__doc__")) or _clean(attribute(obj, "__doc__"))


def _class_docstring(obj):
    text = docstring(type(obj))
    return None if text == docstring(obj) else text


def _own_docstring(cls, name):
    """The docstring of a method that is written in Python."""
    entry = in_class(cls, name)
    return _function_docstring(entry) if type(entry) is types.FunctionType else None


def _subclasses(cls):
    try:
        found = [class_name(subclass) for subclass in type.__subclasses__(cls)]
    except TypeError:
        return None
    return ", ".join(found[:10]) + (", ..." if len(found) > 10 else "")


def _shown_file(obj, disk):
    """The cell or the file; none for the standard library in the binary, whose files are not on this machine."""
    file = sources.file_of(obj)
    if file is None:
        return None
    cell = cell_name(file)
    if cell is not None:
        return cell
    if not disk or not os.path.exists(file):
        return None
    home = os.path.expanduser("~")
    return f"~{file[len(home) :]}" if file.startswith(home + os.sep) else file


def _clean(text):
    """A docstring without the indentation that its lines share, as `inspect.cleandoc` has it."""
    if type(text) is not str:
        return None
    first, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first.lstrip(), *(line[margin:] for line in rest)]).strip("\n") or None


# -- how it looks


def _bundle(fields):
    fields = [(title, text) for title, text in fields if text or (text == "" and title in _MAY_BE_EMPTY)]
    width = max(len(title) for title, _ in fields)
    plain = []
    for title, text in fields:
        text = text.strip("\n")
        gap = "\n" if "\n" in text and title != "String form" else " "
        plain.append(f"{_RED}{title}:{_PLAIN}{' ' * (width - len(title))}{gap}{text}")
    return {"text/plain": "\n".join(plain), "text/html": "\n".join(_html(title, text) for title, text in fields)}


def _html(title, text):
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(character, entity)
    return f"<h1>{title}</h1>\n<pre>{text}</pre>"

"""How the code could go on at the cursor: the content of `complete_reply`.

All matches replace the same range, from the beginning of the word to the cursor; what stands behind the cursor stays, as in
IPython. Names that begin with `_` come only when the word does.
"""

import builtins
import keyword

from . import modules, paths, signatures, symbols
from .expressions import evaluate
from .statics import (
    MISSING,
    Instance,
    Unevaluated,
    attributes,
    fields_like,
    is_any,
    is_class,
    is_function,
    is_module,
    is_subclass,
    names,
)
from .tokens import (
    COMMENT,
    NAME,
    NUMBER,
    OPERATOR,
    STRING,
    before,
    enclosing_bracket,
    primary_start,
    replacement_field,
    statement,
)

# More names than this come without their signatures.
_MOST_SIGNATURES = 300
_MOST_KEYS = 1000


class Match:
    """A text that could stand in place of the word."""

    __slots__ = ("signature", "text", "type")

    def __init__(self, text, type, signature=""):
        self.text = text
        self.type = type
        self.signature = signature


class Cursor:
    """The tokens in front of the word at the cursor, and the word itself."""

    def __init__(self, code, tokens, word, position):
        self.code = code
        self.tokens = tokens
        self.word = word
        self.position = position

    def expression(self, last):
        """The code of the expression that ends with the token `last`, or None."""
        start = primary_start(self.tokens, last)
        return None if start is None else self.code[self.tokens[start].start : self.tokens[last].end]

    def follows(self, text):
        return bool(self.tokens) and self.tokens[-1].is_operator(text)


class Scope:
    """What a lookup may look at: `namespaces`, the first of which that has a name says what it is; and what may take its
    time, as the file system, only if it is to be `full`."""

    __slots__ = ("full", "namespaces")

    def __init__(self, namespaces, full):
        self.namespaces = namespaces
        self.full = full


def complete(code, cursor_pos, scope):
    """The content of `complete_reply`; `cursor_pos` is in code points."""
    start, matches = _matches(code, cursor_pos, scope)
    found = {}
    for match in matches:  # the first one knows best
        found.setdefault(match.text, match)
    ordered = sorted(found.values(), key=_order)
    types = [
        {"start": start, "end": cursor_pos, "text": match.text, "type": match.type, "signature": match.signature}
        for match in ordered
    ]
    return {
        "status": "ok",
        "matches": [match.text for match in ordered],
        "cursor_start": start,
        "cursor_end": cursor_pos,
        "metadata": {"_jupyter_types_experimental": types} if types else {},
    }


def _order(match):
    """IPython's: keyword arguments first, names with underscores last."""
    text = match.text
    if text.endswith("="):
        return -1, text
    return (2 if text.startswith("__") else 1 if text.startswith("_") else 0), text


def _matches(code, position, scope):
    """Where the word begins, and what could replace it."""
    tokens = before(code, position)
    last = tokens[-1] if tokens else None
    if last is None or last.end < position:
        return position, _in_code(Cursor(code, tokens, "", position), scope)
    if last.kind == COMMENT:
        return position, []
    if last.kind == STRING and not last.closed:
        return _in_string(code, tokens, position, scope)
    if last.kind == NUMBER:
        return last.start, _keys_of_number(Cursor(code, tokens[:-1], last.text, position), scope)
    if last.kind == NAME:
        cursor = Cursor(code, tokens[:-1], last.text, position)
        if cursor.follows("\\") and tokens[-2].end == last.start:
            return tokens[-2].start, [Match(text, "symbol") for text in symbols.complete(last.text)]
        return last.start, _in_code(cursor, scope)
    return position, _in_code(Cursor(code, tokens, "", position), scope)


def _in_code(cursor, scope):
    imported = _imports(cursor, scope.full)
    if imported is not None:
        return imported
    if cursor.follows("."):
        return _attributes(cursor, scope)
    matches = _arguments(cursor, scope) + _names(cursor, scope) + _defined_in_cell(cursor)
    if not cursor.word:
        matches = _keys(cursor, scope) + matches
    return matches


def _fitting(names, word):
    """Those that fit, of many."""
    if word:
        return [name for name in names if name.startswith(word)]
    return [name for name in names if not name.startswith("_")]


def _fits(name, word):
    return name.startswith(word) and (word != "" or not name.startswith("_"))


# -- names


def _names(cursor, scope):
    word = cursor.word
    found = [Match(name, "keyword") for name in _fitting(keyword.kwlist, word)]
    values = {}
    for namespace in (vars(builtins), *reversed(scope.namespaces)):
        values.update(fields_like(namespace, word))
    values = {name: values[name] for name in _fitting(values, word) if not keyword.iskeyword(name)}
    return found + [_described(name, value, len(values)) for name, value in values.items() if name.isidentifier()]


def _defined_in_cell(cursor):
    """Names that the cell itself binds, above the cursor, and that no cell has run yet."""
    if not cursor.word:
        return []
    kinds = {"def": "function", "class": "class", "import": "module", "as": "instance", "for": "instance"}
    found = []
    tokens = cursor.tokens
    for index, token in enumerate(tokens):
        if not token.is_identifier() or not _fits(token.text, cursor.word):
            continue
        before = tokens[index - 1] if index else None
        if before is not None and before.kind == NAME and before.text in kinds:
            found.append(Match(token.text, kinds[before.text]))
        elif (
            index + 1 < len(tokens)
            and tokens[index + 1].text in ("=", ":=")
            and enclosing_bracket(tokens[:index]) is None
        ):
            found.append(Match(token.text, "instance"))
    return found


def _described(name, value, count):
    """A match with the type and the signature of its value."""
    if value is MISSING:
        return Match(name, "instance")
    if type(value) is Unevaluated:
        return Match(name, "property")
    if is_module(value):
        return Match(name, "module")
    kind = "class" if is_class(value) else "function" if is_function(value) else "instance"
    if kind == "instance" or count > _MOST_SIGNATURES:
        return Match(name, kind)
    return Match(name, kind, signatures.signature(value))


# -- attributes


def _attributes(cursor, scope):
    expression = cursor.expression(len(cursor.tokens) - 2)
    value = MISSING if expression is None else evaluate(expression, scope.namespaces)
    if value is MISSING or type(value) is Unevaluated:
        return []
    found = sorted(name for name in _fitting(names(value), cursor.word) if name.isidentifier())
    return [_described(name, attribute, len(found)) for name, attribute in attributes(value, found)]


# -- arguments of the call around the cursor


def _arguments(cursor, scope):
    """`name=` for each parameter that can be given by name and is not given yet."""
    bracket = enclosing_bracket(cursor.tokens)
    if bracket is None or bracket == 0 or not cursor.tokens[bracket].is_operator("("):
        return []
    if not (cursor.follows("(") or cursor.follows(",")):
        return []
    if bracket >= 2 and cursor.tokens[bracket - 2].text in ("def", "class"):
        return []
    expression = cursor.expression(bracket - 1)
    value = MISSING if expression is None else evaluate(expression, scope.namespaces)
    if value is MISSING or is_any(type(value), (Instance, Unevaluated)):
        return []
    given = _given(cursor.tokens[bracket + 1 :])
    by_name = (signatures.POSITIONAL, signatures.KEYWORD_ONLY)
    return [
        Match(f"{parameter.name}=", "param")
        for parameter in signatures.parameters(value) or ()
        if parameter.kind in by_name and parameter.name not in given and parameter.name.startswith(cursor.word)
    ]


def _given(tokens):
    """The names of the arguments that stand in the call already."""
    depth, given = 0, set()
    for index, token in enumerate(tokens[:-1]):
        if token.kind == OPERATOR:
            depth += (token.text in "([{") - (token.text in ")]}")
        elif token.kind == NAME and depth == 0 and tokens[index + 1].is_operator("="):
            given.add(token.text)
    return given


# -- imports


def _imports(cursor, disk):
    """The matches of an import statement, or None outside of one."""
    tokens = statement(cursor.tokens)
    for index in range(len(tokens) - 1, -1, -1):
        # `if debug: import x`
        if tokens[index].is_operator(":"):
            tokens = tokens[index + 1 :]
            break
    first = tokens[0].text if tokens and tokens[0].kind == NAME else None
    if first == "import":
        return _module_names(tokens[1:], cursor.word, "import", disk)
    if first == "from":
        for index, token in enumerate(tokens):
            if token.kind == NAME and token.text == "import":
                return _imported_names(tokens[1:index], tokens[index + 1 :], cursor.word, disk)
        return _module_names(tokens[1:], cursor.word, "from", disk)
    return None


def _module_names(tokens, word, statement_word, disk):
    parts = []
    for token in reversed(tokens):
        if token.is_operator(","):
            break
        parts.insert(0, token.text)
    if not parts:
        return [Match(name, "module") for name in _fitting(modules.top_level(disk), word)]
    if parts[-1] == ".":
        package = "".join(parts[:-1])
        if not package or package.startswith("."):
            return []
        return [Match(name, "module") for name in _fitting(modules.submodules(package, disk), word)]
    following = "as" if statement_word == "import" else "import"
    return [Match(following, "keyword")] if following.startswith(word) and "as" not in parts else []


def _imported_names(module, tokens, word, disk):
    if tokens and not (tokens[-1].is_operator(",") or tokens[-1].is_operator("(")):
        return [Match("as", "keyword")] if "as".startswith(word) and tokens[-1].text != "as" else []
    name = "".join(token.text for token in module)
    if not name or name.startswith("."):
        return []
    found = {name: value for name, value in modules.members(name, disk).items() if _fits(name, word)}
    return [
        Match(name, "module") if value is MISSING else _described(name, value, len(found))
        for name, value in found.items()
    ]


# -- keys of dictionaries


def _keys(cursor, scope):
    """`d[|`: the keys as they are written."""
    if not cursor.follows("["):
        return []
    return [
        Match(repr(key), "dict key")
        for key in _keys_before(cursor, scope)
        if is_any(type(key), (str, int, bool, float))
    ]


def _keys_of_number(cursor, scope):
    if not cursor.follows("["):
        return []
    texts = [repr(key) for key in _keys_before(cursor, scope) if type(key) is int]
    return [Match(text, "dict key") for text in texts if text.startswith(cursor.word)]


def _keys_before(cursor, scope):
    expression = cursor.expression(len(cursor.tokens) - 2)
    value = MISSING if expression is None else evaluate(expression, scope.namespaces)
    if value is MISSING or type(value) is Instance or not is_subclass(type(value), dict):
        return []
    for _ in range(10):
        try:
            return [key for key, _ in zip(dict.keys(value), range(_MOST_KEYS), strict=False)]
        except RuntimeError:  # changed while it was read
            continue
    return []


# -- strings


def _in_string(code, tokens, position, scope):
    """In the text of a string: a key, or a path; in a replacement field: code."""
    token = tokens[-1]
    field = replacement_field(code, token, position)
    if field is not None:
        start, matches = _matches(code[field:position], position - field, scope)
        return start + field, matches
    cursor = Cursor(code, tokens[:-1], code[token.body : position], position)
    if cursor.follows("["):
        found = [_written(key, token) for key in _keys_before(cursor, scope) if type(key) is str]
        found = [Match(text, "dict key") for text in found if text is not None and text.startswith(cursor.word)]
        if found:
            return token.body, found
    if not scope.full or "b" in token.prefix or not (paths.looks_like_path(cursor.word) or _opens_file(cursor)):
        return position, []
    beginning, found = paths.complete(cursor.word)
    return position - len(beginning), [Match(name, "path") for name in found]


def _opens_file(cursor):
    return cursor.follows("(") and len(cursor.tokens) > 1 and cursor.tokens[-2].text in ("open", "Path")


def _written(key, token):
    """How a key is written in the string that `token` begins, or None when it cannot be."""
    if "b" in token.prefix:
        return None
    quote = token.text[len(token.prefix)]
    plain = key.isprintable() and "\\" not in key and quote not in key
    if plain:
        return key
    if "r" in token.prefix:
        return None
    text = key.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")

"""The tokens around the cursor.

The code of a cell that is being typed is seldom valid, and the `tokenize` module gives up where it is not. This scanner never
fails: it knows strings (open ones too), comments, names, numbers and operators, which is all that lookups need.
"""

import keyword
import re

NAME, NUMBER, STRING, OPERATOR, NEWLINE, COMMENT = range(6)

# Of a cell that is longer, the tokens this far before the cursor must do, and of what follows it a little.
_BEFORE, _BEHIND = 20_000, 2_000

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\f\r]+|\\\r?\n)
    | (?P<string>[bBuUrRfFtT]{0,2}(?P<quote>\"{3}|'{3}|\"|'))
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d\w*(?:\.(?!\w*[^\W\d_])[\d_]*\w*)?)
    | (?P<newline>\n)
    | (?P<comment>\#[^\n]*)
    | (?P<operator>:=|==|!=|<=|>=|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BODY = {
    '"': re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*', re.DOTALL),
    "'": re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*", re.DOTALL),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*', re.DOTALL),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*", re.DOTALL),
}
_INTERPOLATES = set("fFtT")
_KINDS = {"name": NAME, "number": NUMBER, "comment": COMMENT, "operator": OPERATOR}


class Token:
    """A piece of code: `code[start:end]`. Strings also say whether they are closed, and where their text begins."""

    __slots__ = ("body", "closed", "end", "kind", "start", "text")

    def __init__(self, kind, text, start, end, closed=True, body=0):
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.closed = closed
        self.body = body

    def is_operator(self, text):
        return self.kind == OPERATOR and self.text == text

    def is_identifier(self):
        return self.kind == NAME and not keyword.iskeyword(self.text)

    @property
    def prefix(self):
        """The letters in front of a string."""
        return self.text.lower().partition('"')[0].partition("'")[0]


def around(code, cursor_pos):
    """The tokens in front of the cursor and some behind it."""
    return scan(code, min(len(code), cursor_pos + _BEHIND), _beginning(code, cursor_pos))


def before(code, cursor_pos):
    """The tokens in front of the cursor."""
    return scan(code, cursor_pos, _beginning(code, cursor_pos))


def _beginning(code, cursor_pos):
    return 0 if cursor_pos <= _BEFORE else code.find("\n", cursor_pos - _BEFORE, cursor_pos) + 1


def scan(code, stop, position=0):
    """The tokens of `code[position:stop]`. Line breaks are tokens only where they end a statement; comments are
    tokens."""
    tokens = []
    depth = 0
    while position < stop:
        match = _TOKEN.match(code, position, stop)
        kind = match.lastgroup
        start, position = match.span()
        if kind == "space":
            continue
        if kind == "string":
            token = _string(code, match, stop)
            position = token.end
        elif kind == "newline":
            if depth:
                continue
            token = Token(NEWLINE, "\n", start, position)
        else:
            token = Token(_KINDS[kind], match.group(), start, position)
            if kind == "operator":
                depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
        tokens.append(token)
    return tokens


def _string(code, match, stop):
    quote = match.group("quote")
    start, body = match.span()
    end, closed = None, False
    if _INTERPOLATES & set(match.group()):
        end, closed, _ = _interpolated(code, body, quote, stop)
    if end is None:
        end = _BODY[quote].match(code, body, stop).end()
        closed = code.startswith(quote, end, stop)
        end = end + len(quote) if closed else min(end, stop)
    return Token(STRING, code[start:end], start, end, closed, body)


def _interpolated(code, position, quote, stop):
    """The end of an f-string or t-string, whether it is closed, and where the code of the innermost replacement field
    begins that is open there. No end (None) when a line break shows that it was never finished."""
    fields = []  # where each open field begins, and the brackets that are open in it; None in its format
    while position < stop:
        character = code[position]
        in_text = not fields or fields[-1][1] is None
        if character == "\n" and len(quote) == 1:
            return None, False, None
        if in_text and code.startswith(quote, position):
            return position + len(quote), True, None
        if character == "{" and in_text:
            if not fields and code.startswith("{{", position):
                position += 1
            else:
                fields.append([position + 1, 0])
        elif character == "}" and fields and not fields[-1][1]:
            fields.pop()
        elif in_text:
            position += character == "\\"
        elif character == ":" and fields[-1][1] == 0:
            fields[-1][1] = None
        elif character in "([{":
            fields[-1][1] += 1
        elif character in ")]}":
            fields[-1][1] -= 1
        elif character in "\"'":
            inner = _string(code, _TOKEN.match(code, position, stop), stop)
            if not inner.closed and inner.end < stop:
                return None, False, None
            position = inner.end
            continue
        position += 1
    field = fields[-1] if fields else None
    return stop, False, None if field is None or field[1] is None else field[0]


def replacement_field(code, token, stop):
    """Where the code of the innermost replacement field begins that is open at `stop` in the string `token`, or None when
    `stop` is in the text."""
    if not _INTERPOLATES & set(token.prefix):
        return None
    quote = code[token.start + len(token.prefix) : token.body]
    return _interpolated(code, token.body, quote, stop)[2]


def primary_start(tokens, last):
    """The index of the first token of the expression (names, attributes, calls, subscripts, literals) that ends with the token
    `last`, or None."""
    index = last
    while index >= 0:
        token = tokens[index]
        if token.kind == OPERATOR and token.text in (")", "]", "}"):
            opening = _opening(tokens, index)
            if opening is None:
                return None
            if token.text == "}" or opening == 0 or not _ends_operand(tokens[opening - 1]):
                return opening
            index = opening - 1
        elif token.kind == NAME and index >= 2 and tokens[index - 1].is_operator("."):
            index -= 2
        elif token.kind in (STRING, NUMBER) or token.is_identifier() or token.text in ("None", "True", "False"):
            return index
        else:
            return None
    return None


def _ends_operand(token):
    if token.kind == OPERATOR:
        return token.text in (")", "]", "}")
    return token.kind == STRING or token.is_identifier()


def _opening(tokens, closing):
    """The index of the bracket that the one at `closing` closes."""
    depth = 0
    for index in range(closing, -1, -1):
        token = tokens[index]
        if token.kind != OPERATOR:
            continue
        if token.text in (")", "]", "}"):
            depth += 1
        elif token.text in ("(", "[", "{"):
            depth -= 1
            if depth == 0:
                return index
    return None


def enclosing_bracket(tokens):
    """The index of the innermost bracket that is still open at the end, or None."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.kind != OPERATOR:
            continue
        if token.text in (")", "]", "}"):
            depth += 1
        elif token.text in ("(", "[", "{"):
            if depth == 0:
                return index
            depth -= 1
    return None


def statement(tokens):
    """The tokens of the statement that the last token belongs to."""
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.kind == NEWLINE or token.is_operator(";"):
            return tokens[index + 1 :]
    return tokens

"""Cells that nobody wrote: IPython's syntax, Python and nonsense, put together by a grammar and a seed."""

import random

NAMES = ["x", "foo", "a.b", "é", "x1", "time", "alias_magic", "f"]
WORDS = [
    "ls",
    "-l",
    "a b",
    "  two",
    "$x",
    "{y}",
    "'q'",
    '"q"',
    "it's",
    "\\",
    "é",
    "`t`",
    "#c",
    "(",
    ")",
    ";",
    "|",
    "&",
    "%",
    "?",
    "=",
    "//",
]
STRINGS = [
    "'s'", '"s"', "''", '"""a"""', "'''a\n  b\n'''", '"""\n%no\n!no\nno?\n"""', "'%s'", '"?"', "'!ls'", "b'x'", "r'\\'",
    "'a\\\nb'", '"""a\\""""', "'unclosed", '"""unclosed', "f'{x}'", "f'{x!r:>{w}}'", 'f"{d["k"]}"', "f'{{x}}'", "f'''{\nx\n}'''",
    "f'{x=}'", "rf'{x}\\n'", "f'{x:%H}'", "f'unclosed", "f'{unclosed'", "f'{'nested'}'", "f'\\N{BULLET}'", "f'{x:{y}{z}}'", "t'{x}'",
]  # fmt: skip
OPERATORS = [
    " + ",
    " % ",
    "%",
    " / ",
    "//",
    ", ",
    " == ",
    " != ",
    " = ",
    " := ",
    " ? ",
    "! ",
    ".",
    " -> ",
    "|",
    "~",
    " in ",
    "@",
]
NUMBERS = ["1", "0x1f", "1.5e3", "1_000", "08", "0b12", "1__0", "1e", "1e+", ".5", "1j", "0o9", "1if", "..."]
COMMENTS = ["# c", "#", "# x?", "# %no", "# 'open", "#!ls"]
CONTINUATIONS = [" \\\n", "\\\n    ", " \\\n  ", "\\ \n", "\\"]
ENDS = ["\n"] * 12 + ["\n\n", "\r\n", "\n\x0c\n", "\r", ""]
HEADS = [
    "if x:",
    "for i in y:",
    "def f():",
    "class C:",
    "with a as b:",
    "else:",
    "try:",
    "async def g(a,\n  b):",
    "match x:",
]
STATEMENTS = ["pass", "return", "await x", "import os", "del x", "@d", "global x", "lambda: 0", "x: int", "print(x)"]
ODDITIES = [
    "\x00",
    "\x01",
    "\x0b",
    "\x0c",
    "\x1c",
    "\u2028",
    "\xa0",
    "\x85",
    "$",
    "`",
    "€",
    "\ufeff",
    "😀",
    "²",
    "ª",
    "ഃ",
    "_",
]


class Grammar:
    """Writes one cell after the other; every method returns text."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def cell(self):
        lines = self.random.choice([1, 1, 1, 2, 2, 3, 4, 6, 10])
        text = "".join(self.line() + self.pick(ENDS) for _ in range(lines))
        decorate = self.choose(
            ((lambda text: text), 12), (self.prompted, 3), (self.indented, 3), (self.led, 2), (self.cell_magic, 2)
        )
        text = decorate(text)
        if self.chance(0.04):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.pick(ODDITIES) + text[at:]
        if self.chance(0.05):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + text[at + self.random.randrange(4) :]
        return text

    # Lines

    def line(self):
        indent = self.choose(
            ("", 12), ("    ", 6), ("  ", 2), ("\t", 1), ("        ", 2), ("      ", 1), (" \\\n   ", 0.3)
        )
        return indent + self.choose(
            (self.escaped, 8), (self.assigned, 5), (self.help, 5), (self.python, 8), (self.block, 4), (self.soup, 4), (self.blank, 2)
        )()  # fmt: skip

    def escaped(self):
        escape = self.choose(
            "%", "%", "!", "!", "!!", "?", "??", ",", ";", "/", ("%%", 0.5), (",,", 0.2), ("/;", 0.2), ("!=", 0.1)
        )
        separator = self.choose((" ", 1), ("", 6), ("  ", 0.5))
        return escape + separator + self.pick(NAMES) + self.arguments() + self.ending()

    def assigned(self):
        target = self.choose((self.name, 6), (self.subscript, 2), (self.pattern, 2), (self.python, 1))()
        equals = self.choose(
            " = ", " = ", "=", " =  ", (" = \\\n  ", 0.5), (" \\\n = ", 0.3), (" == ", 0.2), (" += ", 0.2)
        )
        escape = self.choose(("%", 4), ("!", 4), ("!!", 0.5), ("%%", 0.3), ("% ", 0.3), ("! ", 0.3), ("?", 0.2))
        return target + equals + escape + self.pick(NAMES) + self.arguments() + self.ending()

    def help(self):
        target = self.choose((self.name, 5), (self.path, 5), (self.python, 2), (self.soup, 1))()
        before = self.choose(
            ("", 8), ("%", 1), ("%%", 1), ("a = ", 1), ("x; ", 0.5), ("?", 0.5), ("!", 0.5), ("f(", 0.5)
        )
        mark = self.choose(("?", 8), ("??", 5), ("???", 0.5), (" ?", 0.5), ("? ", 0.5), ("?  # c", 0.5), ("?;", 0.3))
        return before + target + mark

    def python(self):
        return self.choose(
            (self.expression, 6), (self.statement, 4), (self.call, 3), (self.string, 3), (self.bracketed, 3)
        )()

    def block(self):
        return self.pick(HEADS) + self.choose(("", 3), (" " + self.pick(STATEMENTS), 1), ("  # c", 1))

    def blank(self):
        return self.choose("", "", "    ", self.pick(COMMENTS), "\t")

    def soup(self):
        """Tokens in any order."""
        pools = [
            NAMES,
            WORDS,
            STRINGS,
            OPERATORS,
            NUMBERS,
            COMMENTS,
            CONTINUATIONS,
            ["(", ")", "[", "]", "{", "}", ":", " ", "  ", "?", "\n"],
        ]
        return "".join(self.pick(self.pick(pools)) for _ in range(self.random.randrange(1, 8)))

    # Parts of lines

    def arguments(self):
        if self.chance(0.2):
            return ""
        words = [self.pick(WORDS + NAMES) for _ in range(self.random.randrange(1, 4))]
        return self.choose((" ", 9), ("  ", 1)) + self.choose((" ", 9), ("  ", 1), (self.pick(CONTINUATIONS), 1)).join(
            words
        )

    def ending(self):
        return self.choose(
            ("", 10),
            ("?", 1),
            ("??", 0.5),
            (" ", 1),
            (" \\", 0.5),
            ("  # c", 0.5),
            (self.pick(CONTINUATIONS) + "more", 1),
        )

    def name(self):
        return self.pick(NAMES)

    def path(self):
        parts = [
            self.choose("x", "é", "abc", "_a", "*a*", "b*", ("1a", 0.3)) for _ in range(self.random.randrange(1, 4))
        ]
        return self.choose(".", ".", ".", "[0].", "[-1].", ("[i].", 0.3), ("..", 0.2)).join(parts) + self.choose(
            "", "", "[0]", ("()", 0.3)
        )

    def subscript(self):
        return self.choose("a[0]", "a['=']", "a[x=1]", "a.b", "f(x=1).y", "a[\n0]", 'a[f"("]')

    def pattern(self):
        return self.choose("a, b", "(a,\n b)", "[a, b]", "*a, b", "a = b", "x: int", "a = b")

    def expression(self):
        operands = [
            self.choose((self.name, 3), (self.number, 1), (self.string, 1))()
            for _ in range(self.random.randrange(1, 4))
        ]
        return self.pick(OPERATORS).join(operands)

    def statement(self):
        return self.pick(STATEMENTS) + self.choose(
            ("", 4), ("; " + self.pick(STATEMENTS), 1), ("  " + self.pick(COMMENTS), 1), (" \\\n  " + self.name(), 0.5)
        )

    def number(self):
        return self.pick(NUMBERS)

    def string(self):
        return self.pick(STRINGS)

    def call(self):
        return self.name() + "(" + self.expression() + self.choose((")", 9), ("", 1), ("]", 0.5))

    def bracketed(self):
        opening, closing = self.pick(["()", "[]", "{}", "(]"])
        inner = [
            self.choose((self.expression, 3), (self.escaped, 1), (self.help, 0.5), (self.blank, 1))()
            for _ in range(self.random.randrange(1, 4))
        ]
        return (
            self.choose("", "x = ", "f")
            + opening
            + self.choose(",\n", ",\n    ", "\n").join(inner)
            + self.choose((closing, 9), ("", 1))
        )

    # What is around them

    def prompted(self, text):
        first, rest = self.pick([(">>> ", "... "), ("In [1]: ", "   ...: "), (">>>", "..."), ("In [12]: ", "    ...: "), ("    >>> ", "    ... "), (" [ins] In [1]: ", "...: "), ("[nav] In [2]: ", "")])  # fmt: skip
        lines = text.splitlines(keepends=True)
        text = "".join(
            (first if at == 0 or self.chance(0.2) else rest if self.chance(0.9) else "") + line
            for at, line in enumerate(lines)
        )
        return self.choose(("", 8), ('"""\n', 1), ('x = """\n', 1), ("x\n", 1)) + text

    def indented(self, text):
        indent = self.choose("    ", "  ", "\t", " ")
        return "".join((indent if self.chance(0.95) else " ") + line for line in text.splitlines(keepends=True))

    def led(self, text):
        return (
            "".join(
                self.pick(["\n", "  \n", "\t\n", "\r\n", "# c\n", "\x0c\n"]) for _ in range(self.random.randrange(1, 4))
            )
            + text
        )

    def cell_magic(self, text):
        return (
            "%%"
            + self.choose(("", 8), (" ", 0.5))
            + self.pick(NAMES)
            + self.choose("", " a b", "?", "??", " x?", "  ")
            + "\n"
            + text
        )

    # Dice

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, options):
        return self.random.choice(options)

    def choose(self, *options):
        """One of the options, each of which may be a pair with its weight."""
        pairs = [option if isinstance(option, tuple) else (option, 1) for option in options]
        return self.random.choices([option for option, _ in pairs], [weight for _, weight in pairs])[0]

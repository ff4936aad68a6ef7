"""`repr` of text and text times a number are the kernel's own: they have to be Python's."""

import random
import sys

import pytest

PLAIN = "The quick brown fox, jumping over [1, 2]; "
QUOTES = {
    "none": "plain",
    "single": "it's",
    "double": 'say "no"',
    "both": 'it\'s "both"',
    "backslashes": "C:\\new\\table",
    "empty": "",
}


@pytest.fixture
def judged(kernel):
    """A function that has expressions of a name `text` valued here and in the kernel, which must say the same."""

    def judge(text, *expressions):
        encoded = text.encode("utf-8", "surrogatepass").hex()
        kernel.ok(f"text = bytes.fromhex({encoded!r}).decode('utf-8', 'surrogatepass')")
        for expression in expressions:
            expected = ascii(eval(expression, {"text": text}))
            assert kernel.ok(f"print(ascii({expression}))").stdout == f"{expected}\n", expression

    return judge


@pytest.mark.parametrize("quotes", QUOTES)
def test_quotes_are_chosen_as_python_does(judged, quotes):
    judged(QUOTES[quotes], "repr(text)", "f'{text!r}'", "'%r' % text", "repr([text])", "text.__repr__()")


def test_every_character_is_escaped_as_python_does(judged):
    characters = [chr(number) for number in range(0x250)] + ["\u2028", "\ud800", "\U0001f600", "\uffff"]
    for character in characters[:0x80:7] + characters[0x80::37]:
        judged(character, "repr(text)")
    judged("".join(map(chr, range(0x80))), "repr(text)")
    judged("".join(characters), "repr(text)")


def test_large_text(judged):
    judged(PLAIN * 5_000, "repr(text)", "text * 7")
    judged((PLAIN + "\n\t\x00'") * 5_000, "repr(text)", "text * 7")


@pytest.mark.parametrize("times", [-3, -1, 0, 1, 2, 3, 255, 256, 257, 1000, True])
@pytest.mark.parametrize("text", ["x", "ab", "abc", "é", "日本", "\ud800", "", PLAIN])
def test_text_is_repeated_as_python_does(judged, text, times):
    judged(text, f"text * {times!r}", f"{times!r} * text", f"text.__mul__({times!r})")


def test_random_text(judged):
    generator = random.Random(7)
    for _ in range(20):
        text = "".join(chr(generator.randrange(0x80)) for _ in range(generator.randrange(200)))
        judged(text, "repr(text)", f"text * {generator.randrange(20)}")


def test_what_is_too_long_is_an_error_and_the_kernel_goes_on(kernel):
    for times in ["2**62", "2**64"]:
        assert kernel.run(f"'abc' * {times}").error["ename"] == "OverflowError"
    assert kernel.run("'x' * 3").result == "'xxx'"


def test_subclasses_have_their_own_say(kernel):
    cell = kernel.ok(
        "class Loud(str):\n"
        "    def __repr__(self):\n"
        "        return 'loud ' + super().__repr__()\n"
        "    def __mul__(self, times):\n"
        "        return 'never'\n"
        "class Quiet(str):\n"
        "    pass\n"
        "print(repr(Loud(\"it's\")), Loud('x') * 500)\n"
        "print(repr(Quiet('x')), type(Quiet('x') * 500) is str, type(Quiet('x') * 1) is str)\n"
    )
    assert cell.stdout == "loud \"it's\" never\n'x' True True\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages of 2 MB are Linux's")
def test_large_text_is_given_by_the_small_page(kernel):
    """Its memory is marked so; the first pages of the heap are, whatever they hold."""
    kernel.ok(
        "import re\n"
        "def small():\n"
        "    maps = open('/proc/self/smaps').read()\n"
        "    return sum(int(size) for size, flags in re.findall(r'Rss: +(\\d+) kB(?s:.*?)VmFlags:(.*)', maps) if ' nh' in flags)\n"
        "before = small()"
    )
    kernel.ok("text = 'abcd' * 50_000_000")
    assert int(kernel.run("small() - before").result) > 150_000

"""`list.sort` and `sorted` of numbers are the kernel's own: they have to be Python's."""

import random
import textwrap

import pytest

MANY = 1_000


def numbers(kind):
    generator = random.Random(kind)
    match kind:
        case "integers":
            return [generator.randrange(-50, 50) for _ in range(MANY)]
        case "large integers":
            return [generator.choice([2**63 - 1, -(2**63), 0]) for _ in range(MANY)]
        case "integers larger than the machine's":
            return [generator.choice([2**63, 2**70, -(2**64), 5]) for _ in range(MANY)]
        case "floats":
            return [round(generator.uniform(-5, 5), 1) for _ in range(MANY)]
        case "zeros and infinities":
            return [generator.choice([0.0, -0.0, float("inf"), -float("inf"), 1.5]) for _ in range(MANY)]
        case "integers and floats":
            return [generator.choice([1, 1.0, 2, 2.5, 0]) for _ in range(MANY)]
        case "integers and booleans":
            return [generator.choice([1, True, 0, False]) for _ in range(MANY)]


KINDS = [
    "integers",
    "large integers",
    "integers larger than the machine's",
    "floats",
    "zeros and infinities",
    "integers and floats",
    "integers and booleans",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_numbers_are_sorted_as_python_does(kernel, kind, reverse):
    """Equal ones stay in their order, which their representation shows."""
    values = numbers(kind)
    cell = kernel.run(
        textwrap.dedent(f"""\
            inf = float("inf")
            values = {values!r}
            in_place = values[:]
            assert in_place.sort(reverse={reverse}) is None
            assert repr(sorted(values, reverse={reverse})) == repr(in_place)
            assert repr(sorted(tuple(values), key=None, reverse={reverse})) == repr(in_place)
            print(in_place)
            """)
    )
    assert cell.stdout == f"{sorted(values, reverse=reverse)}\n"


def test_equal_integers_are_the_same_objects_in_the_same_order(kernel):
    cell = kernel.run(
        "values = [int(str(10_000 + i % 3)) for i in range(1_000)]\n"
        "expected = [v for rest in range(3) for v in values if v == 10_000 + rest]\n"
        "assert all(a is b for a, b in zip(sorted(values), expected, strict=True))\n"
        "expected = [v for rest in (2, 1, 0) for v in values if v == 10_000 + rest]\n"
        "assert all(a is b for a, b in zip(sorted(values, reverse=True), expected, strict=True))\n"
        "print('the same')"
    )
    assert cell.stdout == "the same\n"


def test_classes_of_their_own_compare_by_themselves(kernel):
    cell = kernel.run(
        "class Backwards(int):\n"
        "    def __lt__(self, other):\n"
        "        return int(self) > int(other)\n"
        "print([int(v) for v in sorted(map(Backwards, range(100)))] == list(range(99, -1, -1)))"
    )
    assert cell.stdout == "True\n"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("list(range(100)).sort(1)", "TypeError"),
        ("list(range(100)).sort(k=1)", "TypeError"),
        ("sorted()", "TypeError"),
        ("sorted(range(100), 1)", "TypeError"),
        ("sorted(5)", "TypeError"),
        ("sorted([*range(100), 'a'])", "TypeError"),
        ("list.sort(range(100))", "TypeError"),
        ("sorted(range(100), key=lambda value: 1 / value)", "ZeroDivisionError"),
    ],
)
def test_errors_are_pythons(kernel, call, error):
    assert kernel.run(call).error["ename"] == error


def test_the_functions_are_those_of_python(kernel):
    cell = kernel.run(
        "import inspect, pickle\n"
        "assert pickle.loads(pickle.dumps(sorted)) is sorted\n"
        "print(sorted, list.sort, inspect.signature(sorted), inspect.signature(list.sort), sorted.__module__)\n"
        "print(sorted.__doc__.splitlines()[0], list.sort.__doc__.splitlines()[0])"
    )
    assert cell.stdout == (
        "<built-in function sorted> <method 'sort' of 'list' objects> "
        "(iterable, /, *, key=None, reverse=False) (self, /, *, key=None, reverse=False) builtins\n"
        "Return a new list containing all items from the iterable in ascending order. "
        "Sort the list in ascending order and return None.\n"
    )


def test_a_list_that_is_sorted_with_a_key_is_sorted_by_it(kernel):
    assert kernel.run("print(sorted(range(100), key=lambda value: -value)[:3])").stdout == "[99, 98, 97]\n"

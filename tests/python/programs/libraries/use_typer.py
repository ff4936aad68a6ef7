"""typer: a program from a function's annotations, with options, an enumeration, its help and what it says of errors.

Note: versions before 0.29; from then on it needs pydantic 2.
"""

import enum
from typing import Annotated

import typer
from typer.testing import CliRunner

program = typer.Typer(rich_markup_mode=None)


class Colour(str, enum.Enum):
    red = "red"
    green = "green"


@program.command()
def paint(
    names: list[str],
    colour: Annotated[Colour, typer.Option(help="Which one.")] = Colour.red,
    shout: bool = False,
):
    """Paint NAMES."""
    text = f"{', '.join(names)}: {colour.value}"
    typer.echo(text.upper() if shout else text)


@program.command()
def fail():
    raise typer.Exit(3)


def run(*arguments):
    result = CliRunner().invoke(program, arguments)
    return result.exit_code, result.output


assert run("paint", "wall", "door", "--colour", "green") == (0, "wall, door: green\n")
assert run("paint", "wall", "--shout") == (0, "WALL: RED\n")
assert run("fail")[0] == 3
code, output = run("paint", "wall", "--colour", "blue")
assert code == 2 and "'blue' is not one of 'red', 'green'" in output, output
code, output = run("paint", "--help")
assert code == 0 and "--colour" in output and "Which one." in output and "Paint NAMES." in output, output
print("done")

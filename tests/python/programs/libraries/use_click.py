"""click: a program with two commands, options, a prompt, a wrong argument and its help, run by click's own runner."""

import click
from click.testing import CliRunner


@click.group()
def program():
    """Counts."""


@program.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--times", default=1, show_default=True, help="How often.")
def add(numbers, times):
    """Add NUMBERS."""
    click.secho(str(sum(numbers) * times), fg="green")


@program.command()
@click.option("--name", prompt=True)
def greet(name):
    click.echo(f"Hello {name}")


def run(*arguments, **options):
    result = CliRunner().invoke(program, arguments, **options)
    return result.exit_code, result.output


assert run("add", "1", "2", "--times", "3") == (0, "9\n")
assert run("greet", input="Ada\n") == (0, "Name: Ada\nHello Ada\n")
code, output = run("add", "one")
assert code == 2 and "'one' is not a valid integer" in output, output
code, output = run("add", "--help")
assert "--times INTEGER  How often.  [default: 1]" in output, output
print("done")

"""rich: a table, a tree, colours, Markdown, a traceback with its variables and a bar of progress, on a console in memory."""

import io

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table
from rich.traceback import Traceback
from rich.tree import Tree

console = Console(file=io.StringIO(), width=60, force_terminal=True, color_system="standard", force_jupyter=False)


def shown(value, **options):
    with console.capture() as capture:
        console.print(value, **options)
    return capture.get()


table = Table("city", "people", title="Cities")
table.add_row("Köln", "[red]1,080,000[/red]")
assert "┃ city ┃ people    ┃" in shown(table).replace("\x1b[1m", "").replace("\x1b[0m", ""), shown(table)
assert "\x1b[31m1,080,000\x1b[0m" in shown(table)
tree = Tree("root")
tree.add("child").add("grandchild")
assert shown(tree) == "root\n└── child\n    └── grandchild\n"
assert "─" in shown(Markdown("# Title\n\n- one")) or "Title" in shown(Markdown("# Title\n\n- one"))
assert "\x1b[" in shown(Syntax("def f(): pass", "python"))
try:
    divisor = 0
    1 / divisor
except ZeroDivisionError:
    text = shown(Traceback(show_locals=True))
    assert "ZeroDivisionError" in text
    assert "locals" in text
numbers = list(track(range(3), "counting", console=console))
assert numbers == [0, 1, 2]
assert "100%" in console.file.getvalue()
print("done")

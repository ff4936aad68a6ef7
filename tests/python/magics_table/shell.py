"""Rows: the shell itself, and the names and objects in it."""

import re

from magics_table.row import Row, Try

SHELL = [
    Row(
        "%alias %unalias",
        "an alias is a magic that runs a command",
        Try("%alias shout echo <%s>"),
        Try("%alias shout echo loud %l"),
        Try("%shout one two", stdout="loud one two"),
        Try("%alias", result=re.compile("'shout', 'echo loud %l'")),
        Try("%unalias shout"),
        Try("%shout", usage="UsageError: Line magic function `%shout` not found."),
    ),
    Row(
        "%alias_magic",
        "the new name does what the old one does",
        Try("%alias_magic folder pwd", stdout="Created `%folder` as an alias for `%pwd`."),
        Try("%folder", result=re.compile("^'/")),
    ),
    Row(
        "%autoawait",
        "what drives cells that await: asyncio, trio, curio, a function of the user's",
        Try("%autoawait", stdout="IPython autoawait is `on`, and set to use `asyncio`"),
    ),
    Row(
        "%autocall",
        "the rewritten call is printed and run",
        Try("%autocall 1", stdout="Automatic calling is: Smart"),
        Try("len [1, 2]", stdout="------> len([1, 2])", result="2"),
        Try("%autocall 0", stdout="Automatic calling is: Off"),
        Try("len [1, 2]", error="TypeError"),
    ),
    Row(
        "%automagic",
        "whether a line may be a magic without its `%`",
        Try("pwd", result=re.compile("^'/")),
        Try("%automagic off", stdout="Automagic is OFF, % prefix IS needed for line magics."),
        Try("pwd", error="NameError: name 'pwd' is not defined"),
        Try("%automagic on", stdout="Automagic is ON, % prefix IS NOT needed for line magics."),
    ),
    Row(
        "%colors",
        "the theme of tracebacks and sources",
        Try("theme = get_ipython().colors"),
        Try("%colors nocolor"),
        Try("get_ipython().colors", result="'nocolor'"),
        Try("get_ipython().colors = theme"),
    ),
    Row(
        "%config",
        "lists what can be configured, shows and changes it; the next cell is run by it",
        Try("%config", stdout="ZMQInteractiveShell\n"),
        Try("%config ZMQInteractiveShell.ast_node_interactivity", result="'last_expr'"),
        Try("%config ZMQInteractiveShell.ast_node_interactivity = 'last_expr_or_assign'"),
        Try("six = 6", result="6"),
        Try("%config ZMQInteractiveShell.ast_node_interactivity = 'last_expr'"),
    ),
    Row(
        "%doctest_mode",
        "plain tracebacks and values, and back",
        Try("%doctest_mode", stdout="Doctest mode is: ON"),
        Try("%doctest_mode", stdout="Doctest mode is: OFF"),
    ),
    Row(
        "%lsmagic",
        "the list that this table is held against",
        Try(
            "%lsmagic", result=re.compile("Available line magics:.*%alias .*Available cell magics:.*%%bash", re.DOTALL)
        ),
    ),
    Row("%magic", "in the pager", Try("%magic", page="IPython's 'magic' functions")),
    Row("%quickref", "in the pager", Try("%quickref", page="Quick Reference Card")),
]

NAMES = [
    Row(
        "%who %who_ls %whos",
        "also the names of cells that ran before IPython was loaded",
        Try("%reset -f"),
        Try("number = 1; text = 'two'"),
        Try("%who", stdout=re.compile(r"number\s+text")),
        Try("%who_ls", result="['number', 'text']"),
        Try("%who_ls str", result="['text']"),
        Try("%whos", stdout=re.compile(r"text\s+str\s+two")),
    ),
    Row(
        "%xdel",
        "the name is gone",
        Try("doomed = [1]"),
        Try("%xdel doomed"),
        Try("doomed", error="NameError"),
    ),
    Row(
        "%reset",
        "without a front end that answers, it does not ask",
        Try("gone = 1"),
        Try("%reset -f out", stdout="Flushing output cache"),
        Try("gone", result="1"),
        Try("%reset", allow_stdin=False),
        Try("gone", error="NameError"),
    ),
    Row(
        "%reset_selective",
        "by a pattern",
        Try("kept, tossed_1, tossed_2 = 1, 2, 3"),
        Try("%reset_selective -f tossed"),
        Try("kept", result="1"),
        Try("tossed_1", error="NameError"),
    ),
    Row(
        "%store",
        "kept in the profile's database",
        Try("stored = [1, 2]"),
        Try("%store stored", stdout="Stored 'stored' (list)"),
        Try("del stored"),
        Try("%store -r stored"),
        Try("stored", result="[1, 2]"),
        Try("%store", stdout=re.compile(r"stored +-> \[1, 2\]")),
        Try("%store -d stored"),
    ),
    Row(
        "%pdef %pdoc %psource %pinfo %pinfo2",
        "signature, docstring and source of a function of a cell; all but `%pdef` in the pager",
        Try('def add(a, b=1):\n    """The sum."""\n    return a + b'),
        Try("%pdef add", stdout="add(a, b=1)"),
        Try("%pdoc add", page="The sum."),
        Try("%psource add", page="return a + b"),
        Try("%pinfo add", page=re.compile(r"Signature:\s+add\(a, b=1\)\nDocstring: The sum\.")),
        Try("%pinfo2 add", page=re.compile(r"Source:\s.*return a \+ b", re.DOTALL)),
        Try("%pinfo nothing_of_this_name", stdout="Object `nothing_of_this_name` not found."),
    ),
    Row(
        "%pfile",
        "a file of the standard library that is in the binary, in the pager",
        Try("import json"),
        Try("%pfile json", page="JSON (JavaScript Object Notation)"),
    ),
    Row(
        "%psearch",
        "names by a pattern, in the pager",
        Try("needle_1 = needle_2 = 0"),
        Try("%psearch needle*", page="needle_1\nneedle_2"),
    ),
]

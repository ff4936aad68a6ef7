"""What everloop shows in another way than ipykernel does: on purpose, or because it has yet to be mended."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    #: Stands in everloop's transcript and not in ipykernel's.
    shows: str
    reason: str


def _because(reason: str, shown: dict[str, str]) -> dict[str, Difference]:
    return {cell: Difference(shows, reason) for cell, shows in shown.items()}


#: By the name of the cell, which is its theme and its title.
INTENDED: dict[str, Difference] = {
    **_because(
        "In a cell that handles an exception, ipykernel's traceback names the line where the cell is by now and not the "
        "one that failed: IPython does not find the file of the cell.",
        {
            "asyncio_tasks: timeout": "--> 2 await asyncio.Event().wait()",
            "errors: a chained error": "--> 2 1 / 0",
            "errors: an error while handling another": "--> 2 1 / 0",
            "errors: a chain of three": '--> 5 raise KeyError("second")',
            "errors: an error that is raised again": "--> 2 1 / 0",
            "errors: showtraceback": "--> 2 1 / 0",
        },
    ),
    **_because(
        "The file of a function that a cell made is the cell: there is no file of ipykernel's name either.",
        dict.fromkeys(
            [
                "help: a coroutine function: its help",
                "help: a decorated function: its help",
                "help: a function with its source",
                "help: a function",
                "help: a generator function: its help",
                "help: a lambda: its help",
                "help: a lambda: its source",
                "help: a method with its source",
                "help: a method",
                "help: help at the end of a cell",
                "help: help in the middle",
                "help: its help is not rendered",
                "help: pinfo",
                "help: pinfo2",
                "help: question mark first",
                "help: two question marks first",
                "shell_object: object_inspect_text",
                "takeover: the source of a function of before",
            ],
            "Cell In[",
        ),
    ),
    **_because(
        "Who edits a function of a cell gets the text of the cell: the file that ipykernel names is not there.",
        {"files: edit of a function": "IPython will make a temporary file named"},
    ),
    **_because(
        "The traceback of a group is an error and no text on stderr, so that a front end knows it as one.",
        {
            "asyncio_tasks: a task group that fails": "error\n  ExceptionGroup: unhandled errors in a TaskGroup",
            "errors: a group": "error\n  ExceptionGroup: group (2 sub-exceptions)\n    + Exception Group",
            "errors: a nested group": "error\n  ExceptionGroup: outer (2 sub-exceptions)\n    + Exception Group",
            "errors: a group with tracebacks": "error\n  ExceptionGroup: with tracebacks",
            "errors: a group from an error": "error\n  ExceptionGroup: caused",
            "errors: an error from a group": "error\n  RuntimeError: after a group",
            "errors: except star": "error\n  ExceptionGroup: split (1 sub-exception)\n    + Exception Group",
        },
    ),
    **_because(
        "A value that cannot be shown fails its cell; ipykernel knows that it failed and no longer by what.",
        {
            "display_rules: a repr that raises": "execute_reply error [54]\n  RuntimeError: no repr",
            "display_rules: a repr that is no string": "execute_reply error [56]\n  TypeError: __repr__ returned",
            "formatters: _repr_ that raises": "execute_reply error [6]\n  ValueError: no html",
            "formatters: _repr_mimebundle_ that raises": "execute_reply error [12]\n  RuntimeError: no bundle",
            "formatters: _ipython_display_ that raises": "execute_reply error [16]\n  RuntimeError: cannot display",
            "formatters: _repr_pretty_ that raises": "execute_reply error [23]\n  ValueError: not pretty",
            "formatters: a formatter that raises": "execute_reply error [34]\n  ZeroDivisionError: division by zero",
            "formatters: a _repr_html_ with an argument": "execute_reply error [48]\n  TypeError: Arguments._repr_html_()",
            "rich_display: Image of what does not exist": "execute_reply error [24]\n  FileNotFoundError: No such file",
        },
    ),
    **_because(
        "The reply has the number that the cell began with, as execute_input.",
        {"shell_object: run_cell with history": "execute_reply ok [36]"},
    ),
    **_because(
        "asyncio's loop can be entered again from a cell: what is an error elsewhere has a result.",
        {
            "asyncio_tasks: asyncio.run in a cell": "execute_result [50]\n  text/plain\n    8",
            "asyncio_tasks: run_until_complete in a cell": "execute_result [51]\n  text/plain\n    8",
        },
    ),
    **_because(
        "The context of cells is one for all of them, so what an asynchronous cell set is still set.",
        {"asyncio_tasks: copy_context": "('for a thread', 'in a copy')"},
    ),
    **_because(
        "Output has the order in which it came about: the hook prints before its message is published.",
        {"hooks: display_pub hook": "  hooked display_data\ndisplay_data"},
    ),
    **_because(
        "A cell is transformed once, so it says once what it was rewritten to.",
        {"magic_syntax: smart autocall": 'stdout\n  ------> len("abc")\nexecute_result'},
    ),
    **_because(
        "A runner that has a name is called by it.",
        {"autoawait: autoawait is sync": "set to use `sync`"},
    ),
    **_because(
        "A comm is everloop's.",
        {"comms: a comm without data": "<everloop.comm_classes.Comm at 0x…>"},
    ),
    **_because(
        "ipykernel.comm.Comm makes the same comms as create_comm, and nothing speaks against using it.",
        {"comms: Comm of ipykernel": '"target_name": "old"\n  }\nexecute_reply ok'},
    ),
    **_because(
        "There are magics for cells and tasks that run beside each other.",
        {
            "line_magics: the names of all line magics that IPython has": "'autocancel'",
            "line_magics: the names of all cell magics that IPython has": "'concurrent'",
        },
    ),
    **_because(
        "There is one event loop and no other can be had.",
        {"line_magics: gui of an unknown toolkit": "asyncio's runs always, in every cell"},
    ),
    **_because(
        "The words and names of Python's own text streams.",
        {
            "output: printing something that is not text": "write() argument must be str, not int",
            "output: encoding of the streams": "('utf-8', 'utf-8')",
            "requests: getpass without a prompt": '"prompt": "Password: "',
        },
    ),
    **_because(
        "RustPython's compiler: another place or another kind of SyntaxError.",
        {
            "syntax_errors: a dedent that does not match": "IndentationError: … (<cell file>, line 3)",
            "syntax_errors: a missing body": "IndentationError: … (<cell file>, line 1)",
            "syntax_errors: a try without an except": "SyntaxError: … (<cell file>, line 3)",
        },
    ),
    **_because(
        "An error whose words cannot be had is one error, and not two of which the second hides its name.",
        {"errors: an error whose str raises": "Mute: <exception str() failed>"},
    ),
    **_because(
        "RustPython says so in a note of the error.",
        {"errors: a unicode error": "decoding with 'utf-8' codec failed"},
    ),
    **_because(
        "A warning that looks above the cell finds the kernel there, and not IPython.",
        {"output: warnings": "plain"},
    ),
    **_because(
        "The message says what is missing.",
        {"scripts: no program": "UsageError: %%script has to be told the program to run"},
    ),
    **_because(
        "Inspection answers with HTML too, for front ends that have room for it.",
        {
            "requests: inspect a name": "<h1>Signature</h1>",
            "requests: inspect in detail": "<h1>Source</h1>",
            "requests: inspect inside a call": "<h1>Signature</h1>",
            "requests: inspect a magic": "<h1>Docstring</h1>",
        },
    ),
    **_because(
        "Where there is nothing to complete, what was asked about is left where it is.",
        {"requests: complete nothing": '"cursor_start": 0'},
    ),
    **_because(
        "A signature is one, and never a sentence of the documentation.",
        {"requests: complete an attribute": '"signature": "",'},
    ),
    **_because(
        "After return the block has ended.",
        {"requests: is_complete of a return": '"indent": ""'},
    ),
    **_because(
        "What cannot be configured is not on the list.",
        {"shell_object: config magic": "StoreMagics\n      ZMQInteractiveShell"},
    ),
    **_because(
        "A mistake in the configuration is said where the user can see it.",
        {"shell_object: config of an unknown trait": "Config option `unknown_trait` not recognized"},
    ),
}

#: Defects of everloop, each with what is wrong. A cell leaves this table when it is mended, and the test says when that is.
TO_BE_MENDED: dict[str, str] = {
    "hooks: configurables": "the manager of comms is not among the configurables",
    "requests: inspect an instance": "the documentation of object is taken for that of the class",
    "requests: user_expressions": "an expression that fails has a traceback",
}

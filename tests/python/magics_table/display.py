"""Rows: output, what needs a front end, event loops and drawing."""

import re

from magics_table.row import DIFFERS, DOES_NOT_WORK, Row, Try

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle r="3"/></svg>'
NO_MATPLOTLIB = re.compile(
    r"UsageError: matplotlib cannot be used here \(.*\): it and numpy are extensions for CPython"
)

OUTPUT = [
    Row(
        "%%html %%HTML",
        "displayed as `text/html`",
        Try("%%html\n<b>bold</b>", data={"text/html": "<b>bold</b>"}),
        Try("%%HTML\n<b>bold</b>", data={"text/html": "<b>bold</b>"}),
    ),
    Row(
        "%%javascript %%js",
        "displayed as `application/javascript`; JupyterLab runs it, VS Code does not",
        Try("%%javascript\nalert(1)", data={"application/javascript": "alert(1)"}),
        Try("%%js\nalert(1)", data={"application/javascript": "alert(1)"}),
    ),
    Row("%%latex", "displayed as `text/latex`", Try("%%latex\n$x$", data={"text/latex": "$x$"})),
    Row("%%markdown", "displayed as `text/markdown`", Try("%%markdown\n# Title", data={"text/markdown": "# Title"})),
    Row(
        "%%svg %%SVG",
        "displayed as `image/svg+xml`",
        Try(f"%%svg\n{SVG}", data={"image/svg+xml": SVG}),
        Try(f"%%SVG\n{SVG}", data={"image/svg+xml": SVG}),
    ),
    Row(
        "%pprint",
        "whether values are broken into lines",
        Try("%pprint", stdout="Pretty printing has been turned OFF"),
        Try("['x' * 50, 'y' * 50]", result=re.compile("', 'y")),
        Try("%pprint", stdout="Pretty printing has been turned ON"),
        Try("['x' * 50, 'y' * 50]", result=re.compile("',\n 'y")),
    ),
    Row(
        "%precision",
        "the digits of floats",
        Try("%precision 3", result="'%.3f'"),
        Try("1 / 3", result="0.333"),
        Try("%precision", result="'%r'"),
        Try("1 / 3", result="0.3333333333333333"),
    ),
]

QT_CONSOLE = """%%bash
mkdir -p console; rm -f console/arguments
printf '#!/bin/sh\\necho "$@" > console/written; mv console/written console/arguments\\n' > console/jupyter-qtconsole
chmod +x console/jupyter-qtconsole
"""
UNTIL_STARTED = """
import asyncio
while not os.path.exists("console/arguments"):
    await asyncio.sleep(0.01)
open("console/arguments").read()
"""

FRONT_END = [
    Row(
        "%page",
        "a value in the pager",
        Try("paged = {'key': 'value'}"),
        Try("%page paged", page="{'key': 'value'}"),
        Try("%page -r paged", page="{'key': 'value'}"),
    ),
    Row(
        "%less %more",
        "a file in the pager",
        Try("%%file long.txt\nthe text"),
        Try("%less long.txt", page="the text"),
        Try("%more long.txt", page="the text"),
        Try("%less", usage="UsageError: Missing filename."),
        Try("%less no_such_file", error="FileNotFoundError"),
    ),
    Row(
        "%man",
        "a page of the manual in the pager",
        Try("%%file ./everloop.1\n.TH EVERLOOP 1\n.SH NAME\neverloop \\- a kernel"),
        Try("%man ./everloop.1", page=re.compile(r"NAME\s+everloop . a kernel"), needs="man"),
    ),
    Row(
        "%edit %ed",
        "the payload `edit_magic`, which the Qt console and the console of JupyterLab obey",
        Try("%%file edited.py\nx = 1"),
        Try("%edit edited.py", payload={"source": "edit_magic", "filename": re.compile(r"^/.*/edited\.py$")}),
        Try("%ed -n 7 edited.py", payload={"source": "edit_magic", "line_number": re.compile("^7$")}),
    ),
    Row(
        "%clear",
        "the message `clear_output`; ipykernel prints a terminal's code",
        Try("%clear", published="clear_output"),
        verdict=DIFFERS,
        only_here="a terminal's code",
    ),
    Row(
        "%autosave",
        "for the classic notebook, as JavaScript; others save as they are set",
        Try("%autosave 30", stdout="Autosaving every 30 seconds", data={"application/javascript": "(30000)"}),
        Try("%autosave often", usage="UsageError: %autosave requires an integer, got 'often'"),
    ),
    Row(
        "%connect_info",
        "how to connect another front end",
        Try("%connect_info", stdout=re.compile(r'"shell_port": \d+.*jupyter <app> --existing /', re.DOTALL)),
    ),
    Row(
        "%qtconsole",
        "starts `jupyter-qtconsole`, which has to be on the PATH",
        Try(QT_CONSOLE),
        Try("import os; path = os.environ['PATH']; os.environ['PATH'] = ''"),
        Try(
            "%qtconsole",
            usage="UsageError: no Qt console was found: the program jupyter-qtconsole has to be on the PATH",
        ),
        Try("os.environ['PATH'] = os.path.abspath('console') + os.pathsep + path"),
        Try("%qtconsole --style monokai"),
        Try(UNTIL_STARTED, result=re.compile(r"--existing /.*\.json --style monokai")),
        Try("os.environ['PATH'] = path"),
        only_here="a warning, and python -c with qtconsole in it",
    ),
]

LOOPS = [
    Row(
        "%gui",
        "asyncio's loop runs always, and no other: there are no Qt, Tk or GTK for RustPython",
        Try("%gui", silent=True),
        Try("%gui asyncio", silent=True),
        Try("%gui qt", stderr="there is no qt event loop in this kernel: asyncio's runs always, in every cell"),
        verdict=DIFFERS,
        only_here="Qt, where it is installed",
    ),
    Row(
        "%matplotlib %pylab",
        "matplotlib and numpy are extensions for CPython, which RustPython cannot load; `%matplotlib --list` works",
        Try("%matplotlib inline", usage=NO_MATPLOTLIB),
        Try("%matplotlib --list", stdout="Available matplotlib backends: ["),
        Try("%pylab", usage=NO_MATPLOTLIB),
        verdict=DOES_NOT_WORK,
        only_here="the traceback of the failed import",
    ),
]

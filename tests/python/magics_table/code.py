"""Rows: running code, errors, code as text, extensions."""

import re

from magics_table.row import Row, Try

PER_LOOP = re.compile(r"per loop \(mean ± std\. dev\. of 2 runs, 3 loops each\)")
NO_INPUT = "StdinNotImplementedError: raw_input was called, but this frontend does not support input requests."

RUNNING = [
    Row(
        "%time %%time",
        "also of code that awaits",
        Try("%time sum(range(10))", stdout=re.compile(r"CPU times: user .*\nWall time: "), result="45"),
        Try("%%time\ntimed = 1\ntimed + 1", stdout="Wall time: ", result="2"),
        Try("timed", result="1"),
    ),
    Row(
        "%timeit %%timeit",
        "also of code that awaits",
        Try("%timeit -n3 -r2 sum(range(10))", stdout=PER_LOOP),
        Try("%%timeit -n3 -r2 x = 1\nx + 1", stdout=PER_LOOP),
        Try("%timeit -n3 -r2 -o -q pass", result=re.compile("^<TimeitResult : .* per loop")),
    ),
    Row(
        "%prun %%prun",
        "in the pager, also of code that awaits",
        Try("%prun sum(range(10))", page=re.compile(r"function calls in .*built-in method builtins\.sum", re.DOTALL)),
        Try("%%prun\nsum(range(3))", page="function calls in"),
        Try("%prun -q -T profile.txt sum(range(10))", stdout="Profile printout saved to text file 'profile.txt'."),
        Try("'function calls' in open('profile.txt').read()", result="True"),
    ),
    Row(
        "%run",
        "files of Python, of IPython and notebooks, also such as await",
        Try("%%file program.py\nimport sys\nran = sys.argv[1:]"),
        Try("%run program.py one two"),
        Try("ran", result="['one', 'two']"),
        Try("%run no_such_file.py", error="File `'no_such_file.py'` not found."),
    ),
    Row(
        "%code_wrap %%code_wrap",
        "code around that of each cell",
        Try("%%code_wrap around\nprint('before')\n__code__\nprint('after')\n__ret__"),
        Try("%code_wrap --list", stdout="around"),
        Try("1 + 1", stdout="before\nafter", result="2"),
        Try("%code_wrap --remove around"),
        Try("1 + 1", result="2", silent=True),
    ),
    Row(
        "%%capture",
        "what is printed and displayed is the value's, not the cell's",
        Try("%%capture captured\nprint('hidden')", silent=True),
        Try("captured.stdout", result=r"'hidden\n'"),
    ),
    Row(
        "%macro",
        "cells as a name that runs them",
        Try("from_macro = 2"),
        Try("%macro again _i", stdout="Macro `again` created."),
        Try("%macro", result=re.compile("'again'")),
        Try("from_macro = 0"),
        Try("again"),
        Try("from_macro", result="2"),
    ),
]

ERRORS = [
    Row(
        "%xmode",
        "how much of a traceback is shown",
        Try("%xmode Minimal", stdout="Exception reporting mode: Minimal"),
        Try("1/0", error="ZeroDivisionError", traceback=re.compile(r"\AZeroDivisionError: division by zero\s*\Z")),
        Try("%xmode Context", stdout="Exception reporting mode: Context"),
        Try("1/0", error="ZeroDivisionError", traceback="----> 1 1/0"),
    ),
    Row(
        "%tb",
        "the last traceback again, in any mode",
        Try("1/0", error="ZeroDivisionError"),
        Try("%tb", traceback="----> 1 1/0"),
        Try("%tb Minimal", traceback=re.compile(r"\AZeroDivisionError: division by zero\s*\Z")),
    ),
    Row(
        "%debug %%debug",
        "a front end that answers no questions gets that as the error",
        Try("1/0", error="ZeroDivisionError"),
        Try("%debug", error=NO_INPUT, stdout="----> 1 1/0", allow_stdin=False),
        Try("%%debug\nx = 1", stdout=NO_INPUT, allow_stdin=False),
    ),
    Row(
        "%pdb",
        "whether an error opens the debugger",
        Try("%pdb on", stdout="Automatic pdb calling has been turned ON"),
        Try("get_ipython().call_pdb", result="True"),
        Try("%pdb off", stdout="Automatic pdb calling has been turned OFF"),
        Try("get_ipython().call_pdb", result="False"),
    ),
]

FAKE_PASTEBIN = """
import email.message, types, urllib.request
from urllib.parse import parse_qs
def urlopen(request, data):
    global pasted
    pasted = request.full_url, parse_qs(data.decode())["content"]
    headers = email.message.Message()
    headers["Location"] = "https://dpaste.com/PASTED"
    return types.SimpleNamespace(headers=headers)
real, urllib.request.urlopen = urllib.request.urlopen, urlopen
"""

TEXTS = [
    Row(
        "%history %hist",
        "inputs, also those before IPython was loaded",
        Try("remembered = 1"),
        Try("%history -l 1", stdout="remembered = 1"),
        Try("%hist -n -l 2", stdout=re.compile(r"\d+: %history -l 1")),
        Try("%history -g rememb*", stdout="remembered = 1"),
    ),
    Row(
        "%recall %rep",
        "an input, or the last value, as the next cell",
        Try("'a value'"),
        Try("%recall", payload={"source": "set_next_input", "text": "a value"}),
        Try("recalled = 1"),
        Try("%rep _i", payload={"source": "set_next_input", "text": re.compile("recalled = 1")}),
    ),
    Row(
        "%rerun",
        "the last cell, or some of the history",
        Try("runs = []"),
        Try("runs.append(1)"),
        Try("%rerun", stdout=re.compile(r"=== Executing: ===\nruns\.append\(1\)\n=== Output: ===")),
        Try("runs", result="[1, 1]"),
    ),
    Row(
        "%save",
        "inputs to a file",
        Try("to_be_saved = 1"),
        Try("%save -r -f saved.py _i", stdout="The following commands were written to file `saved.py`:"),
        Try("open('saved.py').read()", result=re.compile("to_be_saved = 1")),
    ),
    Row(
        "%load %loadpy",
        "a file as the text of the cell",
        Try("%%file loaded.py\nloaded = 1"),
        Try("%load loaded.py", payload={"source": "set_next_input", "text": "# %load loaded.py\nloaded = 1\n"}),
        Try("%loadpy loaded.py", payload={"source": "set_next_input", "replace": True}),
        Try("%load no_such_file.py", error="'no_such_file.py' was not found in history, as a file, url"),
    ),
    Row(
        "%logstart %logoff %logon %logstate %logstop",
        "inputs and values to a file",
        Try("%logstart -o log.py over", stdout=re.compile(r"Filename +: log\.py\n")),
        Try("%logstate", stdout=re.compile("State +: active")),
        Try("1 + 2"),
        Try("%logoff", stdout="Switching logging OFF"),
        Try("unlogged = 1"),
        Try("%logon", stdout="Switching logging ON"),
        Try("%logstop"),
        Try("%logstate", stdout="Logging has not been activated."),
        Try("open('log.py').read()", result=re.compile(r"1 \+ 2\\n#\[Out\]# 3\\n(?!.*unlogged)")),
    ),
    Row(
        "%notebook",
        "inputs and outputs of the session as a notebook; what `nbformat` needs of the extension `rpds` is everloop's own",
        Try("'in the notebook'"),
        Try("%notebook session.ipynb"),
        Try("import json; notebook = json.load(open('session.ipynb'))"),
        Try("notebook['nbformat']", result="4"),
        Try("cell = notebook['cells'][-1]; cell['source']", result="[\"'in the notebook'\"]"),
        Try("cell['outputs'][0]['data']['text/plain']", result="[\"'in the notebook'\"]"),
    ),
    Row(
        "%pastebin",
        "tried without the network: `urlopen` is replaced, and gets what would be sent",
        Try(FAKE_PASTEBIN),
        Try("text = 'pasted_code = 1'"),
        Try("%pastebin text", result="'https://dpaste.com/PASTED'"),
        Try("pasted", result=re.compile(r"^\('https://dpaste\.com/api/v2/', .*pasted_code = 1")),
        Try("urllib.request.urlopen = real"),
    ),
    Row(
        "%%writefile %%file",
        "the body of the cell as a file",
        Try("%%writefile written.txt\nfirst", stdout="Writing written.txt"),
        Try("%%file -a written.txt\nsecond", stdout="Appending to written.txt"),
        Try("open('written.txt').read()", result=r"'first\nsecond\n'"),
        Try("%%writefile\nx", usage="UsageError: the following arguments are required: filename"),
    ),
    Row(
        "%pycat",
        "a file of Python in the pager, coloured",
        Try("%%file shown.py\nshown = 5"),
        Try("%pycat shown.py", page="shown = 5"),
    ),
]

EXTENSION = """%%file everloop_greeter.py
def load_ipython_extension(ip):
    ip.push({"greeting": "hello"})
def unload_ipython_extension(ip):
    ip.push({"greeting": "bye"})
"""

EXTENSIONS = [
    Row(
        "%load_ext %reload_ext %unload_ext",
        "an extension in the notebook's folder",
        Try(EXTENSION),
        Try("%load_ext everloop_greeter"),
        Try("greeting", result="'hello'"),
        Try("%load_ext everloop_greeter", stdout="The everloop_greeter extension is already loaded."),
        Try("%unload_ext everloop_greeter"),
        Try("greeting", result="'bye'"),
        Try("%reload_ext everloop_greeter"),
        Try("greeting", result="'hello'"),
        Try("%load_ext no_such_extension", error="ModuleNotFoundError: No module named 'no_such_extension'"),
    ),
    Row(
        "%autoreload %aimport",
        "after `%load_ext autoreload`: a module that has changed is loaded again before the next cell",
        Try("%load_ext autoreload"),
        Try("%%file changing.py\nvalue = 1"),
        Try("%autoreload 2"),
        Try("%aimport changing"),
        Try("%aimport", stdout="Modules to reload:"),
        Try("changing.value", result="1"),
        Try("%%file changing.py\nvalue = 'changed'"),
        Try("changing.value", result="'changed'"),
        Try("%autoreload off"),
    ),
]

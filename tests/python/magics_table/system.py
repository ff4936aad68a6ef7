"""Rows: the system, other languages, packages."""

import re

from magics_table.row import DOES_NOT_WORK, Row, Try

SYSTEM = [
    Row(
        "%pwd %cd %dhist %bookmark",
        "the folder of the kernel's process",
        Try("%mkdir -p place", silent=True),
        Try("%bookmark start"),
        Try("%bookmark -l", stdout=re.compile(r"start +-> /")),
        Try("%cd place", stdout=re.compile(r"/place\n")),
        Try("%pwd", result=re.compile("/place'$")),
        Try("%dhist", stdout=re.compile(r"Directory history.*/place", re.DOTALL)),
        Try("%cd -b start", stdout="(bookmark:start) ->"),
        Try("%pwd", result=re.compile("(?<!/place)'$")),
        Try("%cd no_such_folder", stdout="No such file or directory: 'no_such_folder'"),
    ),
    Row(
        "%pushd %popd %dirs",
        "a stack of folders",
        Try("%mkdir -p pushed"),
        Try("%pushd pushed", stdout="/pushed"),
        Try("%dirs", result=re.compile(r"^\['.+'\]$")),
        Try("%popd", stdout="popd -> "),
        Try("%dirs", result="[]"),
        Try("%popd", usage="UsageError: %popd on empty stack"),
    ),
    Row(
        "%env %set_env",
        "the environment of the kernel and of what it starts",
        Try("%env EVERLOOP_TRIED=one", stdout="env: EVERLOOP_TRIED=one"),
        Try("%env EVERLOOP_TRIED", result="'one'"),
        Try("%set_env EVERLOOP_TRIED two", stdout="env: EVERLOOP_TRIED=two"),
        Try("!echo $EVERLOOP_TRIED", stdout="two"),
        Try("%env EVERLOOP_UNSET", usage="UsageError: Environment does not have key: EVERLOOP_UNSET"),
    ),
    Row(
        "%mkdir %cp %mv %cat %rm %rmdir",
        "aliases of the programs",
        Try("%mkdir made", silent=True),
        Try("%%file made/one.txt\nhello"),
        Try("%cp made/one.txt made/two.txt"),
        Try("%mv made/one.txt made/three.txt"),
        Try("import os; sorted(os.listdir('made'))", result="['three.txt', 'two.txt']"),
        Try("%cat made/two.txt", stdout="hello"),
        Try("%rm made/two.txt made/three.txt"),
        Try("%rmdir made"),
        Try("os.path.exists('made')", result="False"),
    ),
    Row(
        "%ls %ll %lf %ldir %lk %lx",
        "aliases: all, long, files, folders, links, executables",
        Try("%mkdir -p listed/folder"),
        Try("%%bash\ncd listed; touch file; ln -sf file link; touch program; chmod +x program"),
        Try("%ls listed", stdout=re.compile(r"file.*folder.*link.*program", re.DOTALL)),
        Try("%ll listed", stdout=re.compile(r"^-.* file\r?$", re.MULTILINE)),
        Try("%lf listed", stdout=re.compile(r"\A(?=.* file\r?$)(?!.* folder)", re.MULTILINE | re.DOTALL)),
        Try("%ldir listed", stdout=re.compile(r"\A(?=.* folder/\r?$)(?!.* file\r?$)", re.MULTILINE | re.DOTALL)),
        Try("%lk listed", stdout=re.compile(r"\A(?=.* link)(?!.* folder)", re.MULTILINE | re.DOTALL)),
        Try("%lx listed", stdout=re.compile(r"\A(?=.* program)(?!.* folder)", re.MULTILINE | re.DOTALL)),
    ),
    Row(
        "%system %%system %sx %%sx %%! %sc",
        "the output of a command as a list of lines, the loop going on meanwhile",
        Try("%system echo one", result="['one']"),
        Try("%sx echo é", result="['é']"),
        Try("%%system\necho one\necho two", result="['one', 'two']"),
        Try("%%sx\necho one\necho two", result="['one', 'two']"),
        Try("%%!\necho one\necho two", result="['one', 'two']"),
        Try("%sc said=echo one"),
        Try("said", result=r"'one\n'"),
        Try("%sc -l lines=echo one", silent=True),
        Try("lines", result="['one']"),
    ),
    Row(
        "%rehashx",
        "every program on the PATH becomes an alias",
        Try(
            "%%bash\nmkdir -p bin; printf '#!/bin/sh\\necho greetings\\n' > bin/everloop_greets; chmod +x bin/everloop_greets"
        ),
        Try("%everloop_greets", usage="UsageError: Line magic function `%everloop_greets` not found."),
        Try("import os; path = os.environ['PATH']; os.environ['PATH'] = os.path.abspath('bin') + os.pathsep + path"),
        Try("%rehashx"),
        Try("%everloop_greets", stdout="greetings"),
        Try("os.environ['PATH'] = path"),
    ),
]


def language(name: str, code: str, prints: str) -> Row:
    """The row of an interpreter that may not be on the machine."""
    note = f"with `{name}` on the PATH; without it: `Couldn't find program: '{name}'`"
    without = Try(f"%%{name}\n{code}", stdout=f"Couldn't find program: '{name}'")
    hidden = Try("import os; path = os.environ['PATH']; os.environ['PATH'] = ''")
    back = Try("os.environ['PATH'] = path")
    return Row(f"%%{name}", note, Try(f"%%{name}\n{code}", stdout=prints, needs=name), hidden, without, back)


LANGUAGES = [
    Row(
        "%%script",
        "any program",
        Try("%%script cat -\ntext", stdout="text"),
        Try("%%script --out said cat -\ntext", silent=True),
        Try("said", result=r"'text\n'"),
        Try("%%script no_such_program\ntext", stdout="Couldn't find program: 'no_such_program'"),
        Try("%%script\ntext", usage="UsageError: %%script has to be told the program to run"),
        only_here="TypeError without a program",
    ),
    Row(
        "%killbgscripts",
        "ends what `--bg` has started",
        Try("%%bash --bg --proc sleeper\nsleep 600"),
        Try("%killbgscripts", stdout="All background processes were killed."),
        Try("await sleeper.wait() < 0", result="True"),
    ),
    language("bash", "echo from $0", "from bash"),
    language("sh", "echo from $0", "from sh"),
    language("perl", 'print "from perl\\n"', "from perl"),
    language("ruby", "puts 'from ruby'", "from ruby"),
    language("python", "print('from', 'python')", "from python"),
    language("python2", "print 'from python'", "from python"),
    language("python3", "print('from', 'python')", "from python"),
    language("pypy", "print('from pypy')", "from pypy"),
]

NO_CONDA = "The python kernel does not appear to be a conda environment.  Please use ``%pip install`` instead."

PACKAGES = [
    Row(
        "%pip",
        "for RustPython, into a directory of the kernel's own; the cell fails when pip does",
        Try("%pip --version", stdout=re.compile(r"pip \d+[\d.]* from .* \(python 3\.14\)")),
        Try("%pip list", stdout=re.compile(r"^ipython +\d", re.MULTILINE)),
        Try("%pip no_such_command", error="PipFailed: pip ended with exit code 1"),
        only_here="it is CPython",
    ),
    Row(
        "%uv",
        "the package `uv` has to be in the environment; IPython starts it with the kernel's own Python",
        Try("%uv --version", stdout=re.compile(r"No module named '?uv|uv \d")),
    ),
    Row(
        "%conda %mamba %micromamba",
        "there is no RustPython in conda: what the environment is made of is CPython",
        Try("%conda --version", error=f"ValueError: {NO_CONDA}"),
        Try("%mamba --version", error=f"ValueError: {NO_CONDA}"),
        Try("%micromamba --version", error=f"ValueError: {NO_CONDA}"),
        verdict=DOES_NOT_WORK,
    ),
]

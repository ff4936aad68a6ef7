"""``!command``, ``!!command`` and ``name = !command``: commands of the system, while which the loop goes on.

https://ipython.readthedocs.io/en/stable/interactive/reference.html#system-shell-access
"""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT

from IPython.core.magic import cell_magic, line_cell_magic, magics_class
from IPython.core.magics import OSMagics
from IPython.utils.encoding import DEFAULT_ENCODING
from IPython.utils.text import LSString, SList

from everloop.magics.rest import Rest, drives_asyncio, instead_of, run_now
from everloop.magics.system_interrupt import until_ended
from everloop.magics.system_process import ProcessGroup
from everloop.magics.system_terminal import TerminalCommand
from everloop.packages import own_pip


class SystemCommands:
    """The part of the shell that runs commands, to be inherited from together with IPython's ``InteractiveShell``.

    `system` and `getoutput` wait, while the loop takes turns; `system_async` and `getoutput_async` are awaited.
    """

    def system(self, cmd):
        """As IPython's ``system_piped``."""
        return run_now(self, Rest(self._system(cmd, self.var_expand(cmd, depth=1)), needs_asyncio=True))

    system_piped = system

    def system_async(self, cmd):
        """As `system`, to be awaited."""
        if "system" in vars(self) or not drives_asyncio(self):
            # Somebody put another function into its place, or another library drives the cell.
            return _returning(self.system(cmd))
        return self._system(cmd, self.var_expand(cmd, depth=1))

    def getoutput(self, cmd, split=True, depth=0):
        """As IPython's."""
        expanded = self.var_expand(cmd, depth=depth + 1)
        return run_now(self, Rest(self._getoutput(cmd, expanded, split), needs_asyncio=True))

    def getoutput_async(self, cmd, split=True, depth=0):
        """As `getoutput`, to be awaited."""
        if "getoutput" in vars(self) or not drives_asyncio(self):
            return _returning(self.getoutput(cmd, split, depth + 1))
        return self._getoutput(cmd, self.var_expand(cmd, depth=depth + 1), split)

    async def _system(self, cmd, expanded):
        _refuse_background(cmd)
        sys.stdout.flush()
        with own_pip(expanded):
            command = TerminalCommand(expanded, sys.stdout.write)
            await until_ended(command)
        self._end(cmd, _exit_code(command.ended.result()), getattr(self, "system_raise_on_error", False))

    async def _getoutput(self, cmd, expanded, split):
        _refuse_background(cmd)
        # When errors are to be raised IPython keeps both streams apart, and puts stderr last.
        raises = getattr(self, "system_raise_on_error", False)
        with own_pip(expanded):
            process = await asyncio.create_subprocess_shell(
                expanded,
                executable=os.environ.get("SHELL"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE if raises else STDOUT,
                process_group=0,
            )
            group = ProcessGroup(process, process.communicate())
            if await until_ended(group):
                print("^C")
                outputs = ()
            else:
                outputs = group.ended.result()
        if raises:
            self._end(cmd, process.returncode, raises)
        text = "".join(output.decode(DEFAULT_ENCODING, "replace") for output in outputs if output)
        return SList(text.splitlines()) if split else LSString(text)

    def _end(self, cmd, exit_code, raises):
        self.user_ns["_exit_code"] = exit_code
        if raises and exit_code != 0:
            raise subprocess.CalledProcessError(exit_code, cmd)


@magics_class
class AwaitingOSMagics(OSMagics):
    """``%sx``, which is ``%system`` and ``%%!`` too."""

    @line_cell_magic
    @instead_of(OSMagics.sx)
    def sx(self, line="", cell=None):
        """As IPython's."""
        return Rest(self._sx(line, cell), needs_asyncio=True)

    system = line_cell_magic("system")(sx)
    bang = cell_magic("!")(sx)

    async def _sx(self, line, cell):
        if cell is None:
            return await self.shell.getoutput_async(line)
        options, _ = self.parse_options(line, "", "out=")
        output = await self.shell.getoutput_async(cell)
        name = options.get("out", options.get("o"))
        if not name:
            return output
        self.shell.user_ns[name] = output
        return None


async def _returning(value):
    return value


def _refuse_background(cmd):
    if cmd.rstrip().endswith("&"):
        raise OSError("Background processes not supported.")


def _exit_code(status):
    """IPython's word for `status`: signals are negative, also those that the shell reports as 128 and more."""
    return 128 - status if status > 128 else status

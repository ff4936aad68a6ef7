"""``%%script``, ``%%bash``, ``%%sh``, ``%%python3``, ...: cells for other programs, while which the loop goes on."""

import asyncio
import contextlib
import errno
import signal
import sys
import types
from asyncio.subprocess import PIPE
from codecs import getincrementaldecoder
from subprocess import CalledProcessError

from IPython.core.async_helpers import _AsyncIOProxy
from IPython.core.error import UsageError
from IPython.core.magics import ScriptMagics as IPythonScriptMagics
from IPython.utils.process import arg_split

from everloop.magics.rest import Rest, instead_of, run_now
from everloop.magics.system_interrupt import until_ended
from everloop.magics.system_process import PATIENCE, ProcessGroup, signal_group
from everloop.packages import own_pip

_CHUNK = 65536


class ScriptMagics(IPythonScriptMagics):
    """IPython's magics on the loop of the cells, instead of one in a thread of their own.

    In the background, what a script writes and nobody asked for appears under the cell that started it.
    """

    def __init__(self, shell=None):
        # The loop holds its tasks weakly.
        self._tasks = set()
        super().__init__(shell=shell)

    def _make_script_magic(self, name):
        magic = super()._make_script_magic(name)
        script = self.script_paths.get(name, name)

        @instead_of(magic)
        def named_script_magic(self, line, cell):
            return self._script(f"{script} {line}" if line else script, cell)

        return types.MethodType(named_script_magic, self)

    @instead_of(IPythonScriptMagics.shebang)
    def shebang(self, line, cell):
        """As IPython's."""
        return self._script(line, cell)

    def _script(self, line, cell):
        args, command = self.shebang.parser.parse_known_args(arg_split(line, posix=True))
        if not command:
            raise UsageError("%%script has to be told the program to run: %%script PROGRAM")
        if not cell.endswith("\n"):
            cell += "\n"
        return Rest(self._run(args, command, cell.encode("utf8", "replace")), needs_asyncio=True)

    async def _run(self, args, command, cell):
        for name in filter(None, (args.out, args.err)):
            self.shell.user_ns[name] = ""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, process_group=0
            )
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            print(f"Couldn't find program: {command[0]!r}")
            return
        if args.bg:
            self._run_in_background(args, process, cell)
        else:
            with own_pip(cell.decode("utf8", "replace")):
                await self._run_to_its_end(args, process, cell)

    async def _run_to_its_end(self, args, process, cell):
        group = ProcessGroup(process, self._communicate(process, cell, self._writers(args)))
        if await until_ended(group):
            print(f"Process was {group.fate}.")
        else:
            # What cannot be written or decoded.
            group.ended.result()
        if args.raise_error and process.returncode != 0:
            raise CalledProcessError(process.returncode, cell)

    def _writers(self, args):
        """What takes the text of stdout, and of stderr."""
        return self._writer(args.out, sys.stdout), self._writer(args.err, sys.stderr)

    def _writer(self, name, file):
        if not name:
            return file.write

        def append(text):
            self.shell.user_ns[name] += text

        return append

    async def _communicate(self, process, cell, writers):
        streams = zip((process.stdout, process.stderr), writers, strict=True)
        await asyncio.gather(
            _write(process.stdin, cell), *(_copy(stream, write) for stream, write in streams if write is not None)
        )
        await process.wait()

    # -- in the background

    def _run_in_background(self, args, process, cell):
        self.bg_processes.append(process)
        self._gc_bg_processes()
        loop = asyncio.get_running_loop()
        for name, stream in ((args.out, process.stdout), (args.err, process.stderr)):
            if name:
                self.shell.user_ns[name] = _AsyncIOProxy(stream, loop)
        if args.proc:
            proxy = self.shell.user_ns[args.proc] = _AsyncIOProxy(process, loop)
            proxy.stdout = _AsyncIOProxy(process.stdout, loop)
            proxy.stderr = _AsyncIOProxy(process.stderr, loop)
        writers = (None if args.out else sys.stdout.write, None if args.err else sys.stderr.write)
        task = loop.create_task(self._communicate(process, cell, writers))
        self._tasks.add(task)
        task.add_done_callback(self._background_ended)

    def _background_ended(self, task):
        self._tasks.discard(task)
        self._gc_bg_processes()

    def kill_bg_processes(self):
        """Kill all BG processes which are still running."""
        if asyncio._get_running_loop() is None:
            # The interpreter ends.
            super().kill_bg_processes()
        elif self.bg_processes:
            run_now(self.shell, Rest(self._kill_background(), needs_asyncio=True))

    async def _kill_background(self):
        processes = {asyncio.ensure_future(process.wait()): process for process in self.bg_processes}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for ended, process in processes.items():
                if not ended.done():
                    signal_group(process, number)
            _, alive = await asyncio.wait(processes, timeout=PATIENCE)
            if not alive:
                break
        for process in processes.values():
            signal_group(process, signal.SIGKILL)
        self._gc_bg_processes()


async def _write(stdin, cell):
    # A program need not read its input.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(cell)
        await stdin.drain()
    stdin.close()


async def _copy(stream, write):
    """Give to `write` what arrives on `stream`, as it comes."""
    decoder = getincrementaldecoder("utf-8")("replace")
    while data := await stream.read(_CHUNK):
        text = decoder.decode(data)
        if text:
            write(text)
    rest = decoder.decode(b"", final=True)
    if rest:
        write(rest)

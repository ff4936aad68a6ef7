"""The runners of cells that ``%autoawait`` has to be told about."""

from everloop.runners import asyncio
from everloop.runners.curio_ import CurioRunner
from everloop.runners.sync import SyncRunner
from everloop.runners.trio_ import TrioRunner

curio = CurioRunner()
trio = TrioRunner()
sync = SyncRunner()

#: As ``InteractiveShell.loop_runner_map``: name to the runner, and whether choosing it switches autoawait on.
loop_runner_map = {runner.name: (runner, runner.autoawait) for runner in (asyncio, curio, trio, sync)}

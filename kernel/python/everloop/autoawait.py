"""``%autoawait`` without IPython: whether cells may await, and what drives those that do.

With IPython both are traits of its shell, and the magic is its own; the messages and rules here are the same.
"""

from importlib import import_module

from everloop import runners


class Autoawait:
    """The state of one shell; `user_ns` is where a runner is looked up by its name."""

    def __init__(self, user_ns):
        self._user_ns = user_ns
        #: Whether a cell may have a top-level ``await``.
        self.enabled = True
        #: What :func:`everloop.runners.drive` takes.
        self.loop_runner = runners.asyncio

    async def run(self, coro, cell, asynchronous):
        """The result of `coro`, the code of `cell`; `asynchronous` says whether it awaits."""
        runner = self.loop_runner if asynchronous else runners.asyncio
        return await runners.drive(runner, coro, cell)

    def command(self, parameter):
        """What the line ``%autoawait parameter`` does."""
        parameter = parameter.strip()
        if not parameter:
            state = "on" if self.enabled else "off"
            print(f"IPython autoawait is `{state}`, and set to use `{self.loop_runner}`")
        elif parameter.lower() in ("false", "off"):
            self.enabled = False
        elif parameter.lower() in ("true", "on"):
            self.enabled = True
        elif parameter in runners.loop_runner_map:
            runner, self.enabled = runners.loop_runner_map[parameter]
            self._use(runner)
        else:
            self._use(self._find(parameter))
            self.enabled = True

    def _find(self, name):
        found = self._user_ns[name] if name in self._user_ns else _import_item(name)
        if isinstance(found, str):
            # A variable that holds the name of one.
            found = runners.loop_runner_map[found][0] if found in runners.loop_runner_map else _import_item(found)
        if not callable(found):
            raise ValueError("loop_runner must be callable")
        return found

    def _use(self, runner):
        before, self.loop_runner = self.loop_runner, runner
        runners.switch(before, runner)


def _import_item(name):
    package, _, item = name.rpartition(".")
    if not package:
        return import_module(name)
    module = import_module(package)
    try:
        return getattr(module, item)
    except AttributeError:
        raise ImportError(f"No module named {item}") from None

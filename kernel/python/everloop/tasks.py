"""What runs on the loop beside each other, and how it ends: ``%concurrent``, ``%tasks``, ``%cancel``, ``%autocancel``."""

import _asyncio
import itertools
import weakref
from collections import namedtuple

import _everloop
from everloop import runners, tracebacks
from everloop.parent import parent
from everloop.runners.runner import Background

#: More of a line than this is not shown.
_LONGEST = 60

#: Of how many frames a stack is shown.
_DEEPEST = 100


#: A line of ``%tasks``.
Entry = namedtuple("Entry", ["id", "kind", "started_by", "what", "where"])


class Tasks:
    """The commands of one shell, a :class:`everloop.shell.Shell`. Each takes what follows its name in the line.

    They raise ValueError for a parameter that means nothing.
    """

    def __init__(self, shell):
        self._shell = shell
        self._numbers = weakref.WeakKeyDictionary()
        self._count = itertools.count(1)

    def concurrent(self, parameter):
        """Switch on or off that all cells run beside each other, or say whether they do."""
        state = _on_or_off("concurrent", parameter)
        if state is None:
            print(f"Cells run {'beside each other' if _everloop.is_concurrent() else 'one after the other'}.")
        else:
            _everloop.set_concurrent(state)

    def autocancel(self, parameter):
        """Switch on or off that an interrupted cell takes the tasks that it started with it, or say whether it does."""
        state = _on_or_off("autocancel", parameter)
        if state is None:
            print(
                f"Tasks {'end' if self._shell.autocancel else 'go on'} when the cell that started them is interrupted."
            )
        else:
            self._shell.autocancel = state

    def tasks(self, parameter):
        """Print what runs: cells, handlers of comm messages, and tasks with the cell that started them."""
        if parameter.strip():
            raise ValueError(f"%tasks takes no argument, not {parameter.strip()!r}")
        entries = [self._entry(task) for task in sorted(self._all(), key=self._order)]
        for line in _table([[name.replace("_", " ") for name in Entry._fields], *entries]):
            print(line)

    def stacks(self):
        """What runs and where it awaits, as text: for who asks from outside, on any thread."""
        texts = []
        for task in sorted(self._all(), key=self._order):
            entry = self._entry(task)
            by = f" of {entry.started_by}" if entry.started_by else ""
            frames = [f'  File "{name}", line {line}, in {function}\n' for name, line, function in _stack(task)]
            texts.append(f"Task {entry.id}, a {entry.kind}{by}: {entry.what}\n{''.join(frames)}\n")
        return "".join(texts)

    def cancel(self, parameter):
        """Cancel tasks by the numbers that ``%tasks`` shows. A cell ends as if it was interrupted."""
        wanted = parameter.replace(",", " ").split()
        if not wanted:
            raise ValueError("%cancel takes the numbers that %tasks shows")
        tasks = {str(self._number(task)): task for task in self._all()}
        unknown = [number for number in wanted if number not in tasks]
        if unknown:
            raise ValueError(f"there is no task {', '.join(unknown)}: %tasks shows those that there are")
        for task in map(tasks.get, wanted):
            run = self._run_of(task)
            if run is None:
                task.cancel()
            else:
                run.cell.interrupt()

    def cancel_children(self, run):
        """Cancel the tasks that the cell of `run` has started."""
        for task in self._all():
            if task.task is not run.task and task.context.get(parent) is run.cell:
                task.cancel()

    def _all(self):
        for task in _asyncio.all_tasks(self._shell.loop):
            yield Background(task, task.get_name(), task.get_coro(), task.get_context(), task.cancel)
        yield from runners.background()

    def _order(self, task):
        """Cells in the order in which they began, then the tasks of each."""
        origin = task.context.get(parent)
        number = origin.number if isinstance(origin, _everloop.Cell) else None
        return self._run_of(task) is None, number or 0, self._numbers.get(task.task, 0)

    def _number(self, task):
        number = self._numbers.get(task.task)
        if number is None:
            number = self._numbers[task.task] = next(self._count)
        return number

    def _run_of(self, task):
        return next((run for run in self._shell.runs.values() if run.task is task.task), None)

    def _entry(self, task):
        run = self._run_of(task)
        if run is not None:
            where = "on a thread" if run.thread is not None else ""
            return Entry(self._number(task), "cell", _cell_name(run.cell), _first_line(run.code), where)
        origin = task.context.get(parent)
        kind = "comm" if isinstance(origin, _everloop.Origin) else "task"
        what = f"{getattr(task.coroutine, '__qualname__', task.coroutine)}() {task.name}"
        return Entry(self._number(task), kind, _cell_name(origin), what, _place(task.coroutine))


def _on_or_off(command, parameter):
    """True, False, or None for no parameter."""
    states = {"": None, "on": True, "true": True, "off": False, "false": False}
    try:
        return states[parameter.strip().lower()]
    except KeyError:
        raise ValueError(f"%{command} takes `on` or `off`, not {parameter.strip()!r}") from None


def _cell_name(origin):
    number = origin.number if isinstance(origin, _everloop.Cell) else None
    return "" if number is None else f"In [{number}]"


def _first_line(code):
    line = next((line for line in code.splitlines() if line.strip()), "")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _place(coroutine):
    """Where the coroutine awaits, in the words of a traceback."""
    frame = getattr(coroutine, "cr_frame", None)
    if frame is None:
        return ""
    filename = frame.f_code.co_filename
    return f"{tracebacks.cell_name(filename) or filename}, line {frame.f_lineno}"


def _stack(task):
    """``(file, line, function)`` of each frame in which the task awaits, the innermost first."""
    stack, awaits = [], task.coroutine
    while awaits is not None and len(stack) < _DEEPEST:
        frame = _first_of(awaits, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            stack.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
        awaits = _first_of(awaits, "cr_await", "gi_yieldfrom", "ag_await")
    return reversed(stack)


def _first_of(value, *names):
    return next((getattr(value, name) for name in names if hasattr(value, name)), None)


def _table(rows):
    texts = [tuple(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()

"""All floods and all faults, on each kernel that is named, and their tables in ``tests/reliability.md``.

``python -m reliability.stress everloop python3`` in ``tests/python``; ``make stress``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator

from client import Kernel

from reliability import floods
from reliability.document import origin, write_section
from reliability.faults.files import CannotMount
from reliability.faults.outcome import Outcome
from reliability.faults.strangers import CannotLose
from reliability.faults.table import FAULTS


def do(fault: Callable[[str], Outcome], kernel: str) -> Outcome:
    try:
        return fault(kernel)
    except CannotMount:
        return Outcome(happened="not measured: no file system can be mounted here")
    except CannotLose as reason:
        return Outcome(happened=f"not measured: {reason}")
    except Exception as error:
        # Nobody is there to begin again.
        return Outcome(happened=failed(error))


def failed(error: Exception) -> str:
    # What was sent and what arrived until then follows in further lines.
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return "failed: a cell did not end well" if first.startswith("--") else f"failed: {first}"


def row(title: str, kernel: str, outcome: Outcome) -> str:
    again = "" if outcome.again is None else f"{outcome.again:.2f} s"
    memory = f"{outcome.memory:.0f} MB" if outcome.memory else ""
    lost = outcome.lost if outcome.sent else ""
    return f"| {title} | {kernel} | {outcome.sent or ''} | {lost} | {memory} | {again} | {outcome.happened} |"


def fault_rows(kernels: list[str], only: str) -> Iterator[str]:
    yield "| fault | kernel | sent | lost | memory | answers, or is gone, after | what happened |"
    yield "|---|---|---|---|---|---|---|"
    for title, fault in FAULTS.items():
        if only in title:
            for number, kernel in enumerate(kernels):
                yield row("" if number else title, kernel, do(fault, kernel))


def flood_rows(kernels: list[str], scale: float) -> Iterator[str]:
    yield from floods.HEADER.splitlines()
    with tempfile.TemporaryDirectory() as directory:
        for flood in floods.FLOODS:
            for name in kernels:
                kernel = Kernel(name, env={"IPYTHONDIR": directory, "XDG_DATA_HOME": directory})
                try:
                    yield floods.run(kernel.ready(), flood.scaled(scale)).row(name)
                except Exception as error:
                    yield f"| {name} | {flood.name} | {failed(error)} | | | | | | |"
                finally:
                    kernel.close()


def printed(rows: Iterator[str]) -> str:
    lines = []
    for line in rows:
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernels", nargs="+", help="names of kernelspecs")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each flood, 0 for none")
    parser.add_argument("--only", default="", help="a part of the titles of the faults that are done")
    parser.add_argument("--record", action="store_true", help="write the tables into tests/reliability.md")
    arguments = parser.parse_args()
    tables = {"Faults": lambda: fault_rows(arguments.kernels, arguments.only)}
    if arguments.scale:
        tables["Floods"] = lambda: flood_rows(arguments.kernels, arguments.scale)
    for title, rows in tables.items():
        table = printed(rows())
        if arguments.record:
            write_section(title, f"{table}\n\n{origin()}")


if __name__ == "__main__":
    main()

"""Holds EverLoop against ``test.test_asyncio`` of CPython.

    python tests/python/asyncio/run.py [MODULE ...] [--tests DIRECTORY] [--stock] [--jobs N] [--write]

Each module runs under ``everloop python`` (``EVERLOOP_BIN``) in a process of its own, with EverLoop wherever the tests
name a selector loop. Fails when a test fails that is not in the list of ``known.py``, or passes although it is. One
that is not in the list is tried with asyncio's own loop too: what fails there as well is not EverLoop's. ``--write``
writes the table into README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import judge
import known
import table
from find_tests import NOT_FOUND, find_tests


def main() -> int:
    arguments = parse()
    tests = find_tests(arguments.tests)
    if tests is None:
        print(NOT_FOUND, file=sys.stderr)
        return 2
    modules = arguments.modules or judge.modules_of(tests)
    started = time.monotonic()
    results = judge.run(tests, modules, "stock" if arguments.stock else "everloop", arguments.jobs)
    print(table.text(results))
    print(f"{time.monotonic() - started:.0f} s, tests of {tests}")
    if arguments.write:
        table.write(results, tests)
    complaints = verdict(tests, results, arguments.jobs) if not arguments.stock else unexpected(results)
    print(*complaints, sep="\n")
    return 1 if complaints else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as test_events; all when none is named")
    parser.add_argument("--tests", metavar="DIRECTORY", help="where the package `test` is")
    parser.add_argument("--stock", action="store_true", help="with asyncio's own loop, for comparison")
    parser.add_argument("--jobs", type=int, default=2, help="how many modules run at a time")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    return parser.parse_args()


def verdict(tests: Path, results: list[judge.Module], jobs: int) -> list[str]:
    """What is wrong, a paragraph each; nothing when all is as known."""
    complaints = [f"passes, take it off the list: {pattern}" for pattern in sorted(outlived(results))]
    new = {module.name for module in results if any(known.reason_of(test) is None for test in module.having("failed"))}
    if not new:
        return complaints
    also_stock = {test for module in judge.run(tests, sorted(new), "stock", jobs) for test in module.having("failed")}
    for test in sorted(also_stock):
        if known.reason_of(test) is None:
            print(f"fails with asyncio's own loop too: {test}")
    return complaints + unexpected(results, also_stock)


def unexpected(results: list[judge.Module], aside: frozenset[str] | set[str] = frozenset()) -> list[str]:
    return [
        f"fails: {name}\n{test.reason}"
        for module in results
        for name, test in module.having("failed").items()
        if known.reason_of(name) is None and name not in aside
    ]


def outlived(results: list[judge.Module]) -> set[str]:
    return known.outlived(test for module in results for test in module.having("passed"))


if __name__ == "__main__":
    sys.exit(main())

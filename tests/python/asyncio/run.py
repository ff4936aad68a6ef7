"""Holds EverLoop against ``test.test_asyncio`` of CPython.

    python tests/python/asyncio/run.py [MODULE ...] [--tests DIRECTORY] [--stock] [--jobs N] [--write]

Each module runs under ``everloop python`` (``EVERLOOP_BIN``) in a process of its own, with EverLoop wherever the tests
name a selector loop. Fails when a test fails that is not in the list of ``known.py``, or passes although it is. One
that is not in the list is tried again, and with asyncio's own loop: what fails there as well is not EverLoop's. ``--write``
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

#: More tests than this that nobody knows of fail with asyncio's own loop only when they are not about this Python.
MISFIT = 100


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
    complaints = list(unexpected(results)) if arguments.stock else verdict(tests, results, arguments.jobs)
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
    new = unexpected(results)
    if not new:
        return complaints
    modules = sorted({module.name for module in results if any(test in new for test in module.tests)})
    again = unexpected(judge.run(tests, modules, jobs=jobs))
    stock = unexpected(judge.run(tests, modules, "stock", jobs)) if again else {}
    if len(stock) > MISFIT:
        complaints.append(f"{len(stock)} tests fail with asyncio's own loop: they are of another Python than this")
    for test in new:
        if test not in again:
            print(f"fails once, and not when tried again: {test}\n{new[test]}")
        elif test in stock:
            print(f"fails with asyncio's own loop too: {test}")
        else:
            complaints.append(f"fails: {test}\n{new[test]}")
    return complaints


def unexpected(results: list[judge.Module]) -> dict[str, str]:
    """The tests that fail and are not in the list, with what they say."""
    failed = {name: test.reason for module in results for name, test in module.having("failed").items()}
    return {name: reason for name, reason in failed.items() if known.reason_of(name) is None}


def outlived(results: list[judge.Module]) -> set[str]:
    return known.outlived(test for module in results for test in module.having("passed"))


if __name__ == "__main__":
    sys.exit(main())

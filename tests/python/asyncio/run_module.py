"""Runs the tests of one module under ``everloop python`` and writes down what becomes of each.

    everloop python run_module.py LOOP MODULE RESULTS LIMIT

LOOP is "everloop", which puts EverLoop wherever the tests name a selector loop, or "stock", which leaves asyncio as it
is, for comparison. RESULTS gets one JSON object a line: when a test begins, and what became of it. Tests that RESULTS
says something of already are left out, so that a module can go on after a test that took the process with it.
"""

import faulthandler
import json
import sys
import time
import unittest
import warnings

PACKAGE = "test.test_asyncio."


class Recorder(unittest.TestResult):
    """Writes each outcome at once: the process may not live to see the next."""

    def __init__(self, file, limit):
        super().__init__()
        self._file = file
        self._limit = limit
        self._outcome = None
        self._started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        self._outcome = {"outcome": "passed"}
        self._write(test, {"outcome": "started"})
        faulthandler.dump_traceback_later(self._limit, exit=True)

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        outcome, self._outcome = self._outcome, None
        self._write(test, {**outcome, "seconds": round(time.monotonic() - self._started, 3)})

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, {"outcome": "skipped", "reason": reason})

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, {"outcome": "failed", "reason": self.failures[-1][1]})

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, {"outcome": "failed", "reason": self.errors[-1][1]})

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            reason = f"{subtest}: {self._exc_info_to_string(err, test)}"
            self._note(test, {"outcome": "failed", "reason": reason})

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, {"outcome": "failed", "reason": "unexpected success"})

    def _note(self, test, outcome):
        if self._outcome is None:
            # Not of a test but of its module or class.
            self._write(test, outcome)
        elif self._outcome["outcome"] != "failed":
            self._outcome = outcome

    def _write(self, test, record):
        print(json.dumps({"test": name_of(test), **record}), file=self._file, flush=True)


def name_of(test):
    """``module.Class.test``; what unittest makes up for a module or a class is named after that."""
    name = test.id()
    if "(" in name:
        what, _, place = name.rstrip(")").partition(" (")
        name = f"{place}.{what}"
    return name.replace("unittest.loader.ModuleSkipped.", PACKAGE).removeprefix(PACKAGE)


def leave_asyncio_alone():
    from everloop.compat import imports

    imports._wrappers.pop("asyncio", None)


def put_everloop_in_place():
    """``everloop python`` has made it the default already; the tests also name asyncio's loop by its class."""
    import asyncio
    from asyncio import unix_events

    from everloop.loop import EverLoop

    asyncio.SelectorEventLoop = unix_events.SelectorEventLoop = unix_events._UnixSelectorEventLoop = EverLoop


def without_those_that_ran(suite, names):
    tests = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            tests.addTest(without_those_that_ran(test, names))
        elif name_of(test) not in names:
            tests.addTest(test)
    return tests


def main():
    loop, module, results, limit = sys.argv[1:]
    {"everloop": put_everloop_in_place, "stock": leave_asyncio_alone}[loop]()
    warnings.simplefilter("default")
    with open(results) as file:
        ran = {json.loads(line)["test"] for line in file}
    suite = unittest.defaultTestLoader.loadTestsFromName(PACKAGE + module)
    with open(results, "a") as file:
        without_those_that_ran(suite, ran).run(Recorder(file, float(limit)))


if __name__ == "__main__":
    main()

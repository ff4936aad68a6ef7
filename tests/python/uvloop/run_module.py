"""Runs one module of uvloop's tests on EverLoop: `everloop python run_module.py MODULE RESULTS`.

The names of the tests to leave out are read from stdin, with wildcards. Each result is written to the file as soon as it is known, a
line of JSON. A test that does not end within its limit ends the process; its result is "hung".
"""

import json
import os
import sys
import threading
import unittest
from fnmatch import fnmatch

LIMIT = 60  # seconds for one test


class Results(unittest.TestResult):
    def __init__(self, file):
        super().__init__()
        self._file = file
        self._lock = threading.Lock()
        self._timer = None

    def _write(self, test, outcome, detail=""):
        with self._lock:
            print(json.dumps([test.id(), outcome, detail]), file=self._file, flush=True)

    def _hung(self, test):
        self._write(test, "hung")
        os._exit(3)

    def startTest(self, test):
        super().startTest(test)
        self._outcome = ("passed", "")
        self._timer = threading.Timer(LIMIT, self._hung, [test])
        self._timer.daemon = True
        self._timer.start()

    def stopTest(self, test):
        self._timer.cancel()
        self._write(test, *self._outcome)

    def addSkip(self, test, reason):
        self._outcome = ("skipped", reason)

    def addFailure(self, test, err):
        self._outcome = ("failed", self._exc_info_to_string(err, test))

    addError = addFailure

    def addExpectedFailure(self, test, err):
        self._outcome = ("passed", "")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(subtest, err)


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def judge_as_asyncio():
    """Where the tests make a difference between uvloop and asyncio, EverLoop is asyncio."""
    import uvloop
    from uvloop import _testbase

    _testbase.UVTestCase.implementation = "asyncio"
    _testbase.BaseTestCase.is_asyncio_loop = lambda self: True
    _testbase.AIOTestCase.new_loop = lambda self: uvloop.new_event_loop()
    _testbase.AIOTestCase.new_policy = lambda self: uvloop.EventLoopPolicy()


def main(module, results):
    left_out = sys.stdin.read().split()
    judge_as_asyncio()
    suite = unittest.defaultTestLoader.loadTestsFromName(f"tests.{module}")
    wanted = unittest.TestSuite(
        test for test in tests_of(suite) if not any(fnmatch(test.id(), name) for name in left_out)
    )
    with open(results, "a") as file:
        wanted.run(Results(file))


if __name__ == "__main__":
    main(*sys.argv[1:])

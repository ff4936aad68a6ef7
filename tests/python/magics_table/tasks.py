"""Rows: cells and tasks that run beside each other."""

import re

from magics_table.row import Row, Try

_NOT_THERE = "ipykernel does not have it"

TASKS = [
    Row(
        "%concurrent %%concurrent",
        "cells begin while others await",
        Try("%concurrent", stdout="Cells run one after the other."),
        Try("%concurrent on"),
        Try("%concurrent", stdout="Cells run beside each other."),
        Try("%concurrent off"),
        Try("%%concurrent\n6 * 7", result="42"),
        Try("%concurrent maybe", usage="%concurrent takes `on` or `off`, not 'maybe'"),
        only_here=_NOT_THERE,
    ),
    Row(
        "%%thread",
        "a synchronous cell on a thread of its own",
        Try("%%thread\nimport threading\nthreading.current_thread() is threading.main_thread()", result="False"),
        only_here=_NOT_THERE,
    ),
    Row(
        "%%jit",
        "functions of numbers as machine code",
        Try("%%jit\ndef double(x):\n    return 2 * x\n\ndouble(21), double.signatures()", result="(42, ['(int)'])"),
        only_here=_NOT_THERE,
    ),
    Row(
        "%tasks %cancel",
        "what runs on the loop, with the cell that started it, and how to end it",
        Try("import asyncio\nlong = asyncio.create_task(asyncio.sleep(1000), name='long')"),
        Try("%tasks", stdout=re.compile(r"^\d+ +task +In \[\d+\] +sleep\(\) long", re.MULTILINE)),
        Try("%cancel 0", usage="there is no task 0"),
        Try("long.cancel()", result="True"),
        only_here=_NOT_THERE,
    ),
    Row(
        "%autocancel",
        "whether an interrupted cell takes its tasks with it",
        Try("%autocancel", stdout="Tasks go on when the cell that started them is interrupted."),
        Try("%autocancel on"),
        Try("%autocancel", stdout="Tasks end when the cell that started them is interrupted."),
        Try("%autocancel off"),
        only_here=_NOT_THERE,
    ),
]

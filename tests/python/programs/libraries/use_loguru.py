"""loguru: messages to a sink with a format, bound values, an exception with its variables, a file that rotates."""

import pathlib
import sys
import tempfile

from loguru import logger

lines = []
logger.remove()
logger.add(lines.append, format="{level} {extra[user]} {message}", backtrace=False, diagnose=True)
bound = logger.bind(user="ada")
bound.info("hello {}", "there")
bound.debug("and {name!r}", name="you")
assert lines == ["INFO ada hello there\n", "DEBUG ada and 'you'\n"], lines


@bound.catch(message="failed")
def divide(dividend, divisor):
    return dividend / divisor


divide(1, 0)
assert lines[2].startswith("ERROR ada failed\nTraceback")
assert lines[2].rstrip().endswith("ZeroDivisionError: division by zero")
assert "└ 0" in lines[2], lines[2]
with tempfile.TemporaryDirectory() as folder:
    number = logger.add(pathlib.Path(folder, "log.txt"), rotation="100 B", serialize=True, enqueue=False)
    for _ in range(3):
        bound.info("x" * 100)
    logger.remove(number)
    assert len(list(pathlib.Path(folder).glob("log*.txt"))) > 1
logger.remove()
logger.add(sys.stderr)
print("done")

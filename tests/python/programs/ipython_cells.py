"""Runs cells in IPython's own shell and prints, as JSON, what came of each: run by the Python of the tests.

Its arguments are the cells.
"""

import json
import sys

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

shell = InteractiveShell.instance()
seen = []
for cell in sys.argv[1:]:
    with capture_output() as captured:
        result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    name, text = (type(error).__name__, getattr(error, "msg", str(error))) if error is not None else (None, "")
    seen.append([captured.stdout if error is None else "", name, text])
print(json.dumps(seen))

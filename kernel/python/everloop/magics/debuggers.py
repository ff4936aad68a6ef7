"""The debugger, for who may be the first to import it.

IPython's module comes first, and brings ours (`compat/debuggers.py`). Two threads that took them in different orders
would wait for each other, and one of them get a module that is not ready.
"""

import IPython.core.debugger  # noqa: F401

from everloop.magics.debugger import Debugger, awaiting_code, traced  # noqa: F401

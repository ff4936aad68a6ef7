"""What ``executing`` and ``stack_data`` remember of each traceback: not for ever.

They keep the syntax tree of every source that was in a traceback, and what was found in it. Each cell that fails is such
a source, so that a kernel in which an error comes again and again would grow by some ten kilobytes each time.
"""

import functools

from everloop.compat.imports import after_import

#: How many are kept, which is more than a long traceback has frames.
KEPT = 200


def install():
    """Mend the modules when they have been imported."""
    after_import("executing.executing", _bound_findings)
    after_import("stack_data.core", _bound_sources)


class Bounded(dict):
    """Forgets what it has known for longest."""

    def __init__(self, size):
        super().__init__()
        self._size = size

    def __setitem__(self, key, value):
        while len(self) >= self._size and key not in self:
            # Another thread may have been quicker.
            self.pop(next(iter(self)), None)
        super().__setitem__(key, value)


def _bound(source):
    # The names are those of `Source._class_local`, which looks for what a class itself has.
    setattr(source, "__source_cache_with_lines", Bounded(KEPT))
    setattr(source, "__executing_cache", Bounded(KEPT))


def _bound_findings(module):
    _bound(module.Source)
    for owner, name in ((module.Source, "statements_at_line"), (module, "statement_containing_node")):
        setattr(owner, name, functools.lru_cache(maxsize=KEPT)(getattr(owner, name).__wrapped__))


def _bound_sources(module):
    _bound(module.Source)

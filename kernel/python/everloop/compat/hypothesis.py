"""hypothesis asks ``sys.monitoring`` for lines, to explain what a failure depends on.

In RustPython a loop with a comparison in it may then take the wrong operands, and any code fails. So hypothesis does not
ask here, and explains less.
"""

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module that traces."""
    after_import("hypothesis.internal.scrutineer", _trace_nothing)


def _trace_nothing(module):
    init = module.Tracer.__init__

    def __init__(self, *, should_trace):
        init(self, should_trace=False)

    module.Tracer.__init__ = __init__

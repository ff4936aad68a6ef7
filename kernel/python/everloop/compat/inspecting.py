"""``inspect.getmodule`` of the code of cells, which is of no module.

To find that out it looks at every module there is, whenever it is asked; IPython asks twice for each frame of a traceback,
for which that was half of its time.
"""

import functools
import types

from everloop.compat.imports import after_import
from everloop.tracebacks import cell_name


def install():
    """Mend the module when it has been imported."""
    after_import("inspect", _know_cells)


def _know_cells(module):
    find = module.getmodule

    @functools.wraps(find)
    def getmodule(object, _filename=None):
        code = object.f_code if type(object) is types.FrameType else object
        if type(code) is types.CodeType and cell_name(code.co_filename) is not None:
            return None
        return find(object, _filename)

    module.getmodule = getmodule

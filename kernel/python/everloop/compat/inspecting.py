"""``inspect.getmodule`` of code that is of no module with a file: that of cells, and that of the modules in the binary.

To find that out it looks at every module there is, whenever it is asked; IPython asks several times for each frame of a
traceback, for which that was half of its time.
"""

import functools
import sys
import types

from everloop.compat.imports import after_import
from everloop.tracebacks import cell_name


def install():
    """Mend the module when it has been imported."""
    after_import("inspect", _know_cells)


def _know_cells(module):
    find = module.getmodule
    # How many modules there were when none of them was found to have the file.
    unknown = {}

    @functools.wraps(find)
    def getmodule(object, _filename=None):
        code = object.f_code if type(object) is types.FrameType else object
        if type(code) is not types.CodeType:
            return find(object, _filename)
        asked = code.co_filename, _filename
        if cell_name(code.co_filename) is not None or unknown.get(asked) == len(sys.modules):
            return None
        found = find(object, _filename)
        if found is None:
            unknown[asked] = len(sys.modules)
        return found

    module.getmodule = getmodule

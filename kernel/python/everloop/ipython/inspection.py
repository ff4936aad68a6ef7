"""What IPython says about an object, with the cell that made it in the place of a file that is none."""

import os

from IPython.core import oinspect

from everloop import tracebacks


class Inspector(oinspect.Inspector):
    """IPython's inspector."""

    def info(self, obj, *args, **kwargs):
        """As IPython."""
        info = super().info(obj, *args, **kwargs)
        file = info["file"]
        info["file"] = (file and tracebacks.cell_name(os.path.basename(file))) or file
        return info

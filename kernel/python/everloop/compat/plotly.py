"""``plotly`` that only the kernel has, as after ``%pip install plotly``: the front end lacks what draws its figures there.

They come with the JavaScript that draws them then, once for a kernel. https://plotly.com/python/renderers/
"""

import os

from everloop import environment
from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module."""
    after_import("plotly.io._renderers", _send_the_library_along)


def _send_the_library_along(module):
    is_ours = module.__file__.startswith(tuple(environment.own_site_packages()))
    if is_ours and "PLOTLY_RENDERER" not in os.environ and module.renderers.default == "plotly_mimetype":
        module.renderers.default = "plotly_mimetype+notebook"

"""The namespaces of ``IPython.display.SVG``: RustPython's expat does not report the attributes that declare them.

Without ``xmlns`` no browser draws an image. https://www.w3.org/TR/SVG2/struct.html#Namespace
"""

import re

from everloop.compat.imports import after_import

_ROOT = re.compile(r"<svg\b[^>]*>")
_DECLARATION = re.compile(r"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")


def install():
    """Mend the class when its module has been imported."""
    after_import("IPython.core.display", _mend)


def _mend(module):
    data = module.SVG.data

    def set_data(self, svg):
        data.fset(self, svg)
        if svg is not None and self._data is not None:
            self._data = declared(self._data, svg)

    module.SVG.data = data.setter(set_data)


def declared(image, source):
    """`image`, with the declarations of the root of `source` that it has lost."""
    text = source.decode(errors="replace") if isinstance(source, bytes) else source
    root = _ROOT.search(text)
    lost = _DECLARATION.findall(root[0]) if root else []
    missing = "".join(declaration for declaration in lost if declaration.strip() not in image)
    return image.replace("<svg", f"<svg{missing}", 1)

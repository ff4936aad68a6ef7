"""The cell transformer, as IPython's shell asks for it."""

from IPython.core import inputtransformer2

import _everloop


class TransformerManager(inputtransformer2.TransformerManager):
    """Transforms cells natively, as long as nobody has changed the lists of transformers; then as IPython does."""

    def __init__(self):
        super().__init__()
        self._own = self._lists()

    def transform_cell(self, cell):
        """The cell as Python; one that is indented as no Python can be stays as it is, for the compiler to say where."""
        if not self.is_native():
            return super().transform_cell(cell)
        try:
            return _everloop.transform_cell(cell)
        except IndentationError:
            return cell

    def is_native(self):
        """Whether nobody has changed the lists of transformers."""
        return self._lists() == self._own

    def _lists(self):
        # Copies: they are changed in place.
        return [*self.cleanup_transforms, None, *self.line_transforms, None, *self.token_transformers]

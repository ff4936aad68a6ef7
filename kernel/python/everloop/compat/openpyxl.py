"""The attributes of openpyxl's objects, which convert and check what is assigned to them.

They are descriptors with ``__set__`` and without ``__get__``. After a few assignments at the same place RustPython stores
past such ones; with both methods it does not.
"""

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module with the class of all of them."""
    after_import("openpyxl.descriptors.base", _complete)


def _complete(module):
    def __get__(self, instance, owner=None):
        # What Python does without the method.
        return self if instance is None else vars(instance).get(self.name, self)

    module.Descriptor.__get__ = __get__

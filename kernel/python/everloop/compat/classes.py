"""The order in which the bases of a class are searched, where RustPython has another than Python.

That is so for a class of whose bases one is a base of an earlier one, as in ``class C(A, X, B)`` where ``A`` is a ``B``.
"""

import builtins

import _everloop


def install():
    """Put the order right when such a class is made by a ``class`` statement."""
    _everloop.set_up_build_class(builtins.__build_class__)
    builtins.__build_class__ = _everloop.build_class

"""IPython's compiler, for cells of this kernel."""

import codeop
import linecache

from IPython.core import compilerop

import _everloop
from everloop import tracebacks
from everloop.compat.executing import Bounded


class CachingCompiler(compilerop.CachingCompiler):
    """Remembers cells for our own tracebacks too, which background tasks and groups of exceptions are shown with."""

    def __init__(self):
        super().__init__()
        # A cell is whole, so that what is missing in it is an error with a place.
        self.flags &= ~codeop.PyCF_ALLOW_INCOMPLETE_INPUT
        # Of as many cells as tracebacks know.
        self._names = Bounded(tracebacks.MAX_CELLS)
        self._filename_map = Bounded(tracebacks.MAX_CELLS)

    def get_code_name(self, raw_code, transformed_code, number):
        """As IPython; a cell that is run again has the name that it had, so that its lines are not kept once more."""
        if transformed_code not in self._names:
            self._names[transformed_code] = super().get_code_name(raw_code, transformed_code, number)
        return self._names[transformed_code]

    def cache(self, transformed_code, number=0, raw_code=None):
        """As IPython: the file name of the cell, under which its lines are found."""
        filename = self.get_code_name(transformed_code if raw_code is None else raw_code, transformed_code, number)
        self._filename_map[filename] = number
        lines = [line + "\n" for line in transformed_code.splitlines()]
        # Without a modification time linecache.checkcache() leaves the entry alone.
        linecache.cache[filename] = (len(transformed_code), None, lines, filename)
        tracebacks.remember_cell(filename, number, lines)
        return filename

    def ast_parse(self, source, filename="<unknown>", symbol="exec"):
        """As IPython; the words of an error are those of the bare shell, which say more about brackets."""
        try:
            return super().ast_parse(source, filename, symbol)
        except SyntaxError as error:
            failure = error
        # Not in the handler, so that the one is not the context of the other.
        if symbol == "exec":
            _everloop.Statements(source, filename, True)
        raise failure

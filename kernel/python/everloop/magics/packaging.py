"""``%pip``, which fails the cell when pip fails."""

from IPython.core.magic import line_magic, magics_class
from IPython.core.magics.packaging import PackagingMagics

from everloop import packages
from everloop.magics.rest import Rest, awaiting


@magics_class
class AwaitingPackagingMagics(PackagingMagics):
    """Magics that install packages."""

    @line_magic
    @awaiting
    def pip(self, line):
        """Run pip for the packages of this kernel: `%pip install NAME`.

        They are installed for RustPython, into a directory of the kernel's own, and can be imported at once. The cell
        fails when pip does.
        """
        return Rest(packages.pip(line), needs_asyncio=True)

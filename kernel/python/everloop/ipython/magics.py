"""The magics that ipykernel adds to IPython's: they need a front end."""

import os

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magics import CodeMagics
from IPython.core.magics.code import InteractivelyDefined, MacroToEdit


@magics_class
class KernelMagics(Magics):
    """Magics of a kernel."""

    @line_magic
    def edit(self, parameter_s="", last_call=None):
        """Open a file, or the place where an object is defined, in the front end's editor.

        The arguments are those of IPython's own `%edit`.
        """
        options, arguments = self.parse_options(parameter_s, "prn:")
        try:
            filename, line_number, _ = self._edit_target(arguments, options, last_call or ["", ""])
        except MacroToEdit:
            print("Macros cannot be edited: their text is no file of the front end's.")
            return
        if filename is None:
            # What to edit was not found, which has been said.
            return
        self.shell.payload_manager.write_payload(
            {"source": "edit_magic", "filename": os.path.abspath(filename), "line_number": line_number}
        )

    def _edit_target(self, arguments, options, last_call):
        try:
            return CodeMagics._find_edit_target(self.shell, arguments, options, last_call)
        except InteractivelyDefined as defined:
            # A function of a cell: the cell is what there is to edit.
            return CodeMagics._find_edit_target(self.shell, str(defined.index), options, last_call)

    @line_magic
    def clear(self, line):
        """Clear the output of the cell."""
        self.shell.display_pub.clear_output()

    @line_magic
    def less(self, arg_s):
        """Show a file in the pager. Code is shown with its syntax highlighted."""
        if not arg_s:
            raise UsageError("Missing filename.")
        with open(os.path.expanduser(arg_s), encoding="utf-8") as file:
            text = file.read()
        self.shell.page(self.shell.pycolorize(text) if arg_s.endswith(".py") else text)

    more = line_magic("more")(less)

    @line_magic
    def man(self, arg_s):
        """Show a page of the manual in the pager."""
        text = self.shell.getoutput(f"man {arg_s} | col -b", split=False)
        self.shell.page(text)

    @line_magic
    def connect_info(self, arg_s):
        """Show how another front end can connect to this kernel."""
        import _everloop

        path = _everloop.connection_file()
        if not path:
            raise UsageError("this kernel was started without a connection file")
        with open(path, encoding="utf-8") as file:
            print(file.read().strip(), end="\n\n")
        print(
            "Paste the above JSON into a file, and connect with:\n"
            "    $> jupyter <app> --existing <file>\n"
            "or, if you are local, you can connect with just:\n"
            f"    $> jupyter <app> --existing {path}\n"
            "or even just:\n"
            "    $> jupyter <app> --existing\n"
            "if this is the most recent Jupyter kernel you have started."
        )

    @line_magic
    def qtconsole(self, arg_s):
        """Open a Qt console on this kernel."""
        import shutil
        import subprocess

        import _everloop

        program = shutil.which("jupyter-qtconsole")
        if program is None:
            raise UsageError("no Qt console was found: the program jupyter-qtconsole has to be on the PATH")
        subprocess.Popen([program, "--existing", _everloop.connection_file(), *arg_s.split()])

    @line_magic
    def autosave(self, arg_s):
        """Set the front end's interval of saving, in seconds; 0 turns it off."""
        try:
            interval = int(arg_s)
        except ValueError:
            raise UsageError(f"%autosave requires an integer, got {arg_s!r}") from None
        from IPython.display import Javascript, display

        # `%autosave` is the classic notebook's.
        script = Javascript(f"IPython.notebook.set_autosave_interval({interval * 1000})")
        display(script, include=["application/javascript"])
        print(f"Autosaving every {interval} seconds" if interval else "Autosave disabled")

"""Configuration files, startup files and extensions: what ``IPKernelApp`` of ipykernel reads, read by IPython."""

import logging
import os
import sys

from IPython.core.application import BaseIPythonApplication
from IPython.core.profiledir import ProfileDir
from IPython.core.shellapp import InteractiveShellApp
from traitlets import List

from everloop.ipython.shell import ZMQInteractiveShell


class IPKernelApp(BaseIPythonApplication, InteractiveShellApp):
    """The application that IPython's shell is configured by.

    It has ipykernel's name and file (``ipython_kernel_config.py``), so that configurations mean the same in both.
    """

    name = "ipython-kernel"
    classes = List([ProfileDir, ZMQInteractiveShell])

    def initialize(self, namespace, configured=True):
        """Read the configuration if there is to be one, and make the shell, on the user's `namespace`.

        No command line is read: this process's belongs to the kernel.
        """
        # For libraries that ask `"IPKernelApp" in get_ipython().config`.
        self.config.IPKernelApp.connection_file = _connection_file()
        self.init_profile_dir()
        self.init_config_files()
        if configured:
            self.load_config_file()
        self.shell = ZMQInteractiveShell.instance(
            parent=self, profile_dir=self.profile_dir, user_module=namespace.module, user_ns=namespace.user_ns
        )
        self.shell.configurables.append(self)

    @property
    def kernel(self):
        """``get_ipython().kernel``."""
        return self.shell.kernel

    def run_startup(self):
        """Load the extensions and run the startup files that the configuration names."""
        hidden = self.shell.user_ns_hidden
        of_user = self.shell.user_ns.keys() - hidden.keys()
        self.init_gui_pylab()
        self.init_extensions()
        self.init_code()
        # IPython believes that what is there by now is not the user's, but cells have run before.
        for name in of_user:
            hidden.pop(name, None)

    def init_code(self):
        """Run the startup files; then IPython notes which modules there are, while another thread may import one."""
        try:
            super().init_code()
        except RuntimeError:
            # A copy is made in one step. What the startup files raise has been shown, and does not come here.
            self.shell._sys_modules_keys = {*sys.modules.copy()}

    def init_config_files(self):
        """Look for configuration in the environment that everloop was installed for, too."""
        super().init_config_files()
        environment = os.environ.get("EVERLOOP_ENVIRONMENT")
        if environment:
            self.config_file_paths.append(os.path.join(environment, "etc", "ipython"))

    def _log_default(self):
        # The application's own logger would write to the stderr of the process, which nobody reads.
        log = logging.getLogger("everloop.ipython")
        log.setLevel(self.log_level)
        log.propagate = False
        if not log.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("[%(name)s] %(levelname)s | %(message)s"))
            log.addHandler(handler)
        return log


def _connection_file():
    """The path that follows ``-f`` on the kernel's command line."""
    import _everloop

    return _everloop.connection_file()

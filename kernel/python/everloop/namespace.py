"""The namespace that cells run in: ``__main__``, with IPython's ``In``, ``Out``, ``_i...``, ``exit`` and ``open``."""

import builtins
import sys


class Namespace:
    """The user's namespace and its history of inputs.

    `module` is ``__main__``, `user_ns` its dict, `inputs` the list ``In`` and `out` the dict ``Out``. `ask_exit` is
    called with ``keep_kernel`` (a bool) when the user calls ``exit`` or ``quit``.
    """

    def __init__(self, ask_exit, module=None):
        self.module = module or _main_module()
        self.user_ns = self.module.__dict__
        self.inputs = [""]
        self.out = {}
        self._recent = ["", "", ""]
        self._last = ""
        self._exit = ExitAutocall("exit", ask_exit)
        self._quit = ExitAutocall("quit", ask_exit)
        self.reset()

    def reset(self):
        """Put the shell's own names (back) into the namespace."""
        self.user_ns.update(
            {
                "In": self.inputs,
                "Out": self.out,
                "_ih": self.inputs,
                "_oh": self.out,
                "_dh": [_working_directory()],
                "_i": "",
                "_ii": "",
                "_iii": "",
                "exit": self._exit,
                "quit": self._quit,
                "open": _open,
            }
        )
        #: Names that are the shell's and not the user's, for listings such as completion and `%who`.
        self.hidden = frozenset(self.user_ns)

    def record_input(self, line, code):
        """Make `code` cell number `line` of ``In`` and of ``_iN``, and shift ``_i``, ``_ii`` and ``_iii``."""
        if code.strip() in _EXIT_COMMANDS:
            return
        # Numbers that were not recorded (an `exit`, say) keep their places, so that In[n] is cell n.
        self.inputs.extend([""] * (line + 1 - len(self.inputs)))
        self.inputs[line] = code
        self._recent = [self._last, *self._recent[:2]]
        self._last = code
        self.user_ns.update(zip(("_i", "_ii", "_iii"), self._recent, strict=True))
        self.user_ns[f"_i{line}"] = code

    def recent_inputs(self):
        """The last input and those that ``_i``, ``_ii`` and ``_iii`` hold."""
        return [self._last, *self._recent]

    def exit_command(self, code):
        """The ``exit`` object when `code` is nothing but the name of one, else None: such a cell calls it."""
        name = code.partition("#")[0].strip()
        if name not in ("exit", "quit"):
            return None
        value = self.user_ns.get(name)
        return value if isinstance(value, ExitAutocall) else None


class ExitAutocall:
    """``exit`` and ``quit``: called, or as a cell of their own, they end the kernel."""

    def __init__(self, name, ask_exit):
        self._name = name
        self._ask_exit = ask_exit

    def __repr__(self):
        return f"Use {self._name}() to end the kernel, {self._name}(keep_kernel=True) to end the front end only"

    def __call__(self, keep_kernel=False):
        self._ask_exit(bool(keep_kernel))


# IPython does not record these; a new session would begin with the end of the last one.
_EXIT_COMMANDS = frozenset({"exit", "quit", "exit()", "quit()", "%exit", "%quit"})


def _main_module():
    module = type(sys)("__main__", "Automatically created module for the interactive environment")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    return module


def _working_directory():
    import os

    try:
        return os.getcwd()
    except OSError:
        return os.sep


def _open(file, *args, **kwargs):
    """The builtin ``open``, except that the kernel's own descriptors 0, 1 and 2 stay closed to it."""
    if file in (0, 1, 2):
        raise ValueError(
            f"the kernel uses file descriptor {file} itself, and closing it would cut its output off. "
            "If you know what you are doing, you can use builtins' open."
        )
    return builtins.open(file, *args, **kwargs)


_open.__name__ = _open.__qualname__ = "open"

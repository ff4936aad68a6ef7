"""The value of a cell as an ``execute_result``."""

import builtins

from IPython.core import history
from IPython.core.displayhook import DisplayHook

import _everloop
from everloop.displayhook import UNDERSCORES
from everloop.formatters import encoded
from everloop.ipython.messages import Publisher

# What a result goes through in IPython.
_STEPS = (
    "check_for_underscore",
    "quiet",
    "start_displayhook",
    "write_output_prompt",
    "compute_format_data",
    "update_user_ns",
    "fill_exec_result",
    "write_format_data",
    "log_output",
    "finish_displayhook",
)

# IPython 8 does not have it.
_Output = getattr(history, "HistoryOutput", None)


class ZMQShellDisplayHook(DisplayHook):
    """IPython's displayhook, which publishes instead of printing."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._publisher = Publisher()
        self.register_hook = self._publisher.register
        self.unregister_hook = self._publisher.unregister

    # -- of the cell that the calling code belongs to

    @property
    def prompt_count(self):
        """The number of the cell."""
        number = self.shell.current_run.number
        return super().prompt_count if number is None else number

    @property
    def exec_result(self):
        """Where the value of the cell goes."""
        return self.shell.current_run.exec_result

    @exec_result.setter
    def exec_result(self, result):
        self.shell.current_run.exec_result = result

    @property
    def _is_active(self):
        return self.shell.current_run.is_displaying

    @_is_active.setter
    def _is_active(self, is_active):
        self.shell.current_run.is_displaying = is_active

    def adopt(self, results):
        """Go on with the three last `results` of the bare shell."""
        self._, self.__, self.___ = results
        self.shell.user_ns.update({"_": self._, "__": self.__, "___": self.___})

    def quiet(self):
        """Whether a `;` at the end of the cell keeps its value from being shown."""
        return _is_silenced(self.shell, self.prompt_count)

    def __call__(self, result=None):
        """As IPython's, which asks for the cell and its number at every step."""
        # Traits are slow to read, here and below.
        shell = self._trait_values["shell"]
        run = shell.current_run
        if run.number is None or type(self) is not ZMQShellDisplayHook or not self.__dict__.keys().isdisjoint(_STEPS):
            super().__call__(result)
            return
        if "_" in builtins.__dict__:
            self.check_for_underscore()
        if result is None or _is_silenced(shell, run.number):
            return
        run.is_displaying = True
        data, metadata = shell._trait_values["display_formatter"].format(result)
        self._remember(result, shell, run.number)
        if run.exec_result is not None:
            run.exec_result.result = result
        if data:
            self._publish(data, metadata, run.number)
            self._log(data, shell, run)
        run.is_displaying = False

    def update_user_ns(self, result):
        """As IPython's."""
        self._remember(result, self.shell, self.prompt_count)

    def _remember(self, result, shell, number):
        """``Out``, ``_5`` and, unless the user has taken them, the underscores."""
        names, hidden = shell.user_ns, shell.user_ns_hidden
        if not self.cache_size or result is names["_oh"]:
            return
        if len(names["_oh"]) >= self.cache_size and self.do_full_cache:
            self.cull_cache()
        ours = "_" not in builtins.__dict__
        for name in UNDERSCORES:
            if name in names and names[name] is not (hidden[name] if name in hidden else getattr(self, name)):
                ours = False
        self.___, self.__, self._ = self.__, self._, result
        new = {"_": self._, "__": self.__, "___": self.___} if ours else {}
        if self.do_full_cache:
            new[f"_{number}"] = names["_oh"][number] = result
        shell.push(new, interactive=False)

    def log_output(self, format_dict):
        """As IPython's."""
        self._log(format_dict, self.shell, self.shell.current_run)

    def _log(self, data, shell, run):
        """Remember what is shown, unless the cell is not to be remembered."""
        if run.cell is not None and not run.cell.store_history:
            return
        if _Output is None:
            super().log_output(data)
            return
        number, manager = self.prompt_count if run.number is None else run.number, _history_manager(shell)
        manager.outputs[number].append(_Output(output_type="execute_result", bundle=data))
        text = data.get("text/plain")
        if text is not None:
            if shell.logger.log_output:
                shell.logger.log_write(text, "output")
            reprs = manager._trait_values.get("output_hist_reprs")
            (manager.output_hist_reprs if reprs is None else reprs)[number] = text

    def flush(self):
        """Forget all results; also those that IPython's own leaves among the hidden names."""
        super().flush()
        for name in ("_", "__", "___"):
            self.shell.user_ns_hidden.pop(name, None)

    def write_output_prompt(self):
        """The message says the number."""

    def write_format_data(self, format_dict, md_dict=None):
        """Publish."""
        self._publish(format_dict, md_dict, self.prompt_count)

    def _publish(self, data, metadata, number):
        content = {
            "execution_count": number,
            "data": {kind: value if type(value) is str else encoded(value) for kind, value in data.items()},
            "metadata": metadata or {},
        }
        self._publisher.publish("execute_result", content)

    def finish_displayhook(self):
        """Nothing is printed after a result."""
        self._is_active = False


def _history_manager(shell):
    return shell._trait_values["history_manager"]


def _is_silenced(shell, number):
    inputs = _history_manager(shell)._trait_values["input_hist_parsed"]
    return _everloop.is_silenced(inputs[number] if number < len(inputs) else inputs[-1])

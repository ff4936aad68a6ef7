"""The value of a cell as an ``execute_result``."""

import builtins

from IPython.core import history
from IPython.core.displayhook import DisplayHook

import _everloop
from everloop.displayhook import UNDERSCORES
from everloop.formatters import encoded
from everloop.ipython.messages import Publisher

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
        inputs, number = self.shell.history_manager.input_hist_parsed, self.prompt_count
        return _everloop.is_silenced(inputs[number] if number < len(inputs) else inputs[-1])

    def update_user_ns(self, result):
        """As IPython's: ``Out``, ``_5`` and, unless the user has taken them, the underscores."""
        names, hidden = self.shell.user_ns, self.shell.user_ns_hidden
        if not self.cache_size or result is names["_oh"]:
            return
        if len(names["_oh"]) >= self.cache_size and self.do_full_cache:
            self.cull_cache()
        ours = "_" not in builtins.__dict__ and all(
            hidden[name] is names[name] if name in hidden else getattr(self, name) is names[name]
            for name in UNDERSCORES
            if name in names
        )
        self.___, self.__, self._ = self.__, self._, result
        new = {"_": self._, "__": self.__, "___": self.___} if ours else {}
        if self.do_full_cache:
            number = self.prompt_count
            new[f"_{number}"] = names["_oh"][number] = result
        self.shell.push(new, interactive=False)

    def log_output(self, format_dict):
        """Remember what is shown, unless the cell is not to be remembered."""
        run, manager = self.shell.current_run, self.shell.history_manager
        if run.cell is not None and not run.cell.store_history:
            return
        if _Output is None:
            super().log_output(format_dict)
            return
        number = self.prompt_count
        manager.outputs[number].append(_Output(output_type="execute_result", bundle=format_dict))
        text = format_dict.get("text/plain")
        if text is not None:
            if self.shell.logger.log_output:
                self.shell.logger.log_write(text, "output")
            manager.output_hist_reprs[number] = text

    def flush(self):
        """Forget all results; also those that IPython's own leaves among the hidden names."""
        super().flush()
        for name in ("_", "__", "___"):
            self.shell.user_ns_hidden.pop(name, None)

    def write_output_prompt(self):
        """The message says the number."""

    def write_format_data(self, format_dict, md_dict=None):
        """Publish."""
        content = {
            "execution_count": self.prompt_count,
            "data": {mime_type: encoded(value) for mime_type, value in format_dict.items()},
            "metadata": md_dict or {},
        }
        self._publisher.publish("execute_result", content)

    def finish_displayhook(self):
        """Nothing is printed after a result."""
        self._is_active = False

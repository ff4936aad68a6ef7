"""The value of a cell as an ``execute_result``."""

from IPython.core.displayhook import DisplayHook

import _everloop
from everloop.formatters import encoded
from everloop.ipython.messages import Publisher


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

    def log_output(self, format_dict):
        """Remember what is shown, unless the cell is not to be remembered."""
        cell = self.shell.current_run.cell
        if cell is None or cell.store_history:
            super().log_output(format_dict)

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

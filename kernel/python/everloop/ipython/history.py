"""IPython's history on the file that the kernel writes."""

import threading

from IPython.core import history

import _everloop
from everloop.ipython.traits import put

_IN_MEMORY = ":memory:"


class HistoryManager(history.HistoryManager):
    """Remembers inputs through the kernel, which is the one that writes the file; reads it as IPython does.

    Its session is the kernel's, so that what ran before IPython was loaded belongs to it.
    """

    def __init__(self, shell, config=None, **traits):
        # HistoryManager's own would start a session and a thread of its own.
        super(history.HistoryManager, self).__init__(shell=shell, config=config, hist_file=_file(), **traits)
        self.db_input_cache_lock = threading.Lock()
        self.db_output_cache_lock = threading.Lock()
        self.using_thread = False
        if not isinstance(history.HistoryManager.save_flag, property):
            # IPython 8 sets it for the thread that writes, which there is none of.
            self.save_flag = threading.Event()
        self.new_session()

    def adopt(self, bare):
        """Go on with the inputs and outputs of a :class:`everloop.bare.BareShell`."""
        namespace = bare.namespace
        self.input_hist_parsed = namespace.inputs
        self.input_hist_raw = list(namespace.inputs)
        self.output_hist = namespace.out
        for number, text in bare.result_texts.items():
            self.output_hist_reprs[number] = text
            # IPython 8 does not have it.
            if hasattr(history, "HistoryOutput"):
                result = history.HistoryOutput(output_type="execute_result", bundle={"text/plain": text})
                self.outputs[number].append(result)
        self._i00, self._i, self._ii, self._iii = namespace.recent_inputs()

    def new_session(self, conn=None):
        """The session is the kernel's; with a counter set back it begins a new one by itself."""
        self.session_number, _ = _everloop.history_session()

    def end_session(self):
        """The kernel ends its session."""

    def store_inputs(self, line_num, source, source_raw=None):
        """As IPython, and remembered by the kernel."""
        source_raw = (source if source_raw is None else source_raw).rstrip("\n")
        source = source.rstrip("\n")
        code = source_raw.strip()
        if code.startswith(("exit", "quit")) and self._exit_re.match(code):
            return
        traits = self._trait_values
        traits["input_hist_parsed"].append(source)
        traits["input_hist_raw"].append(source_raw)
        before = {"_i": traits["_i00"], "_ii": traits["_i"], "_iii": traits["_ii"]}
        put(self, _i00=source_raw, **before)
        traits["shell"].push({**before, f"_i{line_num}": source_raw}, interactive=False)
        _everloop.record_input(line_num, source_raw, source)

    def store_result(self, line_num, error):
        """Remember what a cell ended with: its result, if it showed one, and its `error` or None."""
        self.store_output(line_num)
        if error is not None:
            self.exceptions[line_num] = self.shell._format_exception_for_storage(error)

    def store_output(self, line_num):
        """Remember the text of a result: it costs the kernel little, so it need not be configured."""
        reprs = self._trait_values.get("output_hist_reprs")
        text = None if reprs is None else reprs.get(line_num)
        if text is not None:
            _everloop.record_output(line_num, text)

    def writeout_cache(self, conn=None):
        """Let the file have all that was recorded."""
        self.session_number, _ = _everloop.history_session()


def _file():
    _, file = _everloop.history_session()
    return file or _IN_MEMORY

"""Completion and inspection of what only IPython knows: magics, their arguments, and completers that the user added."""

import re

from IPython.core.completer import provisionalcompleter, rectify_completions

# A line that is IPython's own: a magic, a command of the system shell, also on the right of an assignment.
_LINE = re.compile(r"\s*(?:[\w., ]+=\s*)?[%!]")
# A character by its name.
_SYMBOL = re.compile(r"\\[^\W\d][\w -]*\Z")
_CELL_MAGIC = re.compile(r"%%(\w+)")
# Below any other cell magic there is text of another language.
_PYTHON_BELOW = frozenset({"time", "timeit", "prun", "capture", "debug", "code_wrap"})
_FIRST_WORD = re.compile(r"\s*([^\W\d]\w*)\Z")
_WORD = re.compile(r"%{0,2}[^\W\d]\w*")


class Lookups:
    """Asks the shell `ip`; see :mod:`everloop.lookups`, which asks here first. Runs on the lookup thread."""

    def __init__(self, ip):
        self._ip = ip
        self._hooks = self._count_hooks()

    def complete(self, code, cursor_pos):
        """The content of `complete_reply`, or None for code that is plain Python."""
        line = code[:cursor_pos].rpartition("\n")[2]
        if not (_LINE.match(line) or _SYMBOL.search(line) or _is_foreign(code) or self._has_own_completers()):
            return None
        with provisionalcompleter():
            found = list(rectify_completions(code, self._ip.Completer.completions(code, cursor_pos)))
        types = [
            {name: getattr(match, name) for name in ("start", "end", "text", "type", "signature")} for match in found
        ]
        return {
            "status": "ok",
            "matches": [match.text for match in found],
            "cursor_start": found[0].start if found else cursor_pos,
            "cursor_end": found[0].end if found else cursor_pos,
            "metadata": {"_jupyter_types_experimental": types} if types else {},
        }

    def add_magics(self, reply, code, cursor_pos):
        """Add the magics to the names that the only word of a cell could become: `%` may be left out there."""
        word = _FIRST_WORD.match(code[:cursor_pos])
        if word is None or not self._ip.magics_manager.auto_magic:
            return
        known = set(reply["matches"])
        magics = [
            mark + name
            for mark, kind in (("%", "line"), ("%%", "cell"))
            for name in sorted(self._magics(kind))
            if name.startswith(word[1]) and name not in known
        ]
        if not magics:
            return
        start = word.start(1)
        reply.update(cursor_start=start, cursor_end=cursor_pos)
        reply["matches"].extend(magics)
        types = reply["metadata"].setdefault("_jupyter_types_experimental", [])
        types.extend(
            {"start": start, "end": cursor_pos, "text": magic, "type": "magic", "signature": ""} for magic in magics
        )

    def inspect(self, code, cursor_pos, detail_level):
        """The content of `inspect_reply` for the magic at the cursor; None when there is none."""
        for word in _WORD.finditer(code):
            if word.start() <= cursor_pos <= word.end():
                break
        else:
            return None
        name = word[0].lstrip("%")
        if name not in self._magics("line") and name not in self._magics("cell"):
            return None
        data = self._ip.object_inspect_mime(word[0], detail_level=detail_level)
        return {"status": "ok", "found": True, "data": data, "metadata": {}}

    def _magics(self, kind):
        return self._ip.magics_manager.magics[kind]

    def _has_own_completers(self):
        return bool(self._ip.Completer.custom_matchers) or self._count_hooks() > self._hooks

    def _count_hooks(self):
        hooks = self._ip.strdispatchers["complete_command"]
        return len(hooks.strs) + len(hooks.regexs)


def _is_foreign(code):
    magic = _CELL_MAGIC.match(code)
    return magic is not None and magic[1] not in _PYTHON_BELOW

"""Completion and inspection of what only IPython knows: magics, their arguments, and completers that the user added.

IPython's own completer evaluates what stands before a dot, so it is asked where there is nothing to evaluate; and for
everything once the user has added completers to it.
"""

import re

from IPython.core import magic as magics
from IPython.core.completer import CompletionContext, provisionalcompleter, rectify_completions

from everloop.lookups import completion, inspection, paths

# Stands for a magic until it is used, in IPython 9.
_LazyMagic = getattr(magics, "LazyMagic", None)
# A line that is IPython's own: a magic, a command of the system shell, also on the right of an assignment.
_LINE = re.compile(r"\s*(?:[\w., ]+=\s*)?(%%?|!!?)(\w*)")
# A magic of which nothing but the beginning is there.
_MAGIC = re.compile(r"\s*(?:[\w., ]+=\s*)?(%{1,2}\w*)\Z")
# A character by its name.
_SYMBOL = re.compile(r"\\[^\W\d][\w -]*\Z")
_CELL_MAGIC = re.compile(r"%%(\w+)")
# Below any other cell magic there is text of another language.
_PYTHON_BELOW = frozenset({"time", "timeit", "prun", "capture", "debug", "code_wrap", "concurrent", "jit", "thread"})
_PYTHON_BEHIND = frozenset({"time", "timeit", "prun", "debug", "pdb", "pinfo", "pinfo2", "pdoc", "psource", "pdef"})
_MOST = 1000
_FIRST_WORD = re.compile(r"\s*([^\W\d]\w*)\Z")
_WORD = re.compile(r"%{0,2}[^\W\d]\w*")
# The last argument of a command; a space in it has a backslash or is inside of quotes.
_ARGUMENT = re.compile(r"""(?:(?<=\s)|(?<=[!=]))(?:(?P<quote>["'])(?P<quoted>[^"']*)|(?P<bare>(?:\\.|[^\s\\"'])*))\Z""")
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r"""([\s\\"'])""")


class Lookups:
    """Asks the shell `ip`; see :mod:`everloop.lookups.answers`, which asks here first. Runs on the lookup threads."""

    def __init__(self, ip):
        self._ip = ip
        self._hooks = self._count_hooks()

    def complete(self, code, cursor_pos, scope):
        """The content of `complete_reply`, or None for code that is plain Python; see `completion.Scope`."""
        line = code[:cursor_pos].rpartition("\n")[2]
        if scope.full and self._has_own_completers():
            return self._complete_by_ipython(code, cursor_pos)
        symbol = _SYMBOL.search(line)
        if scope.full and symbol is not None:
            return self._ask(self._ip.Completer._backslash_combining_matchers, symbol[0], code, cursor_pos, "symbol")
        magic = _MAGIC.match(line)
        if magic is not None:
            return _reply(cursor_pos - len(magic[1]), cursor_pos, self._magics_like(magic[1]), "magic")
        if _is_foreign(code) and "\n" in code[:cursor_pos]:
            return _argument(line, cursor_pos, scope)
        own = _LINE.match(line)
        return None if own is None else self._behind(own, line, code, cursor_pos, scope)

    def _behind(self, own, line, code, cursor_pos, scope):
        """What could stand behind a magic or in a command of the system shell."""
        if own[2] in ("config", "colors"):
            word = line.rpartition(" ")[2]
            return self._ask(self._ip.Completer.magic_arg_matchers, word, code, cursor_pos, "param")
        if own[1] in ("%", "%%") and own[2] in _PYTHON_BEHIND:
            return None
        files = _argument(line, cursor_pos, scope)
        python = completion.complete(code, cursor_pos, scope)
        if "/" in line.rpartition(" ")[2] or not python["matches"]:
            return files
        if files["cursor_start"] == python["cursor_start"]:
            _add(python, files)
        return python

    def _ask(self, matchers, word, code, cursor_pos, type):
        """What those of IPython's matchers know of the last word that evaluate nothing."""
        line = code[:cursor_pos].rpartition("\n")[2]
        context = CompletionContext(
            full_text=code,
            cursor_position=len(line),
            cursor_line=code.count("\n", 0, cursor_pos),
            token=word,
            limit=_MOST,
        )
        for matcher in matchers:
            result = matcher(context)
            found = list(result["completions"])
            if found:
                fragment = result.get("matched_fragment", word)
                texts = [match.text for match in found]
                return _reply(cursor_pos - len(fragment), cursor_pos, texts, found[0].type or type)
        return _reply(cursor_pos, cursor_pos, [], type)

    def _complete_by_ipython(self, code, cursor_pos):
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
        magics = [magic for magic in self._magics_like(word[1]) if magic.lstrip("%") not in known]
        if magics:
            _add(reply, _reply(word.start(1), cursor_pos, magics, "magic"))

    def inspect(self, code, cursor_pos, detail_level, scope):
        """The content of `inspect_reply` for the magic at the cursor; None when there is none."""
        for word in _WORD.finditer(code):
            if word.start() <= cursor_pos <= word.end():
                break
        else:
            return None
        name = word[0].lstrip("%")
        kinds = ("cell", "line") if word[0].startswith("%%") else ("line", "cell")
        for kind in kinds:
            if name in self._magics(kind):
                function = self._function_of(kind, name, scope)
                return None if function is None else inspection.magic(function, detail_level, scope)
        return None

    def _function_of(self, kind, name, scope):
        """The function of a magic. If it is not imported yet, it is imported, unless it is one of the user's."""
        function = self._magics(kind)[name]
        if type(function) is not _LazyMagic:
            return function
        is_known = scope.full and function.spec.startswith(("IPython.", "everloop."))
        return self._ip.magics_manager.find(kind, name) if is_known else None

    def _magics_like(self, beginning):
        """The magics that `beginning` could become, line magics first; with `%%` only cell magics."""
        kinds = (("%%", "cell"),) if beginning.startswith("%%") else (("%", "line"), ("%%", "cell"))
        word = beginning.lstrip("%")
        return [mark + name for mark, kind in kinds for name in sorted(self._magics(kind)) if name.startswith(word)]

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


def _argument(line, cursor_pos, scope):
    """The files that the last argument of a command could name."""
    argument = _ARGUMENT.search(line)
    if argument is None or not scope.full:
        return _reply(cursor_pos, cursor_pos, [], "path")
    written = argument["quoted"] if argument["quote"] else argument["bare"]
    text = written if argument["quote"] else _ESCAPED.sub(r"\1", written)
    beginning, names = paths.complete(text)
    directory = text[: len(text) - len(beginning)]
    found = [directory + name for name in names]
    if not argument["quote"]:
        found = [_SPECIAL.sub(r"\\\1", name) for name in found]
    return _reply(cursor_pos - len(written), cursor_pos, found, "path")


def _reply(start, end, matches, type):
    """The content of a `complete_reply` of one type."""
    types = [{"start": start, "end": end, "text": text, "type": type, "signature": ""} for text in matches]
    return {
        "status": "ok",
        "matches": matches,
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types} if types else {},
    }


def _add(reply, others):
    """Add the matches of `others`, which replace the same range; or any, where `reply` has none."""
    if not reply["matches"]:
        reply.update(cursor_start=others["cursor_start"], cursor_end=others["cursor_end"])
    reply["matches"] += others["matches"]
    types = reply["metadata"].setdefault("_jupyter_types_experimental", [])
    types += others["metadata"].get("_jupyter_types_experimental", [])

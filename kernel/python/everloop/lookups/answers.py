"""Answers to lookups on the live namespace: what the lookup threads call.

Everything that answers is imported by this module, and nothing later: an import may wait for one that a cell is in the
middle of, and asks finders that the user added.
"""

from everloop import comms, lookups

from . import completion, inspection
from .completion import Scope
from .imports import with_imports


def complete(code, cursor_pos, namespace, full=True):
    """The content of `complete_reply`; `cursor_pos` is in code points, None for the end of the code.

    What is not `full` comes from memory, and nothing that it needs can take its time.
    """
    cursor = _cursor(code, cursor_pos)
    scope = Scope(with_imports(code, namespace), full)
    language = lookups.language
    reply = language.complete(code, cursor, scope) if language else None
    if reply:
        return reply
    reply = completion.complete(code, cursor, scope)
    if language:
        language.add_magics(reply, code, cursor)
    return reply


def inspect(code, cursor_pos, detail_level, namespace, full=True):
    """The content of `inspect_reply`; `detail_level` 1 adds the source."""
    cursor = _cursor(code, cursor_pos)
    scope = Scope(with_imports(code, namespace), full)
    reply = inspection.inspect(code, cursor, detail_level, scope)
    if not reply["found"] and lookups.language:
        return lookups.language.inspect(code, cursor, detail_level, scope) or reply
    return reply


def comm_info(target_name):
    """The content of `comm_info_reply`: the open comms, all or those of one target."""
    return comms.info(target_name)


def _cursor(code, cursor_pos):
    return len(code) if cursor_pos is None else max(0, min(cursor_pos, len(code)))

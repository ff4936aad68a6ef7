"""Commands of the kernel itself, which a cell can be without IPython: ``%autoawait``, ``%tasks`` and the like."""

import re

_COMMAND = re.compile(r"\s*%([a-z]+)(?:[ \t]+([^\n]*))?\s*\Z")


def command(code):
    """The name and the parameter of the command that `code` is, if it is nothing but a line of that form; else None."""
    match = _COMMAND.match(code)
    return match and (match[1], match[2] or "")

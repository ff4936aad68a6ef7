"""Commands of the kernel itself, which a cell can be without IPython: ``%autoawait``, ``%tasks`` and the like."""

_COMMAND = r"\s*%([a-z]+)(?:[ \t]+([^\n]*))?\s*\Z"


def command(code):
    """The name and the parameter of the command that `code` is, if it is nothing but a line of that form; else None."""
    if not code.lstrip().startswith("%"):
        return None
    import re

    match = re.match(_COMMAND, code)
    return match and (match[1], match[2] or "")

"""Files and directories, for strings that look like a path."""

import os

_MOST = 2000


def looks_like_path(text):
    return text.startswith(("~", ".")) or "/" in text or os.sep in text


def complete(text):
    """The last part of `text` that a match replaces, and the names that could stand there; directories end in `/`."""
    if text in (".", "..", "~"):
        return text, [f"{text}/"]
    separator = "/" if os.sep == "/" or "/" in text else os.sep
    directory, _, beginning = text.rpartition(separator)
    if separator in text:
        directory += separator
    return beginning, sorted(_names(os.path.expanduser(directory) or os.curdir, beginning, separator))


def _names(directory, beginning, separator):
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name
                if not name.startswith(beginning) or (name.startswith(".") and not beginning.startswith(".")):
                    continue
                found.append(name + separator if _is_directory(entry) else name)
                if len(found) == _MOST:
                    break
    except (OSError, ValueError):
        pass
    return found


def _is_directory(entry):
    try:
        return entry.is_dir()
    except OSError:
        return False

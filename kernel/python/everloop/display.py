"""``display()`` and its relatives: what user code shows besides the result of its last expression.

The functions are those of ``IPython.display``; the messages are ``display_data``, ``update_display_data`` and
``clear_output`` of the messaging specification:
https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data
"""

import _everloop


def display(
    *objs,
    include=None,
    exclude=None,
    metadata=None,
    transient=None,
    display_id=None,
    raw=False,
    clear=False,
    update=False,
    **kwargs,
):
    """Show `objs`, each as a ``display_data`` message.

    `include` and `exclude` are MIME types; `raw` says that the objects are MIME bundles already; `metadata` is merged
    into that of the objects and wins; `clear` clears the output first. With a `display_id` (True makes one up) it
    returns a :class:`DisplayHandle` through which what is shown can be changed; without objects that makes room for them.
    """
    transient = dict(transient or {})
    if display_id:
        display_id = _new_id() if display_id is True else display_id
        transient["display_id"] = display_id
    if update and "display_id" not in transient:
        raise TypeError("display_id required for update_display")
    if not objs and display_id:
        objs, raw = ({},), True
    if clear:
        clear_output(wait=True)
    for obj in objs:
        data, own_metadata = (obj, {}) if raw else _format(obj, include, exclude)
        if raw or data:
            publish_display_data(
                data, _merge(own_metadata, metadata or {}), transient=transient, update=update, **kwargs
            )
    return DisplayHandle(display_id) if display_id else None


def update_display(obj, *, display_id, **kwargs):
    """Show `obj` wherever something with `display_id` is shown."""
    display(obj, display_id=display_id, update=True, **kwargs)


def clear_output(wait=False):
    """Clear the output of the cell; with `wait` not before there is something new to show."""
    _everloop.flush_streams()
    _everloop.publish("clear_output", {"wait": bool(wait)})


def publish_display_data(data, metadata=None, *, transient=None, update=False, buffers=None, **kwargs):
    """Publish a MIME bundle as it is. Other keyword arguments are accepted for the callers of older IPythons."""
    if not isinstance(data, dict):
        raise TypeError(f"data must be a dict, got: {data!r}")
    if metadata is not None and not isinstance(metadata, dict):
        raise TypeError(f"metadata must be a dict, got: {metadata!r}")
    content = {"data": _json_ready(data), "metadata": metadata or {}, "transient": transient or {}}
    _everloop.publish("update_display_data" if update else "display_data", content, None, buffers)


class DisplayHandle:
    """What is shown under one ``display_id``."""

    def __init__(self, display_id=None):
        self.display_id = _new_id() if display_id is None else display_id

    def __repr__(self):
        return f"<{type(self).__name__} display_id={self.display_id}>"

    def display(self, obj, **kwargs):
        """Show `obj` once more, and instead of what is shown under this id."""
        display(obj, display_id=self.display_id, **kwargs)

    def update(self, obj, **kwargs):
        """Show `obj` instead of what is shown under this id."""
        update_display(obj, display_id=self.display_id, **kwargs)


def install(builtins):
    """Make ``display`` a builtin, so that cells need no import."""
    builtins.display = display


def _format(obj, include, exclude):
    from everloop.formatters import format

    return format(obj, include, exclude)


def _json_ready(data):
    from everloop.formatters import encoded

    return {mime_type: encoded(value) for mime_type, value in data.items()}


def _merge(into, extra):
    """`extra` merged into `into`, dict by dict; `extra` wins."""
    merged = dict(into)
    for key, value in extra.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _new_id():
    import os

    return os.urandom(16).hex()

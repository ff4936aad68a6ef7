"""From an object to its MIME bundle, in the order and by the rules of IPython.

``_ipython_display_`` shows the object itself and ends the matter; else ``_repr_mimebundle_`` comes first and each
``_repr_*_`` adds the type that it lacks; ``text/plain`` is there unless somebody excluded it. Source:
https://ipython.readthedocs.io/en/stable/config/integrating.html#rich-display
"""

from everloop.pretty import SCALARS, flat_text, pretty

# (MIME type, method, types of its value), in the order in which IPython asks. `text/plain` is the printer's.
METHODS = (
    ("text/html", "_repr_html_", (str,)),
    ("text/markdown", "_repr_markdown_", (str,)),
    ("image/svg+xml", "_repr_svg_", (str,)),
    ("image/png", "_repr_png_", (bytes, str)),
    ("application/pdf", "_repr_pdf_", (bytes, str)),
    ("image/jpeg", "_repr_jpeg_", (bytes, str)),
    ("text/latex", "_repr_latex_", (str,)),
    ("application/json", "_repr_json_", (dict, list)),
    ("application/javascript", "_repr_javascript_", (str,)),
)

# No attribute can be set on these, so that there is no `_repr_*_` to look for.
_TEXT_ONLY = SCALARS | {list, tuple, dict, set, frozenset, bytearray, range, slice, type({}.keys()), type({}.items())}

_CANARY = "_ipython_canary_method_should_not_exist_"
_METHOD = type(type("", (), {"bound": lambda self: None})().bound)


class FormatterWarning(UserWarning):
    """A ``_repr_*_`` method returned something that its MIME type cannot hold."""


def format(obj, include=None, exclude=None):
    """``(data, metadata)`` of `obj`: two dicts by MIME type.

    Both are empty when the object displayed itself. `include` and `exclude` are collections of MIME types; `exclude`
    wins. Binary data is base64 text, as the messaging specification wants it.
    """
    if type(obj) in _TEXT_ONLY:
        return _text_bundle(obj, include, exclude), {}
    method_of = _methods(obj)
    if _displayed_itself(method_of):
        return {}, {}
    data, metadata = _mimebundle(method_of, obj, include, exclude)
    if "text/plain" not in data:
        # The bundle of the object comes first, then plain text, then the other types.
        data.update(_text_bundle(obj, include, exclude))
    for mime_type, name, kinds in METHODS:
        if mime_type not in data and _wanted(mime_type, include, exclude):
            _add(data, metadata, mime_type, _call(method_of(name), obj, mime_type, kinds))
    return {mime_type: encoded(value) for mime_type, value in data.items()}, metadata


def _wanted(mime_type, include, exclude):
    return not (include and mime_type not in include) and not (exclude and mime_type in exclude)


def _text_bundle(obj, include, exclude):
    if not _wanted("text/plain", include, exclude):
        return {}
    try:
        text = flat_text(obj)
        return {"text/plain": pretty(obj) if text is None else text}
    except NotImplementedError:
        return {}
    except Exception as error:
        _show(error)
        return {}


def _methods(obj):
    """A function from the name of a method to the method as IPython would find it on `obj`, or None."""
    try:
        claims_everything = getattr(obj, _CANARY, None) is not None
    except Exception:
        claims_everything = True
    if claims_everything:
        return lambda name: None
    is_class = isinstance(obj, type)

    def method_of(name):
        try:
            method = getattr(obj, name, None)
        except Exception:
            return None
        if is_class and not isinstance(method, _METHOD):
            # The methods of its instances; only a classmethod speaks for the class itself.
            return None
        return method if callable(method) else None

    return method_of


def _displayed_itself(method_of):
    method = method_of("_ipython_display_")
    if method is None:
        return False
    try:
        method()
    except NotImplementedError:
        return False
    except Exception as error:
        _show(error)
        return False
    return True


def _mimebundle(method_of, obj, include, exclude):
    method = method_of("_repr_mimebundle_")
    if method is None:
        return {}, {}
    bundle = _call(lambda: method(include=include, exclude=exclude), obj, "mimebundle", (dict,))
    if bundle is None:
        return {}, {}
    data, metadata = bundle
    return (
        {key: value for key, value in data.items() if _wanted(key, include, exclude)},
        {key: value for key, value in (metadata or {}).items() if _wanted(key, include, exclude)},
    )


def _call(method, obj, what, kinds):
    """``(value, metadata or None)`` from `method`, or None when there is nothing (valid) to show."""
    if method is None:
        return None
    try:
        result = method()
    except NotImplementedError:
        return None
    except Exception as error:
        _show(error)
        return None
    value, metadata = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if value is None:
        return None
    if not isinstance(value, kinds):
        _warn(f"{what} formatter returned invalid type {type(value)} (expected {kinds}) for object: {_safe_repr(obj)}")
        return None
    return value, metadata


def _add(data, metadata, mime_type, result):
    if result is None:
        return
    data[mime_type] = result[0]
    if result[1] is not None:
        metadata[mime_type] = result[1]


def encoded(value):
    """`value`, or its base64 text when it is binary."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return value
    from binascii import b2a_base64

    return b2a_base64(value, newline=False).decode("ascii")


def _safe_repr(obj):
    try:
        return repr(obj)
    except Exception as error:
        return f"un-repr-able object ({type(error).__name__})"


def _show(error):
    from everloop.tracebacks import show

    show(error)


def _warn(text):
    import warnings

    warnings.warn(text, FormatterWarning, stacklevel=2)

"""Width-aware ``text/plain`` of Python objects, with the output of IPython's ``pretty``.

A printer receives a stream of texts, possible line breaks and groups, and breaks the outermost group first as soon as
a line grows over ``max_width`` (the algorithm of Ruby's ``prettyprint``, after Oppen). A broken group breaks at all of
its places, so that a container is either on one line or has one item on each line.

Objects take part through ``_repr_pretty_(self, p, cycle)``, where ``p`` is a :class:`Printer`:
https://ipython.readthedocs.io/en/stable/api/generated/IPython.lib.pretty.html
"""

from _collections import deque

MAX_WIDTH = 79
MAX_SEQ_LENGTH = 1000

_FUNCTION = type(lambda: None)
_BUILTIN_FUNCTION = type(len)
_METHOD = type(deque().append)
_MAPPING_PROXY = type(type.__dict__)

# The text of these is their repr: no line breaks, nothing inside that could want a say.
SCALARS = frozenset({int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented)})


def pretty(obj, max_width=MAX_WIDTH, max_seq_length=MAX_SEQ_LENGTH):
    """The representation of `obj` in lines of `max_width` columns where its breaks allow that."""
    text = flat_text(obj, max_width, max_seq_length)
    if text is not None:
        return text
    printer = Printer(max_width=max_width, max_seq_length=max_seq_length)
    printer.pretty(obj)
    return printer.getvalue()


def flat_text(obj, max_width=MAX_WIDTH, max_seq_length=MAX_SEQ_LENGTH):
    """The text of a scalar, and of many lists, tuples and dicts of scalars, or None when it takes a printer.

    This is the short way for what most cells end with; the result is the one that the printer would give.
    """
    kind = type(obj)
    if kind in SCALARS:
        return repr(obj)
    if kind not in _CONTAINERS or len(obj) > max_seq_length:
        return None
    inner = _inner_kinds(obj)
    if inner and not (inner <= _CONTAINERS and _may_fit(obj, max_width, depth=4)):
        return None
    text = repr(obj)
    if len(text) <= max_width:
        return text
    return None if inner else _one_on_each_line(obj, text)


_CONTAINERS = frozenset({list, tuple, dict})


def _inner_kinds(obj):
    """The types in a container, but for scalars."""
    kinds = set(map(type, obj))
    if type(obj) is dict:
        kinds.update(map(type, obj.values()))
    return kinds - SCALARS


def _may_fit(obj, max_width, depth):
    """Whether `obj` holds nothing but plain containers and scalars, and not more than could be on one line."""
    if depth == 0 or len(obj) * 3 > max_width + 3:
        return False
    if not _inner_kinds(obj) <= _CONTAINERS:
        return False
    items = [*obj, *obj.values()] if type(obj) is dict else obj
    return all(_may_fit(item, max_width, depth - 1) for item in items if type(item) in _CONTAINERS)


def _one_on_each_line(obj, text):
    if len(obj) == 1:
        return text
    if type(obj) is dict:
        return "{" + ",\n ".join([f"{key!r}: {value!r}" for key, value in obj.items()]) + "}"
    return text[0] + ",\n ".join(map(repr, obj)) + text[-1]


class _Group:
    """Places that break together. `waiting` counts those whose fate is not decided yet."""

    __slots__ = ("broken", "depth", "waiting")

    def __init__(self, depth):
        self.depth = depth
        self.waiting = 0
        self.broken = False


class _Scope:
    """``with p.group(...)`` and ``with p.indent(...)``."""

    __slots__ = ("_enter", "_exit")

    def __init__(self, enter, leave):
        self._enter = enter
        self._exit = leave

    def __enter__(self):
        self._enter()

    def __exit__(self, *exc_info):
        self._exit()


class Printer:
    """What ``_repr_pretty_`` gets as ``p``; the public names are IPython's."""

    verbose = False

    def __init__(self, max_width=MAX_WIDTH, newline="\n", max_seq_length=MAX_SEQ_LENGTH):
        self.max_width = max_width
        self.newline = newline
        self.max_seq_length = max_seq_length
        self.indentation = 0
        self.stack = []
        self._written = []
        self._column = 0
        # Texts (str) and undecided breaks (group, separator, indentation) that may still go onto this line.
        self._pending = deque()
        self._pending_width = 0
        root = _Group(0)
        self._groups = [root]
        # By depth: the groups that are not broken and still can be.
        self._unbroken = [[root]]

    def getvalue(self):
        """Everything printed up to now."""
        self.flush()
        return "".join(self._written)

    # -- what is printed

    def text(self, obj):
        """Literal text, which never breaks."""
        if self._pending:
            self._pending.append(obj)
            self._pending_width += len(obj)
            if self._column + self._pending_width > self.max_width:
                self._fit()
        else:
            self._written.append(obj)
            self._column += len(obj)

    def breakable(self, sep=" "):
        """`sep`, or a new line when the group that is open does not fit on one."""
        group = self._groups[-1]
        if group.broken:
            self.flush()
            self._new_line(self.indentation)
            return
        group.waiting += 1
        self._pending.append((group, sep, self.indentation))
        self._pending_width += len(sep)
        self._fit()

    def break_(self):
        """A new line, whatever fits."""
        group = self._break_outermost()
        if group is not None:
            self._release(group)
        self.flush()
        self._new_line(self.indentation)

    def begin_group(self, indent=0, open=""):
        """Start a group: `open`, then everything up to ``end_group`` indented by `indent`."""
        if open:
            self.text(open)
        group = _Group(self._groups[-1].depth + 1)
        self._groups.append(group)
        while len(self._unbroken) <= group.depth:
            self._unbroken.append([])
        self._unbroken[group.depth].append(group)
        self.indentation += indent

    def end_group(self, dedent=0, close=""):
        """End the group that was begun last."""
        self.indentation -= dedent
        group = self._groups.pop()
        if not group.waiting:
            self._forget(group)
        if close:
            self.text(close)

    def group(self, indent=0, open="", close=""):
        """``begin_group`` and ``end_group`` for a ``with`` statement."""
        return _Scope(lambda: self.begin_group(indent, open), lambda: self.end_group(indent, close))

    def indent(self, indent):
        """More indentation for a ``with`` statement."""

        def shift(by):
            self.indentation += by

        return _Scope(lambda: shift(indent), lambda: shift(-indent))

    def flush(self):
        """Write what is pending; undecided breaks of groups that are not broken become their separators."""
        while self._pending:
            self._write(self._pending.popleft())
        self._pending_width = 0

    # -- objects

    def pretty(self, obj):
        """The representation of `obj`, by its type's printer, its ``_repr_pretty_`` or its ``repr``."""
        if type(obj) in SCALARS:
            self.text(repr(obj))
            return
        # Ids: equality of user objects may be anything.
        cycle = id(obj) in self.stack
        self.stack.append(id(obj))
        self.begin_group()
        try:
            _printer_of(obj)(obj, self, cycle)
        finally:
            self.end_group()
            self.stack.pop()

    def _enumerate(self, seq):
        for index, item in enumerate(seq):
            if self.max_seq_length and index >= self.max_seq_length:
                self.text(",")
                self.breakable()
                self.text("...")
                return
            yield index, item

    def _separate(self, index):
        if index:
            self.text(",")
            self.breakable()

    def _call(self, name, args=(), kwargs=()):
        """``name(arg, ..., key=value, ...)``, one argument a line when it does not fit."""
        # The group around it makes a call as deep as in IPython, where it is an object of its own: depth decides
        # which of two groups on one line breaks first.
        self.begin_group()
        self.begin_group(len(name) + 1, name + "(")
        index = 0
        for arg in args:
            self._separate(index)
            self.pretty(arg)
            index += 1
        for key, value in kwargs:
            self._separate(index)
            self.begin_group(len(key) + 1, key + "=")
            self.pretty(value)
            self.end_group(len(key) + 1)
            index += 1
        self.end_group(len(name) + 1, ")")
        self.end_group()

    # -- layout

    def _fit(self):
        while self._column + self._pending_width > self.max_width:
            group = self._break_outermost()
            if group is None:
                return
            self._release(group)

    def _break_outermost(self):
        """Break the outermost group with an undecided break; groups around it will break at all that is to come."""
        for level in self._unbroken:
            for group in reversed(level):
                if group.waiting:
                    level.remove(group)
                    group.broken = True
                    return group
            for group in level:
                group.broken = True
            level.clear()
        return None

    def _release(self, group):
        """Write up to the last undecided break of `group`, and the text behind it."""
        pending = self._pending
        while group.waiting:
            self._write(pending.popleft())
        while pending and type(pending[0]) is not tuple:
            self._write(pending.popleft())

    def _write(self, entry):
        if type(entry) is not tuple:
            self._written.append(entry)
            self._column += len(entry)
            self._pending_width -= len(entry)
            return
        group, sep, indentation = entry
        self._pending_width -= len(sep)
        group.waiting -= 1
        if group.broken:
            self._new_line(indentation)
            return
        if not group.waiting:
            self._forget(group)
        self._written.append(sep)
        self._column += len(sep)

    def _new_line(self, indentation):
        self._written.append(self.newline + " " * indentation)
        self._column = indentation

    def _forget(self, group):
        level = self._unbroken[group.depth]
        if group in level:
            level.remove(group)


# -- which printer an object gets


def _printer_of(obj):
    for cls in _class_of(obj).__mro__:
        printer = BY_TYPE.get(cls) or BY_NAME.get((_attribute(cls, "__module__"), _attribute(cls, "__name__")))
        if printer is not None:
            return printer
        own = cls.__dict__
        if "_repr_pretty_" in own and callable(cls._repr_pretty_):
            return cls._repr_pretty_
        if cls is not object and "__repr__" in own and callable(_attribute(cls, "__repr__")):
            return _print_repr
    return _print_default


def _class_of(obj):
    cls = _attribute(obj, "__class__")
    return cls if isinstance(cls, type) else type(obj)


def _attribute(obj, name, default=None):
    """``getattr`` for objects whose attributes may raise anything."""
    try:
        return getattr(obj, name, default)
    except Exception:
        return default


def _print_repr(obj, p, cycle):
    p.begin_group()
    for index, line in enumerate(repr(obj).splitlines()):
        if index:
            p.break_()
        p.text(line)
    p.end_group()


def _print_default(obj, p, cycle):
    cls = _class_of(obj)
    if _attribute(cls, "__repr__") is not object.__repr__:
        _print_repr(obj, p, cycle)
        return
    p.begin_group(1, "<")
    p.pretty(cls)
    p.text(f" at 0x{id(obj):x}")
    if cycle:
        p.text(" ...")
    p.end_group(1, ">")


def _sequence_printer(start, end):
    def print_sequence(obj, p, cycle):
        if cycle:
            p.text(start + "..." + end)
            return
        p.begin_group(len(start), start)
        for index, item in p._enumerate(obj):
            p._separate(index)
            p.pretty(item)
        if len(obj) == 1 and isinstance(obj, tuple):
            p.text(",")
        p.end_group(len(start), end)

    return print_sequence


def _set_printer(start, end):
    def print_set(obj, p, cycle):
        if cycle:
            p.text(start + "..." + end)
            return
        if not obj:
            p.text(type(obj).__name__ + "()")
            return
        p.begin_group(len(start), start)
        # Sorting millions of items for the thousand that are shown is not worth the wait.
        items = obj if p.max_seq_length and len(obj) >= p.max_seq_length else _sorted(obj)
        for index, item in p._enumerate(items):
            p._separate(index)
            p.pretty(item)
        p.end_group(len(start), end)

    return print_set


def _sorted(items):
    try:
        return sorted(items)
    except Exception:
        return _sorted_by_text(items)


def _sorted_by_text(items):
    try:
        return sorted(items, key=str)
    except Exception:
        return list(items)


def _dict_printer(start, end):
    def print_dict(obj, p, cycle):
        if cycle:
            p.text("{...}")
            return
        p.begin_group(len(start), start)
        for index, key in p._enumerate(obj.keys()):
            p._separate(index)
            p.pretty(key)
            p.text(": ")
            p.pretty(obj[key])
        p.end_group(len(start), end)

    return print_dict


def _print_super(obj, p, cycle):
    p.begin_group(8, "<super: ")
    p.pretty(obj.__thisclass__)
    p.text(",")
    p.breakable()
    p.pretty(obj.__self__)
    p.end_group(8, ">")


def _print_type(obj, p, cycle):
    # A metaclass with a repr of its own has the last word.
    if next(cls for cls in type(obj).__mro__ if "__repr__" in cls.__dict__) is not type:
        _print_repr(obj, p, cycle)
        return
    module = _attribute(obj, "__module__")
    name = _attribute(obj, "__qualname__")
    if not isinstance(name, str):
        name = obj.__name__
    p.text(name if module in (None, "builtins") else f"{module}.{name}")


def _print_function(obj, p, cycle):
    name = _attribute(obj, "__qualname__", obj.__name__)
    module = _attribute(obj, "__module__")
    if module and module != "builtins":
        name = f"{module}.{name}"
    p.text(f"<function {name}{_signature(obj)}>")


def _signature(function):
    """``str(inspect.signature(function))``, or nothing when it has none.

    Importing ``inspect`` takes longer than the cell that shows a function, so that plain functions do without.
    """
    if type(function) is _FUNCTION and not function.__dict__ and not _has_annotations(function):
        return _plain_signature(function)
    import inspect

    options = {}
    if hasattr(inspect, "get_annotations") and hasattr(function, "__annotate__"):
        import annotationlib

        # PEP 649: names in annotations that are not defined (yet) are shown, not an error.
        options["annotation_format"] = annotationlib.Format.FORWARDREF
    try:
        return str(inspect.signature(function, **options))
    except (TypeError, ValueError):
        return ""


def _has_annotations(function):
    annotate = getattr(function, "__annotate__", function)
    return annotate is not None if annotate is not function else bool(function.__annotations__)


def _plain_signature(function):
    code = function.__code__
    names = code.co_varnames
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    first_default = positional - len(defaults)
    parts = []
    for index, name in enumerate(names[:positional]):
        parts.append(name if index < first_default else f"{name}={defaults[index - first_default]!r}")
        if index + 1 == code.co_posonlyargcount:
            parts.append("/")
    rest = positional + keyword_only
    if code.co_flags & 0x04:  # CO_VARARGS
        parts.append("*" + names[rest])
        rest += 1
    elif keyword_only:
        parts.append("*")
    keyword_defaults = function.__kwdefaults__ or {}
    for name in names[positional : positional + keyword_only]:
        parts.append(f"{name}={keyword_defaults[name]!r}" if name in keyword_defaults else name)
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        parts.append("**" + names[rest])
    return "(" + ", ".join(parts) + ")"


def _print_exception(obj, p, cycle):
    cls = obj.__class__
    name = _attribute(cls, "__qualname__", cls.__name__)
    if cls.__module__ != "builtins":
        name = f"{cls.__module__}.{name}"
    p._call(name, _attribute(obj, "args", ()))


class _Raw:
    """``p.pretty(_Raw(text))`` is ``p.text(text)``: for a literal inside a call."""

    def __init__(self, text):
        self.value = text

    def _repr_pretty_(self, p, cycle):
        p.text(self.value)


def _print_pattern(obj, p, cycle):
    import re

    literal = _Raw("r" + repr(obj.pattern).replace("\\\\", "\\"))
    names = ("IGNORECASE", "LOCALE", "MULTILINE", "DOTALL", "UNICODE", "VERBOSE", "DEBUG")
    flags = "|".join(["re." + name for name in names if obj.flags & getattr(re, name)])
    p._call("re.compile", (literal, _Raw(flags)) if obj.flags else (literal,))


def _print_namespace(obj, p, cycle):
    if cycle:
        p._call("namespace", (_Raw("..."),))
    else:
        p._call("namespace", (), obj.__dict__.items())


def _collection_printer(arguments):
    """A printer of ``Name(...)``, with `arguments(obj)` giving the positional and the keyword arguments."""

    def print_collection(obj, p, cycle):
        name = obj.__class__.__name__
        if cycle:
            p._call(name, (_Raw("..."),))
        else:
            p._call(name, *arguments(obj))

    return print_collection


def _deque_arguments(obj):
    return (list(obj),), () if obj.maxlen is None else (("maxlen", obj.maxlen),)


BY_TYPE = {
    int: _print_repr,
    float: _print_repr,
    str: _print_repr,
    bytes: _print_repr,
    tuple: _sequence_printer("(", ")"),
    list: _sequence_printer("[", "]"),
    dict: _dict_printer("{", "}"),
    set: _set_printer("{", "}"),
    frozenset: _set_printer("frozenset({", "})"),
    super: _print_super,
    type: _print_type,
    _FUNCTION: _print_function,
    _BUILTIN_FUNCTION: _print_function,
    _MAPPING_PROXY: _dict_printer("mappingproxy({", "})"),
    BaseException: _print_exception,
}

# By (module, name), so that nothing has to be imported for a type that may never be shown.
BY_NAME = {
    ("re", "Pattern"): _print_pattern,
    ("types", "SimpleNamespace"): _print_namespace,
    ("os", "_Environ"): _dict_printer("environ{", "}"),
    ("collections", "defaultdict"): _collection_printer(lambda obj: ((obj.default_factory, dict(obj)), ())),
    ("collections", "OrderedDict"): _collection_printer(lambda obj: ((list(obj.items()),) if obj else (), ())),
    ("collections", "Counter"): _collection_printer(lambda obj: ((dict(obj.most_common()),) if obj else (), ())),
    ("collections", "deque"): _collection_printer(_deque_arguments),
    ("collections", "UserList"): _collection_printer(lambda obj: ((obj.data,), ())),
}

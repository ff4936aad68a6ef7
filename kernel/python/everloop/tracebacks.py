"""Exceptions as front ends show them: the look of IPython's Context mode, with the lines of the cells.

`render` gives what an ``error`` message holds. Frames of everloop itself, and those whose function sets
``__tracebackhide__``, are left out. https://ipython.readthedocs.io/en/stable/interactive/reference.html
"""

import linecache
import types

import _everloop
from everloop.streams import say

CONTEXT = 2  # lines before and after the one that failed
WIDTH = 75
MAX_FRAMES = 60
# A deeper stack is shown by its ends, of so many frames each.
MAX_DEPTH, ENDS = 2000, 100
MAX_LINE = 500
# Front ends run many cells in silence; those count too.
MAX_CELLS = 10_000

_RED, _GREEN, _CYAN, _BLUE = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[34m"
_PLAIN = "\x1b[39m"
_MARK, _UNMARK = "\x1b[30;43m", "\x1b[39;49m"

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"
_EXIT_HINT = "To exit: use 'exit', 'quit', or Ctrl-D."

# filename -> (execution count, lines). A copy of what linecache holds: anybody may call linecache.clearcache().
_cells = {}
_registered = 0
_highest = -1


# -- cells


def register_cell(execution_count, code):
    """The file name to compile `code` with, so that tracebacks, ``inspect`` and debuggers find its lines.

    Each call makes a name of its own: a cell run twice is two sources, and functions of the first still show theirs.
    """
    global _registered, _highest
    _registered += 1
    if execution_count > _highest:
        _highest = execution_count
        filename = f"<everloop-cell-{execution_count}>"
    else:
        filename = f"<everloop-cell-{execution_count}-{_registered}>"
    lines = code.splitlines(True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    remember_cell(filename, execution_count, lines)
    _publish_lines(filename, lines)
    return filename


def remember_cell(filename, execution_count, lines):
    """Show `filename` as cell number `execution_count`, with these lines, each with its end."""
    if len(_cells) >= MAX_CELLS and filename not in _cells:
        _forget_oldest()
    _cells[filename] = (execution_count, lines)


def cells():
    """``(file name, execution count)`` of every cell that is registered."""
    return [(filename, number) for filename, (number, _) in _cells.items()]


def _forget_oldest():
    forget_cell(next(iter(_cells)))


def forget_cell(filename):
    """Show `filename` as a cell no more."""
    _cells.pop(filename, None)
    linecache.cache.pop(filename, None)


def cell_name(filename):
    """``Cell In[3]`` for the file name of a cell, else None."""
    cell = _cells.get(filename) if isinstance(filename, str) else None
    return None if cell is None else f"Cell In[{cell[0]}]"


def _publish_lines(filename, lines):
    # Without a modification time linecache.checkcache() leaves the entry alone.
    linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)


def _lines_of(filename, module_globals):
    cell = _cells.get(filename)
    if cell is not None:
        if filename not in linecache.cache:
            _publish_lines(filename, cell[1])
        return cell[1]
    try:
        return linecache.getlines(filename, module_globals)
    except Exception:
        return []


# -- entry points


def render(error, tb=None):
    """``(ename, evalue, traceback)`` of an exception; `traceback` is a list of strings with ANSI colours.

    Never raises: for an exception that cannot be shown this way there is the standard traceback, or its name.
    """
    ename = name_of(type(error))
    evalue = _text(error)
    try:
        return ename, evalue, _custom(error) or _traceback(error, error.__traceback__ if tb is None else tb)
    except BaseException:
        return ename, evalue, _fallback(error, ename, evalue)


def show(error):
    """Write the traceback of `error` to stderr."""
    say("\n".join(render(error)[2]) + "\n")


async def show_in_cell(failed, error, run):
    """The reply ``failed(error, run)`` of a cell, which shows what ended it. An interrupt ends also that.

    The methods of an exception are code of the user, as is what it replaces of the libraries that show it.
    """

    async def show():
        return failed(error, run)

    try:
        return await _everloop.Interruptible(run.cell, show())
    except BaseException as reason:
        ename = name_of(type(error))
        evalue = f"<the exception cannot be shown: {name_of(type(reason))}>"
        return publish({"ename": ename, "evalue": evalue, "traceback": [f"{ename}: {evalue}"]})


def failed(error, _run):
    """Show `error` as the one that ended a cell; returns the reply."""
    ename, evalue, traceback = render(error)
    return publish({"ename": ename, "evalue": evalue, "traceback": traceback})


def publish(content):
    """Publish an ``error`` message; returns the reply of the cell that it ended."""
    _everloop.flush_streams()
    _everloop.publish("error", content)
    return {"status": "error", "user_expressions": {}, **content}


def shortened(tb):
    """`tb`, and of one that is longer than anybody reads only its ends; and how many frames are left out."""
    count, link = 0, tb
    while link is not None:
        count, link = count + 1, link.tb_next
    if count <= MAX_DEPTH:
        return tb, 0
    first, last, link = [], None, tb
    for index in range(count):
        if index < ENDS:
            first.append(link)
        elif index == count - ENDS:
            last = link
        link = link.tb_next
    for link in reversed(first):
        last = types.TracebackType(last, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return last, count - 2 * ENDS


def _fallback(error, ename, evalue):
    try:
        import traceback

        return "".join(traceback.format_exception(error)).splitlines()
    except BaseException:
        return [f"{ename}: {evalue}"]


def _custom(error):
    """What the exception's own ``_render_traceback_`` returns, if that is usable."""
    method = getattr(error, "_render_traceback_", None)
    if not callable(method) or isinstance(error, type):
        return None
    try:
        lines = method()
    except BaseException:
        return None
    if isinstance(lines, str):
        return lines.splitlines()
    return list(map(str, lines)) if isinstance(lines, (list, tuple)) else None


def _traceback(error, tb):
    if isinstance(error, SystemExit):
        return [_last_line(error), _EXIT_HINT]
    chain = _chain(error)
    if any(isinstance(link, BaseExceptionGroup) for link, _ in chain):
        return _standard(error, tb)
    if isinstance(error, SyntaxError) and len(chain) == 1 and not _visible_frames(error, tb)[0]:
        return ["\n".join(_syntax_error(error))]
    parts = [_colour(_RED, "-" * WIDTH)]
    for link, sentence in chain:
        parts.extend(_one(link, tb if link is error else link.__traceback__))
        if sentence:
            parts.append(sentence)
    return parts


def _chain(error):
    """``[(exception, sentence that leads to the next)]``, the oldest first, `error` last and without a sentence."""
    chain = [(error, "")]
    seen = {id(error)}
    while True:
        newest = chain[-1][0]
        if newest.__cause__ is not None:
            older, sentence = newest.__cause__, _CAUSE
        elif newest.__context__ is not None and not newest.__suppress_context__:
            older, sentence = newest.__context__, _CONTEXT
        else:
            break
        if id(older) in seen or len(chain) >= MAX_FRAMES:
            break
        seen.add(id(older))
        chain.append((older, sentence))
    return chain[::-1]


def _one(error, tb):
    """Header, frames and last line of one exception of the chain."""
    ename = name_of(type(error))
    title = "Traceback (most recent call last)"
    parts = [_colour(_RED, ename) + " " * max(1, WIDTH - len(ename) - len(title)) + title]
    tb, left_out = shortened(tb)
    frames, hidden = _visible_frames(error, tb)
    parts.extend(_frames(frames))
    if left_out:
        parts.append(left_out_line(left_out))
    if hidden:
        frames = "frame" if hidden == 1 else "frames"
        parts.append(f"    {_colour(_RED, f'[... skipping hidden {hidden} {frames}]')}\n")
    parts.append("\n".join(_syntax_error(error)) if isinstance(error, SyntaxError) else _last_line(error))
    return parts


# -- the exception itself


def name_of(cls):
    """The name of a class, also where its metaclass has none."""
    try:
        name = cls.__name__
    except BaseException:
        # A metaclass has its own idea.
        name = type.__dict__["__name__"].__get__(cls)
    return name if isinstance(name, str) else "Exception"


def _text(error):
    try:
        # join(): what __str__ returned may be a subclass of str with a mind of its own.
        text = "".join([str(error)])
        # A SyntaxError names its file.
        name = cell_name(error.filename) if isinstance(error, SyntaxError) else None
        return text if name is None else text.replace(error.filename, name)
    except BaseException:
        # Also an interrupt, which is how one gets out of a __str__ that hangs.
        return "<exception str() failed>"


def _last_line(error):
    return "\n".join([f"{_colour(_RED, name_of(type(error)))}: {_text(error)}", *_notes(error)])


def _notes(error):
    notes = getattr(error, "__notes__", None)
    if notes is None:
        return []
    if not isinstance(notes, (list, tuple)):
        return [_safe(repr, notes)]
    return [note if isinstance(note, str) else _safe(str, note) for note in notes]


def _safe(function, value):
    try:
        return function(value)
    except BaseException:
        return f"<note {function.__name__}() failed>"


def _syntax_error(error):
    """Where it is, the line with a caret, and the message, as the compiler reports it."""
    filename = error.filename if isinstance(error.filename, str) else "<unknown>"
    lines = []
    if isinstance(error.lineno, int):
        lines.append("  " + _location(filename, error.lineno))
        lines.extend(_caret(error, filename))
    message = error.msg if isinstance(error.msg, str) else _text(error)
    lines.append(f"{_colour(_RED, name_of(type(error)))}: {message}")
    return lines + _notes(error)


def _caret(error, filename):
    line = error.text
    if not isinstance(line, str):
        source = _lines_of(filename, None)
        line = source[error.lineno - 1] if 0 < error.lineno <= len(source) else ""
    line = line.split("\n")[0].rstrip()
    code = line.lstrip()
    if not code:
        return []
    lines = [_colour(_RED, "    " + code)]
    if isinstance(error.offset, int) and error.offset > 0:
        start = error.offset - 1 - (len(line) - len(code))
        end = start + 1
        if getattr(error, "end_lineno", None) == error.lineno and isinstance(error.end_offset, int):
            end = min(error.end_offset - 1 - (len(line) - len(code)), len(code))
        # Tabs keep their width, so that the caret stays under what it points at.
        indent = "".join("\t" if char == "\t" else " " for char in code[: max(start, 0)])
        lines.append("    " + indent.ljust(max(start, 0)) + "^" * max(1, end - max(start, 0)))
    return lines


# -- frames


def _visible_frames(error, tb):
    """``([(frame, line number, last instruction)], number of frames that user code hides)``."""
    shown, ours, hidden = [], [], 0
    while tb is not None:
        entry = (tb.tb_frame, tb.tb_lineno or 0, tb.tb_lasti)
        if is_ours(tb.tb_frame):
            ours.append(entry)
        elif _asks_to_be_hidden(tb.tb_frame):
            hidden += 1
        else:
            shown.append(entry)
        tb = tb.tb_next
    if not shown and not hidden and not isinstance(error, (KeyboardInterrupt, SyntaxError)):
        # A mistake of the kernel's own: without these frames nobody could find it.
        return ours, 0
    return shown, hidden


def is_ours(frame):
    """Whether `frame` runs code of everloop itself."""
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == "everloop" or name.startswith("everloop."))


def _asks_to_be_hidden(frame):
    try:
        return bool(frame.f_locals.get("__tracebackhide__", False))
    except Exception:
        return False


def _frames(frames):
    """The frames as text; those that repeat, as in endless recursion, are counted instead."""
    parts, skipped = [], {}
    for entry, repeats in zip(frames, _repeating(frames), strict=True):
        if repeats:
            key = (entry[0].f_code.co_name, entry[1])
            skipped[key] = skipped.get(key, 0) + 1
            continue
        if skipped:
            parts.append(_skipped(skipped))
            skipped = {}
        parts.append(_frame(*entry))
    if skipped:
        parts.append(_skipped(skipped))
    return parts


def _repeating(frames):
    """For each frame whether it is left out: of a line that comes often all but the first two and the last one."""
    if len(frames) <= 12:
        return [False] * len(frames)
    keys = [(id(frame.f_code), line) for frame, line, _ in frames]
    total, seen, repeats = {}, {}, []
    for key in keys:
        total[key] = total.get(key, 0) + 1
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        repeats.append(total[key] > 3 and 2 < seen[key] < total[key])
    left = [index for index, skip in enumerate(repeats) if not skip]
    for index in left[MAX_FRAMES // 2 : -MAX_FRAMES // 2]:
        repeats[index] = True
    return repeats


def left_out_line(count):
    """What a traceback says of the frames that :func:`shortened` has left out."""
    return f"    {_colour(_RED, f'[... {count} frames in the middle are left out]')}\n"


def _skipped(counts):
    text = ", ".join(f"{name} at line {line} ({count} times)" for (name, line), count in list(counts.items())[:5])
    if len(counts) > 5:
        text += ", ..."
    return f"    {_colour(_RED, f'[... skipping similar frames: {text}]')}\n"


def _frame(frame, lineno, lasti):
    code = frame.f_code
    frozen = _is_frozen(frame)
    header = _location(f"<frozen {code.co_filename}>" if frozen else code.co_filename, lineno)
    if code.co_name != "<module>":
        name = getattr(code, "co_qualname", code.co_name)
        header += f", in {_colour(_CYAN, name)}{_colour(_BLUE, _parameters(code))}"
    context = [] if frozen else _context(frame, lineno, lasti)
    return "\n".join([header, *context]) + "\n"


def _is_frozen(frame):
    """Whether the code is of a module in the binary: its file name is then the module's, and there are no lines."""
    spec = frame.f_globals.get("__spec__")
    return getattr(spec, "origin", None) == "frozen" and not frame.f_code.co_filename.startswith("<")


def _location(filename, lineno):
    cell = _cells.get(filename)
    if cell is not None:
        return f"{_colour(_CYAN, 'Cell')} {_colour(_GREEN, f'In[{cell[0]}]')}{_colour(_GREEN, f', line {lineno}')}"
    return f"{_colour(_CYAN, 'File ')}{_colour(_GREEN, f'{_short_path(filename)}:{lineno}')}"


def _short_path(filename):
    import os

    home = os.path.expanduser("~")
    if len(home) > 1 and filename.startswith(home + os.sep):
        return "~" + filename[len(home) :]
    return filename


def _parameters(code):
    """The parameters' names as ``(x, *args, y, **options)``."""
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    names = list(code.co_varnames)
    parts, rest = names[:positional], positional + keyword_only
    if code.co_flags & 0x04:  # CO_VARARGS
        parts.append("*" + names[rest])
        rest += 1
    parts.extend(names[positional : positional + keyword_only])
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        parts.append("**" + names[rest])
    return f"({', '.join(parts)})"


# -- source lines


def _context(frame, lineno, lasti):
    """The line that failed with an arrow, and its neighbours in the same function; empty when there is no source."""
    source = _lines_of(frame.f_code.co_filename, frame.f_globals)
    if not 0 < lineno <= len(source):
        return []
    numbers = _neighbours(source, lineno, *_extent(frame.f_code, len(source)))
    texts = {number: source[number - 1].rstrip() for number in numbers}
    indent = _common_indent(texts.values())
    lines = []
    for number in numbers:
        text = texts[number][indent:]
        if number != lineno:
            lines.append(f"{_colour(_GREEN, f'{number:>7}')} {text[:MAX_LINE]}")
            continue
        arrow = "-" * max(0, 5 - len(str(number))) + "> "
        lines.append(
            f"{_colour(_GREEN, arrow)}{_colour(_GREEN, str(number))} "
            + _marked(texts[number], indent, _executing(frame.f_code, lasti, lineno, texts[number]))
        )
    return lines


def _extent(code, last):
    """First and last line of the function that `code` is of; everything for a module."""
    if code.co_name == "<module>":
        return 1, last
    try:
        return code.co_firstlineno, max(line for _, _, line in code.co_lines() if line)
    except (AttributeError, ValueError):
        return code.co_firstlineno, last


def _neighbours(source, lineno, first, last):
    """The numbers of `lineno` and of up to CONTEXT lines that are not blank on either side of it."""
    before, after = [], []
    for number in range(lineno - 1, first - 1, -1):
        if len(before) == CONTEXT:
            break
        if source[number - 1].strip():
            before.append(number)
    for number in range(lineno + 1, min(last, len(source)) + 1):
        if len(after) == CONTEXT:
            break
        if source[number - 1].strip():
            after.append(number)
    return [*reversed(before), lineno, *after]


def _common_indent(texts):
    indents = [len(text) - len(text.lstrip()) for text in texts if text.strip()]
    return min(indents, default=0)


def _executing(code, lasti, lineno, text):
    """``(start, end)`` columns of the expression that was being evaluated on this line, or None."""
    try:
        from itertools import islice

        position = next(islice(code.co_positions(), lasti // 2, None))
        line, end_line, start, end = position
    except Exception:
        return None
    if line != lineno or start is None or end is None:
        return None
    # Columns are in UTF-8 bytes. An expression that goes on below is marked to the end of its first line.
    raw = text.encode("utf-8", "replace")
    start = len(raw[:start].decode("utf-8", "replace"))
    end = len(raw[:end].decode("utf-8", "replace")) if end_line == lineno else len(text)
    return (start, end) if start < end else None


def _marked(text, indent, span):
    code = text[indent:]
    if span is None or len(code) > MAX_LINE:
        return code[:MAX_LINE]
    start, end = max(0, span[0] - indent), max(0, span[1] - indent)
    return f"{code[:start]}{_MARK}{code[start:end]}{_UNMARK}{code[end:]}"


def _colour(colour, text):
    return f"{colour}{text}{_PLAIN}"


# -- exception groups


def _standard(error, tb):
    """The standard library's layout, which can nest, without our frames and with the names of cells."""
    import traceback

    report = traceback.TracebackException(type(error), error, _of_user(tb))
    _drop_files(report, _our_files(error, tb, set()), set())
    text = "".join(report.format())
    for filename in {name for name in _cells if name in text}:
        text = text.replace(f'File "{filename}"', cell_name(filename))
    return text.splitlines()


def _of_user(tb):
    """`tb` from the first frame of a cell on: what ran the cell is ours or IPython's."""
    user = tb
    while user is not None and user.tb_frame.f_code.co_filename not in _cells:
        user = user.tb_next
    return user or tb


def _our_files(error, tb, seen):
    """The file names of the frames that `is_ours` in everything that `error` is made of."""
    if error is None or id(error) in seen:
        return set()
    seen.add(id(error))
    files = set()
    while tb is not None:
        if is_ours(tb.tb_frame):
            files.add(tb.tb_frame.f_code.co_filename)
        tb = tb.tb_next
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for part in (error.__cause__, error.__context__, *parts):
        if part is not None:
            files |= _our_files(part, part.__traceback__, seen)
    return files


def _drop_files(report, files, seen):
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    report.stack[:] = [summary for summary in report.stack if summary.filename not in files]
    for part in (report.__cause__, report.__context__, *(report.exceptions or ())):
        _drop_files(part, files, seen)

"""``name?``, ``name??`` and ``?name``: inspection that a person asks for, answered in the front end's pager."""

# One line, a dotted name with literal subscripts, question marks on one side: the rule of IPython's input transformer.
_QUESTION = r"\s*(\?{0,2})\s*([^\W\d]\w*(?:\.[^\W\d]\w*|\[-?\d+\])*)\s*(\?{0,2})\s*\Z"


def question(code):
    """The name that `code` asks about and the level of detail, or None when it is no question."""
    if "?" not in code:
        return None
    import re

    match = re.match(_QUESTION, code)
    marks = match and (match[1] or match[3])
    if not marks or (match[1] and match[3]):
        return None
    return match[2], len(marks) - 1


def answer(name, detail_level, namespace):
    """The payload that shows what is known about `name`; None when nothing is, which is then printed."""
    from everloop.lookups import answers

    reply = answers.inspect(name, len(name), detail_level, namespace)
    if not reply["found"]:
        print(f"Object `{name}` not found.")
        return None
    return {"source": "page", "data": reply["data"], "start": 0}

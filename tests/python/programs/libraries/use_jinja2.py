"""Jinja2 and MarkupSafe: templates that inherit, a macro, escaped HTML, an error with its line, one that awaits."""

import asyncio
import sys

import jinja2
import markupsafe

TEMPLATES = {
    "base": "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
    "page": """{% extends "base" %}{% block title %}{{ title }}{% endblock %}
{% macro item(text) %}<li>{{ text }}</li>{% endmacro %}
{% block body %}{% for name in names|sort %}{{ item(name) }}{% endfor %}{% endblock %}""",
    "wrong": "one\n{{ 1 / 0 }}",
}
environment = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True)
page = environment.get_template("page").render(title="a < b", names=["two", "one"])
assert page == "<title>a &lt; b</title><li>one</li><li>two</li>", page
assert markupsafe.Markup("<b>%s</b>") % "<" == "<b>&lt;</b>"
# The form in pure Python.
assert "markupsafe._speedups" not in sys.modules
try:
    environment.get_template("wrong").render()
except ZeroDivisionError as error:
    lines = []
    while error.__traceback__:
        lines.append(error.__traceback__.tb_lineno)
        error.__traceback__ = error.__traceback__.tb_next
    assert lines[-1] == 2, lines
try:
    environment.from_string("{% for %}")
except jinja2.TemplateSyntaxError as error:
    assert error.lineno == 1
else:
    raise AssertionError("no syntax error")


async def numbers():
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def main():
    awaiting = jinja2.Environment(enable_async=True)
    template = awaiting.from_string("{% for number in numbers() %}{{ number }} {% endfor %}")
    assert await template.render_async(numbers=numbers) == "0 1 2 "


asyncio.run(main())
print("done")

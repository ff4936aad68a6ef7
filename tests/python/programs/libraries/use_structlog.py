"""structlog: messages as JSON and for people, with bound values, values of a context, and an exception as a dict."""

import io
import json

import structlog

out = io.StringIO()
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(sort_keys=True),
    ],
    logger_factory=structlog.PrintLoggerFactory(out),
)
log = structlog.get_logger().bind(user="ada")
with structlog.contextvars.bound_contextvars(request=7):
    log.info("asked", path="/")
try:
    divided = 1 / 0
except ZeroDivisionError:
    log.exception("failed")
asked, failed = map(json.loads, out.getvalue().splitlines())
assert asked == {"event": "asked", "level": "info", "path": "/", "request": 7, "user": "ada"}
assert failed["exception"][0]["exc_type"] == "ZeroDivisionError"
assert "request" not in failed
line = structlog.dev.ConsoleRenderer(colors=False)(None, "info", {"event": "asked", "level": "info", "path": "/"})
assert line.split() == ["[info", "]", "asked", "path=/"], line
structlog.reset_defaults()
print("done")

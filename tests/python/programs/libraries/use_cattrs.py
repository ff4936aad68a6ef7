"""cattrs: attrs classes and dataclasses from and to plain dicts, with unions, dates and all errors at once."""

import datetime
from dataclasses import dataclass

import attrs
import cattrs
from cattrs.preconf.json import make_converter


@dataclass
class Point:
    x: int
    y: float = 0.0


@attrs.define
class Shape:
    name: str
    points: list[Point]
    made: datetime.date
    parent: "Shape | None" = None


converter = make_converter()
shape = Shape(
    "line", [Point(1, 2.5), Point(3)], datetime.date(2026, 3, 1), Shape("root", [], datetime.date(2026, 1, 1))
)
text = converter.dumps(shape)
assert '"made": "2026-03-01"' in text
assert converter.loads(text, Shape) == shape
try:
    cattrs.structure({"x": "one", "y": []}, Point)
except cattrs.ClassValidationError as error:
    messages = cattrs.transform_error(error)
    assert [message.rpartition(" @ ")[2] for message in messages] == ["$.x", "$.y"], messages
else:
    raise AssertionError("no error")
print("done")

"""PyYAML: a document with anchors, dates and several parts, written and read; types of one's own; where it is wrong."""

import datetime

import yaml

DOCUMENT = """
base: &base {size: 1, on: yes}
made: 2026-03-01
text: |
  two
  lines
parts:
  - <<: *base
    size: 2
  - [1, 2.5, null, ~]
"""

read = yaml.safe_load(DOCUMENT)
assert read["made"] == datetime.date(2026, 3, 1)
assert read["text"] == "two\nlines\n"
assert read["parts"] == [{"size": 2, True: True}, [1, 2.5, None, None]]
assert yaml.safe_load(yaml.safe_dump(read)) == read
assert list(yaml.safe_load_all("a: 1\n---\nb: 2\n")) == [{"a": 1}, {"b": 2}]


class Point(yaml.YAMLObject):
    yaml_tag = "!point"
    yaml_loader = yaml.SafeLoader

    def __init__(self, x):
        self.x = x


assert yaml.safe_load("!point {x: 3}").x == 3
assert yaml.dump(Point(4)) == "!point\nx: 4\n"
try:
    yaml.safe_load("a: [1,\nb: 2")
except yaml.YAMLError as error:
    assert error.problem_mark.line == 1
else:
    raise AssertionError("no error")
assert not yaml.__with_libyaml__
print("done")

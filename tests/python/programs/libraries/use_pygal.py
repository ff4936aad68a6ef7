"""pygal: a chart of lines and one of bars, as SVG that a parser reads, with its values and labels."""

import xml.etree.ElementTree as ElementTree

import pygal

SVG = "{http://www.w3.org/2000/svg}"

for kind in (pygal.Line, pygal.Bar):
    chart = kind(title="Numbers", x_labels=["a", "b", "c"])
    chart.add("first", [1, None, 3])
    chart.add("second", [{"value": 2, "label": "two"}, 4, 6])
    root = ElementTree.fromstring(chart.render())
    assert root.tag == f"{SVG}svg"
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {"Numbers", "first", "second", "a", "b", "c"} <= set(texts), texts
    shapes = [element for element in root.iter() if "reactive" in element.get("class", "").split()]
    assert shapes
assert pygal.Line(fill=True).add("", [1, 2]).render_sparktext() == "▁█"
print("done")

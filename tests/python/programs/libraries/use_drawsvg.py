"""drawsvg: a drawing with shapes, text and a gradient, as SVG that a parser reads and a notebook shows."""

import xml.etree.ElementTree as ElementTree

import drawsvg as draw

drawing = draw.Drawing(200, 100, origin="center")
gradient = draw.LinearGradient(0, 0, 100, 0)
gradient.add_stop(0, "red")
gradient.add_stop(1, "blue")
drawing.append(draw.Circle(0, 0, 40, fill=gradient, stroke="black"))
drawing.append(draw.Text("a < b", 20, 0, 0))
root = ElementTree.fromstring(drawing.as_svg())
names = [element.tag.rpartition("}")[2] for element in root.iter()]
assert names.count("circle") == 1 and names.count("stop") == 2, names
assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["a < b"]
assert drawing._repr_svg_().startswith("<?xml") or "<svg" in drawing._repr_svg_()
print("done")

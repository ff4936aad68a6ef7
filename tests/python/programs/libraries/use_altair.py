"""altair: a chart of points from rows, its Vega-Lite specification, checked against the schema, and its MIME bundle.

Note: data are lists of dicts (`alt.Data(values=...)`), since there is no pandas; drawing it is the front end's work.
"""

import altair as alt

rows = [{"x": number, "y": number**2} for number in range(5)]
chart = alt.Chart(alt.Data(values=rows), title="squares").mark_point().encode(x="x:Q", y="y:Q", color="y:N")
specification = chart.to_dict()
assert specification["mark"] == {"type": "point"}
assert specification["encoding"]["x"] == {"field": "x", "type": "quantitative"}
assert specification["data"]["values"] == rows
layered = (chart + chart.mark_line()).interactive()
assert [layer["mark"]["type"] for layer in layered.to_dict()["layer"]] == ["point", "line"]
try:
    alt.Chart(alt.Data(values=rows)).mark_point(shape=[1]).to_dict()
except alt.utils.schemapi.SchemaValidationError as error:
    assert "shape" in str(error)
else:
    raise AssertionError("a wrong specification was accepted")
bundle = alt.renderers.get()(specification)
bundle = bundle[0] if isinstance(bundle, tuple) else bundle
assert any("vegalite" in mime or mime == "text/html" for mime in bundle), list(bundle)
print("done")

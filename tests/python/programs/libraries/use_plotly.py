"""plotly: figures of `graph_objects` with several traces and axes, as MIME bundle, as JSON and as a page of HTML.

Note: `plotly.express` needs numpy and a data frame; `plotly.graph_objects` needs neither.
"""

import json

import plotly.graph_objects as go
import plotly.io
from plotly.subplots import make_subplots

figure = make_subplots(rows=1, cols=2, subplot_titles=["lines", "bars"])
figure.add_trace(go.Scatter(x=[1, 2, 3], y=[1, 4, 9], name="squares"), row=1, col=1)
figure.add_trace(go.Bar(x=["a", "b"], y=[3, 1]), row=1, col=2)
figure.update_layout(title="two", width=600)
figure.add_annotation(text="here", x=2, y=4)
read = json.loads(figure.to_json())
assert [trace["type"] for trace in read["data"]] == ["scatter", "bar"]
assert read["data"][0]["y"] == [1, 4, 9]
assert read["layout"]["title"]["text"] == "two"
page = figure.to_html(include_plotlyjs="cdn")
assert "Plotly.newPlot(" in page
assert '"squares"' in page
bundle = plotly.io.renderers["plotly_mimetype"].to_mimebundle(read)
assert bundle["application/vnd.plotly.v1+json"]["data"][1]["type"] == "bar"
try:
    go.Scatter(mode="wrong")
except ValueError as error:
    assert "'mode' property of scatter" in str(error)
else:
    raise AssertionError("a wrong value was accepted")
try:
    import plotly.express
except ImportError as error:
    assert "numpy" in str(error)
else:
    raise AssertionError("plotly.express works: the note above is not true any more")
print("done")

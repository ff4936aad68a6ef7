"""ipywidgets: sliders and a box, links between them, handlers, `interactive`, the state for a page of HTML."""

import ipywidgets as widgets
from ipywidgets.embed import embed_data

slider, text = widgets.IntSlider(value=3, max=10), widgets.Text()
seen = []
slider.observe(lambda change: seen.append((change.old, change.new)), "value")
widgets.dlink((slider, "value"), (text, "value"), lambda number: "*" * number)
slider.value = 40
assert (slider.value, text.value, seen) == (10, "*" * 10, [(3, 10)])
button = widgets.Button(description="Press")
button.on_click(lambda pressed: seen.append(pressed.description))
button.click()
assert seen[-1] == "Press"
x, y = widgets.interactive(max, {"manual": True}, x=(0, 10), y=[2, 3]).kwargs_widgets
assert (type(x), x.max, y.options) == (widgets.IntSlider, 10, (2, 3))
box = widgets.VBox([slider, text, button])
states = embed_data(views=[box])["manager_state"]["state"]
assert {state["model_name"] for state in states.values()} >= {"VBoxModel", "IntSliderModel", "TextModel", "ButtonModel"}
print("done")

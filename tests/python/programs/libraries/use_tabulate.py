"""tabulate: the same rows as plain text, grid, Markdown and HTML, with wide letters and numbers aligned."""

import tabulate

ROWS = [["Köln", 1080000], ["東京", 13.5]]

assert tabulate.tabulate(ROWS, ["city", "people"], tablefmt="github").splitlines()[0].startswith("| city")
grid = tabulate.tabulate(ROWS, ["city", "people"], tablefmt="grid", floatfmt=".1f").splitlines()
assert grid[0] == grid[-1] and grid[1].startswith("| city   |"), grid
html = tabulate.tabulate([["a < b", 1]], ["x", "y"], tablefmt="html")
assert "<td>a &lt; b</td>" in html
assert html._repr_html_() == html
people = [{"name": "Ada", "born": 1815}, {"name": "Bob", "born": 1900}]
assert tabulate.tabulate(people, headers="keys", tablefmt="plain").splitlines() == [
    "name      born",
    "Ada       1815",
    "Bob       1900",
]
print("done")

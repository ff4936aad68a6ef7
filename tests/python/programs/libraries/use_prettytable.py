"""prettytable: a table with aligned columns, sorted, as text, as HTML and as CSV."""

import prettytable

table = prettytable.PrettyTable(["city", "people"])
table.add_rows([["Köln", 1_080_000], ["Bonn", 330_000]])
table.align = {"city": "l", "people": "r"}
table.sortby = "people"
assert str(table).splitlines() == [
    "+------+---------+",
    "| city |  people |",
    "+------+---------+",
    "| Bonn |  330000 |",
    "| Köln | 1080000 |",
    "+------+---------+",
]
assert "<td>K&ouml;ln</td>" in table.get_html_string() or "<td>Köln</td>" in table.get_html_string()
assert table.get_csv_string().splitlines()[1] == "Bonn,330000"
table.set_style(prettytable.TableStyle.MARKDOWN)
assert str(table).splitlines()[1] == "| :----|-------: |", str(table)
print("done")

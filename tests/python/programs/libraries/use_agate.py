"""agate: a table from CSV, a computed column, groups and their means, sorted, and the table in text."""

import io

import agate

SALES = "city,amount\nBerlin,10\nParis,30\nBerlin,20\nParis,50\n"

table = agate.Table.from_csv(io.StringIO(SALES))
doubled = table.compute([("twice", agate.Formula(agate.Number(), lambda row: row["amount"] * 2))])
assert [int(value) for value in doubled.columns["twice"]] == [20, 60, 40, 100]
means = table.group_by("city").aggregate([("mean", agate.Mean("amount")), ("count", agate.Count())])
ordered = means.order_by("mean", reverse=True)
assert [tuple(row) for row in ordered.rows] == [("Paris", 40, 2), ("Berlin", 15, 2)]
text = io.StringIO()
ordered.print_table(output=text)
assert "| Paris  |   40 |     2 |" in text.getvalue(), text.getvalue()
print("done")

"""petl: a table from CSV, converted, joined, sorted and counted, to CSV and to HTML."""

import petl

CITIES = b"city,country,people\nBerlin,DE,3700000\nParis,FR,2100000\nBonn,DE,330000\n"

cities = petl.fromcsv(petl.MemorySource(CITIES)).convert("people", int)
countries = [["country", "name"], ["DE", "Germany"], ["FR", "France"]]
joined = cities.join(countries, key="country").select(lambda row: row.people > 1_000_000).cut("city", "name")
assert list(joined.sort("city").dicts()) == [
    {"city": "Berlin", "name": "Germany"},
    {"city": "Paris", "name": "France"},
]
totals = cities.aggregate("country", {"people": ("people", sum), "cities": len})
assert list(totals.sort("country"))[1:] == [("DE", 4_030_000, 2), ("FR", 2_100_000, 1)]
out = petl.MemorySource()
totals.sort("country").tocsv(out)
assert out.getvalue().splitlines()[1] == b"DE,4030000,2"
assert "<td>Bonn</td>" in cities._repr_html_()
assert "| 'Bonn'   | 'DE'    |  330000 |" in str(petl.look(cities)), petl.look(cities)
print("done")

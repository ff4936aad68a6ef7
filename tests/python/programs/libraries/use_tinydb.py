"""tinydb: documents in a file, queries with operators, updates, and the file read by another database."""

import pathlib
import tempfile

from tinydb import Query, TinyDB, operations, where
from tinydb.middlewares import CachingMiddleware
from tinydb.storages import JSONStorage

with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "db.json")
    with TinyDB(file, storage=CachingMiddleware(JSONStorage)) as database:
        cities = database.table("cities")
        cities.insert_multiple([{"name": "Berlin", "people": 3}, {"name": "Bonn", "people": 0, "tags": ["old"]}])
        city = Query()
        assert [found["name"] for found in cities.search((city.people < 2) & city.name.matches("B.*n"))] == ["Bonn"]
        assert cities.count(city.tags.any(["old", "new"])) == 1
        cities.update(operations.increment("people"), where("name") == "Berlin")
    with TinyDB(file) as database:
        assert database.table("cities").get(Query().people == 4)["name"] == "Berlin"
print("done")

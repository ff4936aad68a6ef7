"""pydantic: models with nested ones, validators, aliases and JSON, all errors at once, a schema.

Note: version 1, which has a form in pure Python. Version 2 is an extension for CPython.
"""

import datetime

import pydantic
from pydantic import BaseModel, Field, ValidationError, validator


class Address(BaseModel):
    city: str
    code: str = Field(alias="zip", regex=r"^\d{5}$")


class Person(BaseModel):
    name: str
    born: datetime.date
    address: Address | None = None
    tags: list[str] = []

    @validator("name")
    def capital(cls, value):
        if not value[0].isupper():
            raise ValueError("must begin with a capital letter")
        return value


assert not pydantic.compiled
person = Person.parse_obj({"name": "Ada", "born": "1815-12-10", "address": {"city": "London", "zip": "12345"}})
assert person.born.year == 1815
assert person.address.code == "12345"
assert Person.parse_raw(person.json(by_alias=True)) == person
assert Person.schema()["properties"]["born"] == {"title": "Born", "type": "string", "format": "date"}
try:
    Person(name="ada", born="never", address={"zip": "1"})
except ValidationError as error:
    assert [item["loc"] for item in error.errors()] == [
        ("name",),
        ("born",),
        ("address", "city"),
        ("address", "zip"),
    ], error.errors()
else:
    raise AssertionError("no error")
print("done")

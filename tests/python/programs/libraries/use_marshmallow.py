"""marshmallow: a schema that loads and dumps objects with dates and nested lists, and says all that is wrong."""

import datetime

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate


class Track:
    def __init__(self, **values):
        vars(self).update(values)


class TrackSchema(Schema):
    title = fields.String(required=True, validate=validate.Length(min=1))
    seconds = fields.Integer(data_key="length")

    @post_load
    def make(self, data, **options):
        return Track(**data)


class AlbumSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    released = fields.Date()
    tracks = fields.List(fields.Nested(TrackSchema))


schema = AlbumSchema()
album = schema.load({"released": "2026-03-01", "tracks": [{"title": "One", "length": "61"}], "more": 1})
assert album["released"] == datetime.date(2026, 3, 1)
assert album["tracks"][0].seconds == 61
assert schema.dump(album) == {"released": "2026-03-01", "tracks": [{"title": "One", "length": 61}]}
try:
    schema.load({"released": "today", "tracks": [{"title": ""}, {}]})
except ValidationError as error:
    assert error.messages == {
        "released": ["Not a valid date."],
        "tracks": {
            0: {"title": ["Shorter than minimum length 1."]},
            1: {"title": ["Missing data for required field."]},
        },
    }, error.messages
else:
    raise AssertionError("no error")
print("done")

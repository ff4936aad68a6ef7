"""jsonschema: values that fit a schema and values that do not, with all errors and their places.

Note: pip takes 4.17, which is pure Python. Later ones need the extension `rpds`: those of the environment work, since
everloop has that module.
"""

import jsonschema

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}},
    "required": ["name"],
    "$defs": {"part": {"type": "integer", "minimum": 0}},
}

validator = jsonschema.Draft202012Validator(SCHEMA)
validator.validate({"name": "engine", "parts": [1, 2]})
errors = sorted(validator.iter_errors({"parts": [1, -1, "x"]}), key=str)
places = {(error.json_path, error.message) for error in errors}
assert places == {
    ("$", "'name' is a required property"),
    ("$.parts[1]", "-1 is less than the minimum of 0"),
    ("$.parts[2]", "'x' is not of type 'integer'"),
}, places
print("done")

"""attrs: classes with slots, validators, converters, comparison, frozen ones and a changed copy; as dicts."""

import attrs


@attrs.define(order=True)
class Version:
    major: int = attrs.field(converter=int, validator=attrs.validators.ge(0))
    minor: int = attrs.field(converter=int, default=0)


@attrs.frozen
class Release:
    name: str
    version: Version = attrs.field(factory=lambda: Version(1))


assert Version("3", "14") > Version(3)
assert repr(Version(3)) == "Version(major=3, minor=0)"
try:
    Version(-1)
except ValueError as error:
    assert "'major' must be >= 0: -1" in str(error)
else:
    raise AssertionError("no validation")
release = Release("first")
try:
    release.name = "second"
except attrs.exceptions.FrozenInstanceError:
    pass
else:
    raise AssertionError("not frozen")
assert attrs.asdict(attrs.evolve(release, name="second")) == {"name": "second", "version": {"major": 1, "minor": 0}}
try:
    Version(1).patch = 1
except AttributeError:
    pass
else:
    raise AssertionError("no slots")
print("done")

"""arrow: a time parsed, moved to another time zone, shifted over a change of the clocks, a span, in words."""

import arrow

time = arrow.get("2026-03-28T12:00:00+01:00")
berlin = time.to("Europe/Berlin")
assert berlin.shift(days=1).isoformat() == "2026-03-29T12:00:00+02:00"
assert time.to("US/Pacific").format("YYYY-MM-DD HH:mm ZZ") == "2026-03-28 04:00 -07:00"
assert [day.day for day in arrow.Arrow.range("day", berlin, berlin.shift(days=2))] == [28, 29, 30]
first, last = berlin.span("month")
assert (first.day, last.day) == (1, 31)
assert time.shift(hours=-2).humanize(time) == "2 hours ago"
assert time.shift(hours=-2).humanize(time, locale="de") == "vor 2 Stunden"
print("done")

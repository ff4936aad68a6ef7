"""icalendar: a calendar with an event that repeats, written, read and its times in their time zone."""

import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

calendar = Calendar()
calendar.add("prodid", "-//cells//")
calendar.add("version", "2.0")
event = Event()
event.add("summary", "Äpfel, pflücken; " + "x" * 80)
event.add("dtstart", datetime.datetime(2026, 3, 1, 9, tzinfo=ZoneInfo("Europe/Berlin")))
event.add("rrule", {"freq": "weekly", "count": 3})
calendar.add_component(event)
written = calendar.to_ical()
assert b"DTSTART;TZID=Europe/Berlin:20260301T090000" in written
assert all(len(line) <= 75 for line in written.splitlines())
[read] = Calendar.from_ical(written).walk("VEVENT")
assert read["summary"] == event["summary"]
assert read["dtstart"].dt.isoformat() == "2026-03-01T09:00:00+01:00"
assert read["rrule"]["COUNT"] == [3]
print("done")

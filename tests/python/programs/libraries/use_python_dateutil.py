"""python-dateutil: dates read from text, relative ones, a rule of repetition, time zones over a change of the clocks."""

import datetime

from dateutil import easter, parser, relativedelta, rrule, tz

assert parser.parse("Thu Sep 25 10:36:28 2003") == datetime.datetime(2003, 9, 25, 10, 36, 28)
assert parser.parse("1. 2. 2026", dayfirst=True).date() == datetime.date(2026, 2, 1)
end_of_month = datetime.date(2026, 1, 31) + relativedelta.relativedelta(months=1)
assert end_of_month == datetime.date(2026, 2, 28)
rule = rrule.rrulestr("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", dtstart=datetime.datetime(2026, 1, 1))
assert [found.day for found in rule] == [30, 27, 27]
berlin = tz.gettz("Europe/Berlin")
winter, summer = (datetime.datetime(2026, month, 1, tzinfo=berlin) for month in (1, 7))
assert (summer.utcoffset() - winter.utcoffset()) == datetime.timedelta(hours=1)
assert easter.easter(2026) == datetime.date(2026, 4, 5)
print("done")

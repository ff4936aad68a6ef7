"""humanize: sizes, numbers and times in words, in English and in German."""

import datetime

import humanize

assert humanize.naturalsize(1_234_567) == "1.2 MB"
assert humanize.naturalsize(1_234_567, binary=True) == "1.2 MiB"
assert humanize.intword(12_300_000_000) == "12.3 billion"
assert humanize.naturaldelta(datetime.timedelta(days=400)) == "1 year, 1 month"
assert humanize.precisedelta(datetime.timedelta(hours=3, seconds=5)) == "3 hours and 5 seconds"
assert humanize.ordinal(22) == "22nd"
humanize.i18n.activate("de_DE")
assert humanize.naturaldelta(datetime.timedelta(hours=3)) == "3 Stunden"
humanize.i18n.deactivate()
print("done")

"""Pint: quantities that are converted and computed with, units that do not fit, text as quantities."""

import pint

units = pint.UnitRegistry()
speed = 36 * units.km / units.hour
assert speed.to("m/s").magnitude == 10
assert (speed * (2 * units.hour)).to(units.mile).magnitude > 44
assert f"{(3 * units.meter**2):~P}" == "3 m²"
assert f"{speed:L}" == r"36.0\ \frac{\mathrm{kilometer}}{\mathrm{hour}}", f"{speed:L}"
assert units("2.54 cm + 1 inch").to("inch").magnitude == 2
assert units.Quantity(25, "degC").to("kelvin").magnitude == 298.15
try:
    speed + 1 * units.second
except pint.DimensionalityError as error:
    assert "[length] / [time]" in str(error)
else:
    raise AssertionError("no error")
print("done")

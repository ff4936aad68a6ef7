"""ipytest: tests of a cell that pass and fail, with fixtures; pytest's report under the cell, with rewritten assertions."""

import os

import ipytest
from IPython import get_ipython

# Those of hypothesis and Faker take their time to load.
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
ipytest.autoconfig(addopts=["-q", "--color=no", "-p", "no:cacheprovider"])
get_ipython().run_cell_magic(
    "ipytest",
    "",
    """
import pytest

@pytest.fixture
def number():
    return 3

def test_passes(number):
    assert number == 3

@pytest.mark.parametrize("x", [1, 2])
def test_fails(number, x):
    assert [number, x] == [3, 1], "what"
""",
)
assert ipytest.exit_code == 1
print("done")

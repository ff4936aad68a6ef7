"""``%pip`` in JupyterLab: progress while it is made."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from distributions import serve, wheel
from lab import Lab


@pytest.mark.everloop_only("pip there is another one")
def test_progress_of_pip(lab: Lab, tmp_path: Path) -> None:
    text = random.Random(1).randbytes(600_000).hex()
    with serve(wheel(tmp_path, "big", "1.0", {"big.py": f"text = {text!r}\n"})) as index:
        options = f"--no-cache-dir --disable-pip-version-check --target {tmp_path} --index-url {index.url}"
        lab.add_notebook("pip.ipynb", f"%pip install {options} big")
        seen = lab.browse("pip")
    (meanwhile,), (end,) = seen["meanwhile"], seen["end"]
    assert meanwhile["prompt"] == "[*]:"
    assert "big-1.0-py3-none-any.whl (1.2 MB)" in meanwhile["output"]
    assert end["prompt"] == "[1]:"
    # The bar takes its own place again and again, and no control character is seen.
    assert end["output"].count("━ ") == 1
    assert "\x1b" not in end["output"]

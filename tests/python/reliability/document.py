"""``tests/reliability.md``, of which each program writes its own section."""

from __future__ import annotations

import platform
import re
from datetime import datetime, timezone
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "reliability.md"


def write_section(title: str, text: str, document: Path = DOCUMENT) -> None:
    """Puts `text` in the place of the section's."""
    whole = document.read_text()
    section = re.compile(rf"(?<=^## {re.escape(title)}\n).*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    assert section.search(whole), f"{document} has no section {title!r}"
    document.write_text(section.sub(lambda _: f"\n{text.strip()}\n\n", whole).rstrip() + "\n")


def origin() -> str:
    """When and where a table was made."""
    day = datetime.now(timezone.utc).date().isoformat()
    cores = len(Path("/proc/cpuinfo").read_text().split("processor\t")) - 1
    return f"Measured on {day}, {platform.system()} {platform.release().split('-')[0]}, {cores} cores."

"""The results as a table, in the terminal and in README.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import judge
import known

README = Path(__file__).parent / "README.md"
MARK = "<!-- results: written by run.py --write -->\n"


def text(results: list[judge.Module]) -> str:
    rows = [("", "run", "passed", "skipped", "failed", "seconds")]
    rows += [(module.name, *counts([module]), f"{module.seconds:.0f}") for module in results]
    rows += [("all", *counts(results), "")]
    return "\n".join(f"{row[0]:26}" + "".join(f"{cell:>9}" for cell in row[1:]) for row in rows)


def counts(results: list[judge.Module]) -> tuple[str, ...]:
    outcomes = [test.outcome for module in results for test in module.tests.values()]
    counted = Counter(outcomes)
    return (str(len(outcomes)), *(str(counted[outcome]) for outcome in ("passed", "skipped", "failed")))


def write(results: list[judge.Module], tests: Path) -> None:
    kept = README.read_text().partition(MARK)[0]
    README.write_text(kept + MARK + "\n" + markdown(results, tests))


def markdown(results: list[judge.Module], tests: Path) -> str:
    rows = ["| module | run | passed | skipped | failed |", "|---|--:|--:|--:|--:|"]
    rows += [row([module.name, *counts([module])]) for module in results]
    rows += [row(["**all**", *counts(results)])]
    skipped = section("Skipped", results, "skipped", lambda _, test: test.reason)
    failed = section("Failed", results, "failed", lambda name, _: known.reason_of(name) or "not known")
    return "\n".join([source(tests), summary(results), *rows, *skipped, *failed]) + "\n"


def source(tests: Path) -> str:
    packages = tests.parent / "packages"
    names = packages.read_text().split() if packages.is_file() else []
    version = next((name.split("_")[1] for name in names if "testsuite" in name), "")
    return f"The tests are those of Debian's `libpython3.14-testsuite` {version}.\n" if version else ""


def summary(results: list[judge.Module]) -> str:
    failed = Counter(cause(test) for module in results for test in module.having("failed"))
    run, passed, skipped, _ = counts(results)
    causes = ", ".join(f"{count} {what}" for what, count in sorted(failed.items(), key=lambda item: -item[1]))
    return f"Of {run} tests {passed} pass, {skipped} are skipped and {failed.total()} fail: {causes}.\n"


def cause(test: str) -> str:
    pattern = known.pattern_of(test)
    if pattern in known.LATER_ASYNCIO:
        return "are of what 3.14.8 repaired in asyncio (RustPython 0.6 has that of 3.14.7)"
    if pattern in known.RUSTPYTHON:
        return "want what RustPython lacks"
    if pattern in known.EVERLOOP:
        return "want what EverLoop does otherwise on purpose"
    return "are not known"


def section(title: str, results: list[judge.Module], outcome: str, reason) -> Iterator[str]:
    """For each reason the tests that share it, classes that run the same test in one place."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for module in results:
        for name, test in module.having(outcome).items():
            by_reason.setdefault((module.name, reason(name, test).splitlines()[0]), []).append(name)
    yield from ["", f"## {title}", "", "| module | tests | reason |", "|---|---|---|"]
    for (module, why), names in by_reason.items():
        yield row([module, listed(names), why])


def listed(names: list[str]) -> str:
    times = Counter(name.rpartition(".")[2] for name in names)
    return ", ".join(f"`{name}`" + (f" in {count} classes" if count > 1 else "") for name, count in times.items())


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"

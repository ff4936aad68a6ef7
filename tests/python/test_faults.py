"""Faults of the machine and of the kernel's neighbours, in short: ``tests/reliability.md`` has the long ones."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable

import pytest
from client import KERNEL_NAME, Kernel
from reliability.faults import files, neighbours, signals, system
from reliability.faults.outcome import Outcome

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can mount file systems")


def unharmed(outcome: Outcome) -> Outcome:
    """It answered everything and still does."""
    assert outcome.lost == 0, outcome
    assert outcome.again is not None, outcome
    return outcome


def mounted(fault: Callable[..., Outcome], *arguments: object) -> Outcome:
    try:
        return unharmed(fault(KERNEL_NAME, *arguments))
    except files.CannotMount as reason:
        pytest.skip(f"no file system can be mounted: {reason}")


# -- neighbours


def test_a_front_end_that_was_killed_comes_again() -> None:
    assert unharmed(neighbours.front_end_killed(KERNEL_NAME)).happened.count("True") == 2


def test_a_browser_that_lost_its_connection_comes_again() -> None:
    outcome = neighbours.websocket_lost(KERNEL_NAME)
    # What the server had sent into the connection that is lost is nobody's any more.
    assert outcome.lost <= 20, outcome
    assert outcome.again is not None, outcome


def test_a_kernel_ends_with_its_server() -> None:
    assert neighbours.server_killed(KERNEL_NAME).again is not None


def test_a_kernel_ends_with_its_parent_while_a_cell_loops() -> None:
    assert signals.parent_killed(KERNEL_NAME).again is not None


# -- signals


def test_suspended_with_timers_due_and_requests_on_their_way() -> None:
    assert "the heartbeat came" in unharmed(signals.suspended(KERNEL_NAME, 3)).happened


def test_a_thousand_interrupts_hit_no_later_cell() -> None:
    assert unharmed(signals.flood_of_interrupts(KERNEL_NAME)).happened.endswith("0 of 20")


@pytest.mark.parametrize("doing", signals.BUSY)
def test_sigterm_ends_it_whatever_it_does(doing: str) -> None:
    assert "ended" in signals.told_to_end(KERNEL_NAME, doing).happened


def test_sighup_ends_it() -> None:
    assert "ended" in signals.told_to_end(KERNEL_NAME, "idle", signal.SIGHUP).happened


# -- files


@needs_root
@pytest.mark.everloop_only("ipykernel does not tell that its history is not written")
def test_cells_go_on_while_the_disk_of_the_history_is_full() -> None:
    outcome = mounted(files.history_disk_full)
    assert outcome.happened.startswith("warnings: 1;"), outcome
    assert "60 of 60 cells, and 20 of 20" in outcome.happened


@pytest.mark.everloop_only("ipykernel moves a damaged file away, and forgets what a removed directory had")
@pytest.mark.parametrize("fault", [files.history_corrupt, files.history_locked, files.history_removed])
def test_a_history_that_cannot_be_written_costs_one_warning(fault: Callable[[str], Outcome]) -> None:
    outcome = unharmed(fault(KERNEL_NAME))
    assert outcome.happened == "warnings: 1; the history knows 20 of 20 cells"


@needs_root
@pytest.mark.everloop_only("ipykernel warns of nothing")
def test_a_history_on_a_read_only_disk() -> None:
    assert mounted(files.history_read_only).happened == "warnings: 1; the history knows 20 of 20 cells"


def test_a_kernel_without_a_home() -> None:
    unharmed(files.without_a_place(KERNEL_NAME, "no HOME"))


@needs_root
@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is not installed")
@pytest.mark.parametrize("place", files.PLACES[1:])
def test_a_kernel_without_places_for_files(place: str) -> None:
    mounted(files.without_a_place, place)


# -- the machine


def test_no_clock_of_the_day_drives_the_loop(fresh_kernel: Kernel) -> None:
    """What sets the clock back, libfaketime, breaks waits by itself now and then: ``make stress`` does it."""
    fresh_kernel.ok("import asyncio, time")
    assert fresh_kernel.ok("abs(asyncio.get_running_loop().time() - time.monotonic()) < 1").result == "True"


def test_kernels_that_are_started_at_once_have_ports_of_their_own() -> None:
    assert unharmed(system.many_at_once(KERNEL_NAME, 10)).happened.startswith("10 run, 50 ports of 50")


def test_a_port_that_is_taken_is_named() -> None:
    outcome = unharmed(system.port_taken(KERNEL_NAME))
    assert outcome.happened == "ended with code 1; it names the address: True"


@needs_root
@pytest.mark.everloop_only("ipykernel waits in a cell for the resolver")
def test_a_name_server_that_does_not_answer_stops_nothing() -> None:
    outcome = unharmed(system.slow_names(KERNEL_NAME))
    assert outcome.happened == (
        "the loop went on: True; interrupt of `await getaddrinfo`: at once, of `socket.getaddrinfo`: at once"
    )


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="util-linux is not installed")
def test_descriptors_that_have_run_out_cost_no_cell() -> None:
    outcome = unharmed(system.no_descriptors(KERNEL_NAME))
    assert "OSError" in outcome.happened

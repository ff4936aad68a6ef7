"""All faults, as ``make stress`` does them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial

from reliability.faults import files, neighbours, signals, strangers, system
from reliability.faults.outcome import Outcome

FAULTS: dict[str, Callable[[str], Outcome]] = {
    "front end killed, comes again": neighbours.front_end_killed,
    "connection of the browser to the server lost": neighbours.websocket_lost,
    "frames announced that are longer than there is memory": strangers.announced,
    "1,000 connections that say nothing": strangers.silent,
    "packets lost": strangers.packets_lost,
    "server killed while a cell loops": neighbours.server_killed,
    "parent process killed while a cell loops": signals.parent_killed,
    "suspended for a minute, with timers and requests": partial(signals.suspended, seconds=60),
    "1,000 times SIGINT": signals.flood_of_interrupts,
    **{f"SIGTERM, {doing}": partial(signals.told_to_end, doing=doing) for doing in signals.BUSY},
    "SIGHUP, idle": partial(signals.told_to_end, doing="idle", by=signal.SIGHUP),
    "disk of the history full": files.history_disk_full,
    "history is no database": files.history_corrupt,
    "history locked by another process": files.history_locked,
    "history on a read-only disk": files.history_read_only,
    "directory of the history removed": files.history_removed,
    **{place: partial(files.without_a_place, place=place) for place in files.PLACES},
    "clock set back an hour": system.clock_set_back,
    "50 kernels started at once": partial(system.many_at_once, count=50),
    "a port of the connection file taken": system.port_taken,
    "name server that does not answer": system.slow_names,
    "128 descriptors, all taken": system.no_descriptors,
}

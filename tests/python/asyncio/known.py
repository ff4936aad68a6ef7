"""The tests that are known to fail, and why. One that passes has to leave this list.

Keys are names of tests, with ``*`` for the classes that run the same test.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

#: What EverLoop does otherwise than asyncio, on purpose.
EVERLOOP = {
    "test_events.*EventLoopTests.test_run_until_complete_nesting": (
        "wants an error from `run_until_complete` inside the running loop; EverLoop takes turns of it"
    ),
}

#: What RustPython lacks.
RUSTPYTHON = {
    "test_events.UnixPipeObjectSupportTests.test_*_fifo": "there is no `os.mkfifo`",
    "test_sslproto.SslProtoHandshakeTests.test_check_hostname_requires_server_hostname": (
        "`SSLContext.wrap_bio` does not ask for a name when `check_hostname` is set"
    ),
}

_AWAITED_BY = "the call graph forgets who awaits a task that outlives `gather`, `wait`, `shield` and `as_completed`"
_LOST_ONCE = "a transport that `resume_writing` closes loses its connection only once"

#: Tests of what 3.14.8 repaired in asyncio; RustPython 0.6 has that of 3.14.7.
LATER_ASYNCIO = {
    "test_base_events.*.test_create_connection_*transport_error_closes_sock": (
        "`create_connection` closes the socket when no transport can be made"
    ),
    "test_graph.TestCallStack*.test_call_graph_finished_task": "the call graph has no frame of a finished coroutine",
    "test_graph.TestCallStack*.test_capture_call_graph_generator_keeps_caller_frames": (
        "the call graph goes on through generators"
    ),
    "test_graph.TestCallStack*.test_stack_as_completed*": _AWAITED_BY,
    "test_graph.TestCallStack*.test_stack_gather_survivor": _AWAITED_BY,
    "test_graph.TestCallStack*.test_stack_wait_for_non_positive_timeout": _AWAITED_BY,
    "test_selector_events.SelectorSocketTransportTests.test_write_ready_resume_writing_closes": _LOST_ONCE,
    "test_selector_events.SelectorSocketTransportTests.test_write_sendmsg_resume_writing_closes": _LOST_ONCE,
    "test_server.TestServer2.test_close_with_hanging_client": "a cancelled `serve_forever` closes its clients",
    "test_sock_lowlevel.*EventLoopTests.test_sock_accept_racing": "`sock_accept` leaves a cancelled future alone",
    "test_streams.StreamTests.test_streamwriter_start_tls_updates_reader_transport": (
        "`start_tls` gives the reader the new transport"
    ),
    "test_streams.StreamTests.test_unhandled_exception_sync_callback": (
        "what `client_connected_cb` raises is reported, and the connection closed"
    ),
    "test_subprocess.*.test_wait_even_if_pipe_is_open": "`Process.wait` ends with the process though a pipe is open",
    "test_tasks.CTask*.test_gather_discards_awaited_by_for_pending": _AWAITED_BY,
    "test_tasks.CTask*.test_shield_cancel_outer_in_task": _AWAITED_BY,
    "test_tasks.CTask_CFuture_*.test_wait_discards_awaited_by_for_pending": _AWAITED_BY,
    "test_tasks.PyTask_CFuture*_Tests.test_wait_discards_awaited_by_for_pending": _AWAITED_BY,
}

KNOWN = {
    **EVERLOOP,
    **{test: f"RustPython 0.6.0: {reason}" for test, reason in RUSTPYTHON.items()},
    **{test: f"asyncio 3.14.8 and later: {reason}" for test, reason in LATER_ASYNCIO.items()},
}


def pattern_of(test: str) -> str | None:
    return next((pattern for pattern in KNOWN if fnmatchcase(test, pattern)), None)


def reason_of(test: str) -> str | None:
    pattern = pattern_of(test)
    return None if pattern is None else KNOWN[pattern]


def outlived(passed: Iterable[str]) -> set[str]:
    """The keys of the list of which a test passes."""
    return {pattern for pattern in map(pattern_of, passed) if pattern is not None}

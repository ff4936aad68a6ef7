"""``EverLoop``: an asyncio event loop that tokio drives.

The hot half (ready queue, timers, watched descriptors, turns) is ``_everloop.LoopCore``; the wide rest is asyncio's
own selector loop. Entering it again from inside one of its callbacks is allowed: such a run takes turns of the same
loop, so that other tasks go on, until it has what it waits for.
"""

import asyncio
import functools
import selectors
import signal
import sys
import threading
import weakref
from asyncio import base_events, constants, events, format_helpers, futures, tasks, unix_events
from asyncio.unix_events import _UnixSelectorEventLoop

import _everloop
from everloop.transports import make_transport


class EverLoop(_everloop.LoopCore, _UnixSelectorEventLoop):
    """The loop. Everything of ``asyncio.AbstractEventLoop`` on Unix; see there for the meaning of each method."""

    # The default executor, unless another one was set.
    _own_executor = None

    def __init__(self, selector=None):
        """`selector` is taken, as asyncio's loops take one, and closed with the loop; tokio does its work."""
        _UnixSelectorEventLoop.__init__(self, _Watched(self, selector))

    # -- running

    def run_forever(self):
        """Run until ``stop()`` is called; inside the running loop, take turns of it until then."""
        self._check_closed()
        self._run(None)

    def run_until_complete(self, future):
        """Run until `future` (or the task of a coroutine) is done; returns its result or raises its exception."""
        self._check_closed()
        if not self._is_entered():
            self._check_running()
        new_task = not futures.isfuture(future)
        future = tasks.ensure_future(future, loop=self)
        if new_task:
            # Its exception is raised below: no message about a destroyed pending task.
            future._log_destroy_pending = False
        completion = _everloop.Completion()
        future.add_done_callback(completion)
        try:
            self._run(completion)
        except BaseException:
            if new_task and future.done() and not future.cancelled():
                future.exception()  # marks it as retrieved: the caller has no other way to
            raise
        finally:
            future.remove_done_callback(completion)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def _run(self, completion):
        if self._is_entered():
            self._run_turns(completion)
            return
        # An interrupt between two of these would leave a loop that runs for ever, in asyncio's eyes.
        _everloop.enclosed(self._begin_run, functools.partial(self._run_turns, completion), self._end_run)

    def _begin_run(self):
        self._run_forever_setup()
        self._watched_before = self._watch_signals()

    def _end_run(self):
        self._unwatch_signals(self._watched_before)
        self._run_forever_cleanup()

    def _is_entered(self):
        """Whether this thread is inside a run of this loop already."""
        return self._thread_id is not None and self._thread_id == threading.get_ident()

    def close(self):
        """Close the loop, which must not be running."""
        if not self.is_running() and not self.is_closed():
            super().close()
            self._clear()
        else:
            super().close()

    def _close_self_pipe(self):
        if self._ssock.fileno() >= 0:
            super()._close_self_pipe()
        # Else the loop was never closed, and the collector of cycles has been at its sockets before it.

    def set_debug(self, enabled):
        """Switch debug mode, as ``BaseEventLoop.set_debug``."""
        self._debug = bool(enabled)
        if self.is_running():
            self.call_soon_threadsafe(self._set_coroutine_origin_tracking, self._debug)

    # -- signals

    def _watch_signals(self):
        """Let every signal end the parking of the loop, so that its Python handler runs at once.

        Returns the descriptor that was told of signals before; None on a thread that gets no signals.
        """
        try:
            return signal.set_wakeup_fd(self._csock.fileno(), warn_on_full_buffer=False)
        except ValueError:
            return None

    def _unwatch_signals(self, before):
        # With handlers of its own the loop stays told, as asyncio's is: they run when it runs again.
        if before is not None and not self._signal_handlers:
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)

    def remove_signal_handler(self, sig):
        """As ``remove_signal_handler`` of asyncio's loop, which with the last handler stops watching signals."""
        removed = super().remove_signal_handler(sig)
        if self.is_running():
            self._watch_signals()
        return removed

    # -- threads

    def run_in_executor(self, executor, func, *args):
        """Call `func` in a thread of the executor; None is the default one."""
        if executor is not None or self._debug:
            return super().run_in_executor(executor, func, *args)
        self._check_closed()
        self._check_default_executor()
        if self._default_executor is None:
            self._default_executor = self._own_executor = _new_default_executor()
        if self._default_executor is not self._own_executor:
            return super().run_in_executor(None, func, *args)
        future = self.create_future()
        self._own_executor.start(_everloop.ThreadCall(self, future, func, *args))
        return future

    # -- descriptors

    def _add_reader(self, fd, callback, *args):
        return self._watch_descriptor(fd, False, callback, args)

    def _add_writer(self, fd, callback, *args):
        return self._watch_descriptor(fd, True, callback, args)

    def _remove_reader(self, fd):
        return self._unwatch_descriptor(fd, False)

    def _remove_writer(self, fd):
        return self._unwatch_descriptor(fd, True)

    def _watch_descriptor(self, fd, writing, callback, args):
        self._check_closed()
        handle = events.Handle(callback, args, self, None)
        replaced = self._watch(_descriptor(fd), writing, handle)
        if replaced is not None:
            replaced.cancel()
        return handle

    def _unwatch_descriptor(self, fd, writing):
        if self.is_closed():
            return False
        removed = self._unwatch(_descriptor(fd), writing)
        if removed is None:
            return False
        removed.cancel()
        return True

    # -- transports

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        self._ensure_fd_no_transport(sock)
        return make_transport(self, sock, protocol, waiter, extra, server)

    def _make_ssl_transport(
        self,
        rawsock,
        protocol,
        sslcontext,
        waiter=None,
        *,
        server_side=False,
        server_hostname=None,
        extra=None,
        server=None,
        ssl_handshake_timeout=constants.SSL_HANDSHAKE_TIMEOUT,
        ssl_shutdown_timeout=constants.SSL_SHUTDOWN_TIMEOUT,
    ):
        from asyncio import sslproto  # with `ssl`, which most programs do not need

        self._ensure_fd_no_transport(rawsock)
        ssl_protocol = sslproto.SSLProtocol(
            self,
            protocol,
            sslcontext,
            waiter,
            server_side,
            server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        make_transport(self, rawsock, ssl_protocol, extra=extra, server=server)
        return ssl_protocol._app_transport

    # -- debug mode

    def _check_call(self, method, callback):
        if method != "call_soon_threadsafe":
            self._check_thread()
        self._check_callback(callback, method)

    def _trace_handle(self, handle):
        """Let a handle know where it was made: at the caller of the native method that calls this."""
        handle._source_traceback = format_helpers.extract_stack(sys._getframe(1))

    def _run_in_debug_mode(self, handle):
        """Run a handle and say so when it held the loop up (``BaseEventLoop._run_once``)."""
        if handle._cancelled:
            return
        try:
            self._current_handle = handle
            started = self.time()
            handle._run()
            took = self.time() - started
            if took >= self.slow_callback_duration:
                source = base_events._format_handle(handle)
                base_events.logger.warning("Executing %s took %.3f seconds", source, took)
        finally:
            self._current_handle = None


class EverLoopPolicy(events._BaseDefaultEventLoopPolicy):
    """Makes :class:`EverLoop` the loop of ``asyncio.new_event_loop`` and all that is built on it."""

    _loop_factory = EverLoop


def install():
    """Make :class:`EverLoop` the loop of everybody who does not ask for another."""
    # Not the policy but what makes it, so that `asyncio.set_event_loop_policy(None)` comes back to it.
    unix_events._DefaultEventLoopPolicy = EverLoopPolicy
    asyncio.EventLoop = unix_events.EventLoop = EverLoop


class _Watched:
    """In the place of the selector that asyncio's loop would poll: shows what is watched natively."""

    def __init__(self, loop, unused):
        self._loop = weakref.ref(loop)
        self._unused = unused

    def get_key(self, file):
        """What of the file is watched, as ``selectors.BaseSelector.get_key``."""
        fd = _descriptor(file)
        try:
            reader, writer = self._handles()[fd]
        except KeyError:
            raise KeyError(f"{file!r} is not registered") from None
        watched = selectors.EVENT_READ if reader else 0
        if writer:
            watched |= selectors.EVENT_WRITE
        return selectors.SelectorKey(file, fd, watched, (reader, writer))

    def get_map(self):
        return {fd: self.get_key(fd) for fd in self._handles()}

    def _handles(self):
        loop = self._loop()
        return {} if loop is None else loop._watched()

    def close(self):
        if self._unused is not None:
            self._unused.close()


def _new_default_executor():
    from everloop.executor import DefaultExecutor

    return DefaultExecutor()


def _descriptor(file):
    if isinstance(file, int):
        fd = file
    else:
        try:
            fd = int(file.fileno())
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"Invalid file object: {file!r}") from None
    if fd < 0:
        raise ValueError(f"Invalid file descriptor: {fd}")
    return fd

"""The executor behind ``asyncio.to_thread`` and ``loop.run_in_executor(None, ...)``.

A ``ThreadPoolExecutor`` in every respect, but for the way of a call to a thread and back: no future of
``concurrent.futures`` is chained to the one of the loop, and the threads wait natively.
"""

import threading
import weakref
from concurrent.futures import thread
from concurrent.futures.thread import ThreadPoolExecutor

import _everloop


class DefaultExecutor(ThreadPoolExecutor):
    """What a loop makes for itself when no default executor was set."""

    def __init__(self):
        super().__init__(thread_name_prefix="asyncio")
        self._work_queue = _everloop.WorkQueue()

    def start(self, call):
        """Let a thread run a ``_everloop.ThreadCall``."""
        with self._shutdown_lock, thread._global_shutdown_lock:
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if thread._shutdown:
                raise RuntimeError("cannot schedule new futures after interpreter shutdown")
            self._work_queue.put(call)
            if not self._work_queue.is_attended():
                self._adjust_thread_count()

    def _adjust_thread_count(self):
        queue = self._work_queue
        count = len(self._threads)
        if queue.is_attended() or count >= self._max_workers:
            return
        # The threads do not keep the executor alive; when it is gone they look whether they are still wanted.
        executor = weakref.ref(self, lambda _: queue.put(None))
        worker = threading.Thread(
            name=f"{self._thread_name_prefix}_{count}",
            target=_work,
            args=(queue, self._create_worker_context(), executor),
        )
        worker.start()
        self._threads.add(worker)
        thread._threads_queues[worker] = queue


def _work(queue, context, executor):
    def is_over():
        owner = executor()
        if not thread._shutdown and owner is not None and not owner._shutdown:
            return False
        if owner is not None:
            owner._shutdown = True
        queue.put(None)  # for the next thread
        return True

    queue.work(context, is_over)

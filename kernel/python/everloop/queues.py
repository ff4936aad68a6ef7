"""The classes of ``asyncio.queues``: asyncio's own, with what runs for every item in Rust."""

import asyncio
from asyncio import queues

import _everloop


class Queue(_everloop.Queue, queues.Queue):
    __doc__ = queues.Queue.__doc__


class PriorityQueue(Queue):
    __doc__ = queues.PriorityQueue.__doc__

    _init = queues.PriorityQueue._init
    _put = queues.PriorityQueue._put
    _get = queues.PriorityQueue._get


class LifoQueue(Queue):
    __doc__ = queues.LifoQueue.__doc__

    _init = queues.LifoQueue._init
    _put = queues.LifoQueue._put
    _get = queues.LifoQueue._get


def install():
    """Make these the classes of asyncio, and of subclasses."""
    for kind in (Queue, PriorityQueue, LifoQueue):
        # What shows and pickles them by name finds them where they are.
        kind.__module__ = queues.__name__
        setattr(queues, kind.__name__, kind)
        setattr(asyncio, kind.__name__, kind)

"""The classes of ``asyncio.streams``: asyncio's own, with what runs for every message in Rust."""

import asyncio
from asyncio import streams

import _everloop


class StreamReader(_everloop.StreamReader, streams.StreamReader):
    """As ``asyncio.StreamReader``, whose cold methods it inherits."""

    # Without an argument it reads to the end.
    _read_to_end = streams.StreamReader.read
    _read_until_any = streams.StreamReader.readuntil


class StreamReaderProtocol(_everloop.StreamReaderProtocol, streams.StreamReaderProtocol):
    """As ``asyncio.StreamReaderProtocol``, whose cold methods it inherits."""


class StreamWriter(_everloop.StreamWriter, streams.StreamWriter):
    """As ``asyncio.StreamWriter``, whose cold methods it inherits."""

    _drain = streams.StreamWriter.drain


def install():
    """Make these the classes of asyncio: of ``open_connection``, ``start_server``, subprocesses, and of subclasses."""
    for kind in (StreamReader, StreamReaderProtocol, StreamWriter):
        # What shows and pickles them by name finds them where they are.
        kind.__module__ = streams.__name__
        setattr(streams, kind.__name__, kind)
        setattr(asyncio, kind.__name__, kind)

"""Stream transports, readers and writers of the loop, between two ends in one cell."""

from __future__ import annotations

from client import Kernel

PRELUDE = """
import asyncio, contextlib, contextvars, socket

def pair():
    return [s.setblocking(False) or s for s in socket.socketpair()]

async def streams(limit=2 ** 16):
    one, other = pair()
    return (await asyncio.open_connection(sock=one, limit=limit)), (await asyncio.open_connection(sock=other, limit=limit))

class Recorder(asyncio.Protocol):
    def __init__(self):
        self.calls, self.done = [], asyncio.get_running_loop().create_future()
    def connection_made(self, transport): self.calls.append("made")
    def data_received(self, data): self.calls.append(data)
    def eof_received(self): self.calls.append("eof")
    def pause_writing(self): self.calls.append("pause")
    def resume_writing(self): self.calls.append("resume")
    def connection_lost(self, exc):
        self.calls.append(("lost", exc))
        self.done.set_result(None)

async def connect(protocol):
    one, other = pair()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=one)
    return transport, other
"""


def value_of(kernel: Kernel, code: str) -> str:
    """What the last expression shows, on one line."""
    return " ".join((kernel.ok(PRELUDE + code).result or "").split())


def test_tcp_and_unix_servers_echo(kernel: Kernel) -> None:
    code = """
import os, tempfile
async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
async def ask(reader, writer):
    writer.writelines([b'one\\n', bytearray(b'tw'), memoryview(b'o\\n')])
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
tcp = await asyncio.start_server(echo, '127.0.0.1', 0)
path = os.path.join(tempfile.mkdtemp(), 'socket')
unix = await asyncio.start_unix_server(echo, path)
answers = [
    await ask(*await asyncio.open_connection(*tcp.sockets[0].getsockname())),
    await ask(*await asyncio.open_unix_connection(path)),
]
tcp.close(), unix.close()
answers
"""
    assert value_of(kernel, code) == r"[b'ONE\nTWO\n', b'ONE\nTWO\n']"


def test_the_calls_of_a_protocol_come_in_order(kernel: Kernel) -> None:
    code = """
protocol = Recorder()
transport, other = await connect(protocol)
other.send(b'data')
other.shutdown(socket.SHUT_WR)
await protocol.done
protocol.calls, transport.is_closing(), transport.get_protocol(), 'Transport closed' in repr(transport)
"""
    expected = "(['made', b'data', 'eof', ('lost', None)], True, None, True)"
    assert value_of(kernel, code) == expected


def test_a_full_socket_pauses_the_protocol_and_nothing_is_lost(kernel: Kernel) -> None:
    code = """
loop = asyncio.get_running_loop()
protocol = Recorder()
transport, other = await connect(protocol)
transport.set_write_buffer_limits(high=100, low=10)
sent = bytes(range(256)) * 20_000
view = bytearray(sent[:1000])
transport.write(view)
view[:] = bytes(1000)
transport.write(sent[1000:])
paused = list(protocol.calls), transport.get_write_buffer_size() > 100, transport.get_write_buffer_limits()
transport.close()
received = bytearray()
while data := await loop.sock_recv(other, 1 << 20):
    received += data
other.close()
await protocol.done
paused, protocol.calls, received == sent
"""
    expected = "((['made', 'pause'], True, (10, 100)), ['made', 'pause', 'resume', ('lost', None)], True)"
    assert value_of(kernel, code) == expected


def test_a_paused_transport_reads_nothing(kernel: Kernel) -> None:
    code = """
loop = asyncio.get_running_loop()
protocol = Recorder()
transport, other = await connect(protocol)
transport.pause_reading()
other.send(b'later')
# A look at the descriptors for every wait that has to park.
for _ in range(3):
    await loop.run_in_executor(None, lambda: None)
before = list(protocol.calls), transport.is_reading(), 'read=idle' in repr(transport)
transport.resume_reading()
other.close()
await protocol.done
before, protocol.calls
"""
    expected = "((['made'], False, True), ['made', b'later', 'eof', ('lost', None)])"
    assert value_of(kernel, code) == expected


def test_a_failing_protocol_is_reported_and_closed(kernel: Kernel) -> None:
    code = """
class Failing(Recorder):
    def data_received(self, data): raise LookupError(data)
reported = []
loop = asyncio.get_running_loop()
loop.set_exception_handler(lambda loop, context: reported.append(context))
protocol = Failing()
transport, other = await connect(protocol)
other.send(b'data')
await protocol.done
loop.set_exception_handler(None)
reported[0]['message'], reported[0]['transport'] is transport, protocol.calls
"""
    expected = "('Fatal error: protocol.data_received() call failed.', True, ['made', ('lost', LookupError(b'data'))])"
    assert value_of(kernel, code) == expected


def test_a_buffered_protocol_gets_the_data_in_its_buffer(kernel: Kernel) -> None:
    code = """
class Buffered(asyncio.BufferedProtocol):
    def __init__(self):
        self.buffer, self.sizes, self.done = bytearray(4), [], asyncio.get_running_loop().create_future()
    def get_buffer(self, sizehint): return self.buffer
    def buffer_updated(self, nbytes): self.sizes.append(bytes(self.buffer[:nbytes]))
    def connection_lost(self, exc): self.done.set_result(None)
protocol = Buffered()
transport, other = await connect(protocol)
other.send(b'abcdef')
other.close()
await protocol.done
protocol.sizes
"""
    assert value_of(kernel, code) == "[b'abcd', b'ef']"


def test_callbacks_run_in_the_context_of_the_transport(kernel: Kernel) -> None:
    code = """
variable = contextvars.ContextVar('variable')
class Reading(Recorder):
    def data_received(self, data): self.calls.append(variable.get(None))
async def make():
    variable.set('mine')
    return await connect(protocol)
protocol = Reading()
transport, other = await asyncio.create_task(make())
other.send(b'data')
other.close()
await protocol.done
protocol.calls[1], variable.get(None)
"""
    assert value_of(kernel, code) == "('mine', None)"


def test_output_of_a_protocol_belongs_to_its_cell(kernel: Kernel) -> None:
    code = """
class Printing(Recorder):
    def data_received(self, data): print('received', data)
protocol = Printing()
transport, other = await connect(protocol)
"""
    first = kernel.ok(PRELUDE + code)
    second = kernel.ok("other.send(b'data')\nother.close()\nawait protocol.done")
    first.wait_for("received b'data'")
    assert second.stdout == ""


def test_reads_of_every_kind(kernel: Kernel) -> None:
    code = """
(reader, closer), (peer, writer) = await streams()
task = asyncio.create_task(reader.readexactly(6))
for part in (b'abc', b'def', b'line\\n', b'until;;', b'any|rest'):
    writer.write(part)
    await writer.drain()
writer.close()
found = [await task, await reader.readline(), await reader.readuntil(b';;'), await reader.readuntil((b'|', b'!'))]
found += [await reader.read(2), await reader.read(), await reader.read(), reader.at_eof()]
try:
    await reader.readexactly(1)
except asyncio.IncompleteReadError as error:
    found.append(error.expected)
found
"""
    expected = r"[b'abcdef', b'line\n', b'until;;', b'any|', b're', b'st', b'', True, 1]"
    assert value_of(kernel, code) == expected


def test_a_line_beyond_the_limit(kernel: Kernel) -> None:
    code = """
(reader, closer), (peer, writer) = await streams(limit=8)
writer.write(b'0123456789\\nnext\\n')
with contextlib.suppress(ValueError):
    await reader.readline()
writer.close()
await reader.readline()
"""
    assert value_of(kernel, code) == r"b'next\n'"


def test_the_buffer_of_a_reader_is_a_bytearray_that_can_be_changed(kernel: Kernel) -> None:
    code = """
reader = asyncio.StreamReader()
reader.feed_data(b'abc')
buffer = reader._buffer
buffer.extend(b'def')
reader.feed_data(b'ghi')
first = await reader.read(5)
first, type(buffer).__name__, bytes(reader._buffer), len(buffer)
"""
    assert value_of(kernel, code) == "(b'abcde', 'bytearray', b'fghi', 4)"


def test_a_cancelled_read_leaves_the_data_to_the_next(kernel: Kernel) -> None:
    code = """
(reader, closer), (peer, writer) = await streams()
try:
    async with asyncio.timeout(0):
        await reader.readexactly(3)
except TimeoutError:
    pass
task = asyncio.create_task(reader.readexactly(3))
await asyncio.sleep(0)
try:
    await reader.read(1)
except RuntimeError as error:
    message = str(error)
writer.write(b'abc')
await task, message
"""
    expected = "(b'abc', 'read() called while another coroutine is already waiting for incoming data')"
    assert value_of(kernel, code) == expected


def test_a_drain_waits_while_the_protocol_is_paused(kernel: Kernel) -> None:
    code = """
(reader, closer), (peer, writer) = await streams()
data = b'x' * (8 << 20)
writer.write(data)
drain = asyncio.ensure_future(writer.drain())
await asyncio.sleep(0)
waiting = not drain.done()
size = 0
while size < len(data):
    size += len(await reader.read(1 << 20))
await drain
writer.transport.abort()
try:
    await writer.drain()
except ConnectionResetError as error:
    message = str(error)
waiting, size == len(data), message
"""
    assert value_of(kernel, code) == "(True, True, 'Connection lost')"


def test_a_read_that_nobody_awaits_is_warned_of(kernel: Kernel) -> None:
    code = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    asyncio.StreamReader().read()
str(caught[0].message)
"""
    assert value_of(kernel, code) == "\"coroutine 'StreamReader.read' was never awaited\""


def test_the_classes_are_those_of_asyncio(kernel: Kernel) -> None:
    code = """
from asyncio import selector_events
(reader, writer), (peer, other) = await streams()
kinds = isinstance(reader, asyncio.StreamReader), isinstance(writer, asyncio.StreamWriter)
kinds += (isinstance(writer.transport, asyncio.Transport),)
kinds += (isinstance(writer.get_extra_info('socket'), asyncio.trsock.TransportSocket), type(reader).__module__)
other.close(), writer.close()
kinds
"""
    assert value_of(kernel, code) == "(True, True, True, True, 'asyncio.streams')"

"""Autoawait: what makes a cell asynchronous, the one loop behind all cells, tasks, context variables, the network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from client import Kernel

PRELUDE = """
import asyncio

async def give(value):
    await asyncio.sleep(0)
    return value

async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

class Door:
    async def __aenter__(self):
        await asyncio.sleep(0)
        return 'open'
    async def __aexit__(self, *exc):
        await asyncio.sleep(0)
"""


NO_LOOP = pytest.mark.everloop_only("IPython says: RuntimeError, 'give' needs a real async loop")


@pytest.fixture
def kernel(kernel: Kernel) -> Kernel:
    kernel.ok(PRELUDE)
    return kernel


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("await give(1)", "1"),
        ("await give(1);", None),
        ("x = await give(2)\nx", "2"),
        ("(await give(1)) + (await give(2))", "3"),
        ("f'{await give(3)}'", "'3'"),
        ("x = []\nasync for i in count(3):\n    x.append(i)\nx", "[0, 1, 2]"),
        ("async with Door() as d:\n    e = d\ne", "'open'"),
        ("[i async for i in count(3)]", "[0, 1, 2]"),
        ("{i async for i in count(3)} == {0, 1, 2}", "True"),
        ("{i: i async for i in count(2)}", "{0: 0, 1: 1}"),
        ("[await give(i) for i in range(3)]", "[0, 1, 2]"),
        ("if True:\n    x = await give('if')\nx", "'if'"),
        ("for i in range(3):\n    x = await give(i)\nx", "2"),
        ("n = 3\nwhile n:\n    n = await give(n - 1)\nn", "0"),
        ("try:\n    x = await give('try')\nfinally:\n    y = await give('finally')\nx, y", "('try', 'finally')"),
        ("import contextlib\nwith contextlib.nullcontext():\n    x = await give('with')\nx", "'with'"),
        ("match await give(1):\n    case 1: x = 'one'\nx", "'one'"),
        ("x = 1\nasync def f():\n    return x\nx = 2\nawait f()", "2"),
        ("await asyncio.gather(give(1), give(2))", "[1, 2]"),
        ("await asyncio.wait_for(give('in time'), 5)", "'in time'"),
        ("async with asyncio.timeout(5):\n    x = await give('in time')\nx", "'in time'"),
        ("async with asyncio.TaskGroup() as group:\n    t = group.create_task(give('group'))\nt.result()", "'group'"),
        ("[i for i in range(3)]", "[0, 1, 2]"),
        ("def f():\n    async def g(): return await give(1)\n    return 'plain'\nf()", "'plain'"),
        ("(lambda: [x for x in range(2)])()", "[0, 1]"),
    ],
)
def test_a_cell(kernel: Kernel, code: str, shown: str | None) -> None:
    assert kernel.ok(code).result == shown


@pytest.mark.parametrize(
    "code",
    [
        "return 1",
        pytest.param("await give(1)\nreturn 1", marks=NO_LOOP),
        "yield 1",
        "yield from [1]",
        pytest.param("await give(1)\nyield 1", marks=NO_LOOP),
        "nonlocal x",
        "def f():\n    await give(1)",
        "lambda: await give(1)",
        "class C:\n    await give(1)",
        "def f():\n    async with Door(): pass",
        "await",
    ],
)
def test_a_syntax_error(kernel: Kernel, code: str) -> None:
    assert kernel.run(code).reply.get("ename") == "SyntaxError"


def test_an_error_after_an_await(kernel: Kernel) -> None:
    cell = kernel.run("before = await give('ran')\nraise ValueError(before)\nafter = 1")
    assert (cell.reply["ename"], cell.reply["evalue"]) == ("ValueError", "ran")
    assert "line 2" in cell.traceback


def test_names_are_global_in_an_async_cell(kernel: Kernel) -> None:
    kernel.ok("made_there = await give('there')\ndef reader(): return made_there\nimport math as made_module")
    assert kernel.ok("reader(), made_module.pi > 3").result == "('there', True)"
    kernel.ok("global_one = 1\nawait give(0)\nglobal_one += 1\ndel made_there")
    assert kernel.ok("global_one, 'made_there' in globals()").result == "(2, False)"


# -- one loop


def test_one_running_loop_in_all_cells(kernel: Kernel) -> None:
    kernel.ok("loop = asyncio.get_event_loop()\nassert loop.is_running()")
    assert kernel.ok("asyncio.get_event_loop() is loop, asyncio.get_running_loop() is loop").result == "(True, True)"
    assert kernel.ok("await give(0)\nasyncio.get_running_loop() is loop and loop.is_running()").result == "True"


def test_a_synchronous_cell_creates_tasks_and_futures(kernel: Kernel) -> None:
    kernel.ok("task = asyncio.create_task(give('made'))\nfuture = asyncio.ensure_future(give('ensured'))")
    assert kernel.ok("await task, await future").result == "('made', 'ensured')"


def test_a_future_is_awaited_in_one_cell_and_resolved_by_another_task(kernel: Kernel) -> None:
    kernel.ok("future = loop = None\nloop = asyncio.get_running_loop()\nfuture = loop.create_future()")
    kernel.ok("loop.call_later(0.01, future.set_result, 'later')")
    assert kernel.ok("await future").result == "'later'"


def test_background_tasks_go_on_while_the_kernel_is_idle(kernel: Kernel, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    kernel.ok(
        "import pathlib\nasync def later():\n    await asyncio.sleep(0.1)\n"
        f"    pathlib.Path({str(proof)!r}).write_text('done')\n\ntask = asyncio.create_task(later())"
    )
    kernel.until(proof.exists, "the file that a background task writes")


def test_a_callback_fires_while_the_kernel_is_idle(kernel: Kernel, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    kernel.ok(f"import pathlib\nasyncio.get_running_loop().call_later(0.1, pathlib.Path({str(proof)!r}).touch);")
    kernel.until(proof.exists, "the file that a timer touches")


def test_current_task_and_all_tasks(kernel: Kernel) -> None:
    kernel.ok("background = asyncio.create_task(asyncio.sleep(100))")
    assert (
        kernel.ok("asyncio.current_task() in asyncio.all_tasks(), background in asyncio.all_tasks()").result
        == "(True, True)"
    )
    assert kernel.ok("await give(0)\nasyncio.current_task() is not None").result == "True"
    kernel.ok("background.cancel()")
    assert kernel.ok("await give(0)\nbackground.cancelled()").result == "True"


@pytest.mark.everloop_only("elsewhere: RuntimeError, this event loop is already running")
@pytest.mark.parametrize(
    "code",
    [
        "asyncio.run(give('nested'))",
        "asyncio.get_event_loop().run_until_complete(give('nested'))",
        "await give(0)\nasyncio.get_event_loop().run_until_complete(give('nested'))",
    ],
)
def test_the_loop_can_be_entered_again(kernel: Kernel, code: str) -> None:
    assert kernel.ok(code).result == "'nested'"


# -- context variables


def test_context_variables_last_from_cell_to_cell(kernel: Kernel) -> None:
    kernel.ok("import contextvars\nvar = contextvars.ContextVar('var', default='unset')\nvar.set('set')")
    assert kernel.ok("var.get()").result == "'set'"


@pytest.mark.everloop_only("ipykernel runs an asynchronous cell in a copy of the context (ipykernel#749)")
def test_context_variables_set_in_an_async_cell_last(kernel: Kernel) -> None:
    kernel.ok("import contextvars\nvar = contextvars.ContextVar('var', default='unset')")
    kernel.ok("await give(0)\nvar.set('before')\nawait give(0)")
    assert kernel.ok("var.get()").result == "'before'"
    assert kernel.ok("await give(0)\nvar.get()").result == "'before'"


def test_a_task_has_its_own_copy_of_the_context(kernel: Kernel) -> None:
    kernel.ok("import contextvars\nvar = contextvars.ContextVar('var', default='unset')\nvar.set('outer')")
    kernel.ok(
        "async def change():\n    seen.append(var.get())\n    var.set('inner')\n\nseen = []\nawait asyncio.create_task(change())"
    )
    assert kernel.ok("seen, var.get()").result == "(['outer'], 'outer')"


# -- threads and executors


def test_run_in_executor(kernel: Kernel) -> None:
    code = "import threading\nloop = asyncio.get_running_loop()\nname = await loop.run_in_executor(None, threading.get_ident)\n"
    assert kernel.ok(code + "name != threading.get_ident()").result == "True"


def test_to_thread(kernel: Kernel) -> None:
    assert kernel.ok("await asyncio.to_thread(sum, [1, 2, 3])").result == "6"


def test_the_loop_goes_on_while_a_thread_works(kernel: Kernel) -> None:
    code = """
import threading
done = threading.Event()
ticks = 0
async def tick():
    global ticks
    while not done.is_set():
        ticks += 1
        if ticks == 5:
            done.set()
        await asyncio.sleep(0.01)
ticker = asyncio.create_task(tick())
await asyncio.to_thread(done.wait, 20), ticks >= 5
"""
    assert kernel.ok(code).result == "(True, True)"


def test_call_soon_threadsafe(kernel: Kernel) -> None:
    code = """
import threading
loop = asyncio.get_running_loop()
future = loop.create_future()
threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 'from a thread')).start()
await future
"""
    assert kernel.ok(code).result == "'from a thread'"


def test_call_soon_threadsafe_wakes_the_idle_kernel(kernel: Kernel, tmp_path: Path) -> None:
    gate, proof = tmp_path / "gate", tmp_path / "proof"
    kernel.ok(f"""
import os, pathlib, threading, time
loop = asyncio.get_running_loop()
def wait_then_call():
    while not os.path.exists({str(gate)!r}): time.sleep(0.005)
    loop.call_soon_threadsafe(pathlib.Path({str(proof)!r}).touch)
threading.Thread(target=wait_then_call, daemon=True).start()
""")
    gate.touch()
    kernel.until(proof.exists, "the file that the loop touches for a thread", 5)


def test_run_coroutine_threadsafe(kernel: Kernel) -> None:
    code = """
loop = asyncio.get_running_loop()
await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(give('there and back'), loop).result(20))
"""
    assert kernel.ok(code).result == "'there and back'"


def test_another_loop_in_a_thread(kernel: Kernel) -> None:
    assert kernel.ok("await asyncio.to_thread(asyncio.run, give('other loop'))").result == "'other loop'"


def test_synchronisation_between_cells(kernel: Kernel) -> None:
    kernel.ok(
        "queue = asyncio.Queue()\nasync def work():\n    while True:\n        done.append(await queue.get())\n        queue.task_done()"
    )
    kernel.ok("done = []\nworker = asyncio.create_task(work())")
    kernel.ok("for i in range(5): queue.put_nowait(i)\nawait asyncio.wait_for(queue.join(), 20)")
    assert kernel.ok("worker.cancel()\ndone").result == "[0, 1, 2, 3, 4]"


# -- files, signals, processes, sockets


def test_add_reader_and_add_writer(kernel: Kernel) -> None:
    code = """
import os, socket
loop = asyncio.get_running_loop()
a, b = socket.socketpair()
a.setblocking(False); b.setblocking(False)
arrived = loop.create_future()
writable = loop.create_future()
loop.add_reader(a, lambda: arrived.done() or arrived.set_result(a.recv(100)))
loop.add_writer(b, lambda: writable.done() or writable.set_result(b.send(b'through the pair')))
sent = await asyncio.wait_for(writable, 20)
text = await asyncio.wait_for(arrived, 20)
removed = loop.remove_reader(a), loop.remove_writer(b), loop.remove_reader(a)
a.close(); b.close()
sent, text, removed
"""
    assert kernel.ok(code).result == "(16, b'through the pair', (True, True, False))"


def test_a_reader_is_called_while_the_kernel_is_idle(kernel: Kernel, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    kernel.ok(f"""
import os
fd = os.open({str(fifo)!r}, os.O_RDWR | os.O_NONBLOCK)
asyncio.get_running_loop().add_reader(fd, lambda: os.rename({str(fifo)!r}, {str(fifo) + ".read"!r}) or asyncio.get_running_loop().remove_reader(fd));
""")
    fifo.write_text("x")
    kernel.until((tmp_path / "fifo.read").exists, "the reader's callback", 5)


def test_signal_handlers(kernel: Kernel) -> None:
    code = """
import os, signal
loop = asyncio.get_running_loop()
caught = loop.create_future()
loop.add_signal_handler(signal.SIGUSR1, lambda: caught.done() or caught.set_result('SIGUSR1'))
os.kill(os.getpid(), signal.SIGUSR1)
name = await asyncio.wait_for(caught, 20)
name, loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1)
"""
    assert kernel.ok(code).result == "('SIGUSR1', True, False)"


def test_subprocess_exec(kernel: Kernel) -> None:
    code = """
process = await asyncio.create_subprocess_exec(
    'sh', '-c', 'cat; echo to stderr >&2; exit 7',
    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
out, err = await asyncio.wait_for(process.communicate(b'through cat'), 20)
out, err, process.returncode
"""
    assert kernel.ok(code).result == "(b'through cat', b'to stderr\\n', 7)"


def test_subprocess_lines_as_they_come(kernel: Kernel) -> None:
    code = """
process = await asyncio.create_subprocess_shell('for i in 1 2 3; do echo $i; done', stdout=asyncio.subprocess.PIPE)
lines = [line async for line in process.stdout]
lines, await process.wait()
"""
    assert kernel.ok(code).result == "([b'1\\n', b'2\\n', b'3\\n'], 0)"


def test_subprocess_killed(kernel: Kernel) -> None:
    code = """
process = await asyncio.create_subprocess_exec('sleep', '1000')
process.kill()
await asyncio.wait_for(process.wait(), 20)
"""
    assert kernel.ok(code).result == "-9"


ECHO = """
async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()

server = await asyncio.start_server(echo, '127.0.0.1', 0)
port = server.sockets[0].getsockname()[1]
"""


def test_an_echo_server_and_its_clients_on_one_loop(kernel: Kernel) -> None:
    kernel.ok(ECHO)
    code = """
async def talk(i):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(f'client {i}\\n'.encode())
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line.decode().strip()

answers = await asyncio.wait_for(asyncio.gather(*(talk(i) for i in range(20))), 20)
answers == [f'client {i}' for i in range(20)]
"""
    assert kernel.ok(code).result == "True"
    kernel.ok("server.close()\nawait server.wait_closed()")


def test_a_megabyte_there_and_back(kernel: Kernel) -> None:
    kernel.ok(ECHO)
    code = """
import os
payload = os.urandom(1_000_000)
reader, writer = await asyncio.open_connection('127.0.0.1', port)
async def send():
    writer.write(payload)
    await writer.drain()
    writer.write_eof()
sending = asyncio.create_task(send())
back = await asyncio.wait_for(reader.read(), 25)
await sending
writer.close()
back == payload
"""
    assert kernel.ok(code).result == "True"
    kernel.ok("server.close()")


def test_the_server_answers_while_the_kernel_is_idle(kernel: Kernel) -> None:
    import socket

    kernel.ok(ECHO)
    port = int(kernel.ok("port").result or 0)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"from outside")
        assert client.recv(100) == b"from outside"
    kernel.ok("server.close()")


def test_unix_sockets(kernel: Kernel, tmp_path: Path) -> None:
    code = f"""
async def shout(reader, writer):
    writer.write((await reader.readline()).upper())
    writer.close()

server = await asyncio.start_unix_server(shout, {str(tmp_path / "s")!r})
reader, writer = await asyncio.open_unix_connection({str(tmp_path / "s")!r})
writer.write(b'quiet\\n')
line = await asyncio.wait_for(reader.read(), 20)
writer.close(); server.close()
line
"""
    assert kernel.ok(code).result == "b'QUIET\\n'"


def test_datagrams(kernel: Kernel) -> None:
    code = """
loop = asyncio.get_running_loop()
got = loop.create_future()
class Receiver(asyncio.DatagramProtocol):
    def datagram_received(self, data, addr):
        got.done() or got.set_result(data)
receiver, _proto = await loop.create_datagram_endpoint(Receiver, local_addr=('127.0.0.1', 0))
sender, _proto = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=receiver.get_extra_info('sockname'))
sender.sendto(b'datagram')
text = await asyncio.wait_for(got, 20)
sender.close(); receiver.close()
text
"""
    assert kernel.ok(code).result == "b'datagram'"


def test_name_resolution(kernel: Kernel) -> None:
    code = "infos = await asyncio.get_running_loop().getaddrinfo('localhost', 80)\nlen(infos) > 0"
    assert kernel.ok(code).result == "True"


def test_socket_methods_of_the_loop(kernel: Kernel) -> None:
    code = """
import socket
loop = asyncio.get_running_loop()
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(); listener.setblocking(False)
client = socket.socket(); client.setblocking(False)
accepted = asyncio.create_task(loop.sock_accept(listener))
await loop.sock_connect(client, listener.getsockname())
peer, _address = await asyncio.wait_for(accepted, 20)
peer.setblocking(False)
await loop.sock_sendall(client, b'raw')
data = await asyncio.wait_for(loop.sock_recv(peer, 100), 20)
client.close(); peer.close(); listener.close()
data
"""
    assert kernel.ok(code).result == "b'raw'"


AIOHTTP_SERVER = """
import aiohttp
from aiohttp import web

async def greet(request):
    await asyncio.sleep(0.01)
    return web.json_response({'hello': request.match_info['name'], 'method': request.method, 'body': await request.text()})

async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data.upper())
    return socket

app = web.Application()
app.router.add_route('*', '/hello/{name}', greet)
app.router.add_get('/talk', talk)
runner = web.AppRunner(app)
await runner.setup()
site = web.TCPSite(runner, '127.0.0.1', 0)
await site.start()
port = runner.addresses[0][1]
"""


def test_an_aiohttp_server_and_its_client_in_one_notebook(kernel: Kernel) -> None:
    kernel.ok(AIOHTTP_SERVER)
    code = """
async with aiohttp.ClientSession(f'http://127.0.0.1:{port}') as session:
    async def fetch(i):
        async with session.post(f'/hello/{i}', data=f'body {i}') as response:
            return response.status, await response.json()
    answers = await asyncio.wait_for(asyncio.gather(*map(fetch, range(10))), 25)
[answer for answer in answers if answer[0] != 200], answers[3][1]
"""
    assert kernel.ok(code).result == "([], {'hello': '3', 'method': 'POST', 'body': 'body 3'})"
    code = """
async with aiohttp.ClientSession(f'http://127.0.0.1:{port}') as session:
    async with session.ws_connect('/talk') as socket:
        await socket.send_str('quiet')
        answer = await asyncio.wait_for(socket.receive_str(), 20)
answer
"""
    assert kernel.ok(code).result == "'QUIET'"
    kernel.ok("await runner.cleanup()")


def test_the_aiohttp_server_answers_a_stranger_while_the_kernel_is_idle(kernel: Kernel) -> None:
    from urllib.request import urlopen

    kernel.ok(AIOHTTP_SERVER)
    port = int(kernel.ok("port").result or 0)
    with urlopen(f"http://127.0.0.1:{port}/hello/stranger", timeout=10) as response:
        assert b'"hello": "stranger"' in response.read()
    kernel.ok("await runner.cleanup()")

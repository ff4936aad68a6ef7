"""A front end that sends nonsense to a kernel, among requests that have to be answered all the same.

A conversation of every type of request is recorded as jupyter_client sends it. Then its messages are sent again and again,
most of them changed: as frames, as JSON, as bytes, and below ZeroMQ. Half of the changed ones are signed anew, so that what is
wrong reaches the parsers and handlers behind the signature; the other half must have no effect at all.

``python fuzz_kernel.py MESSAGES [SEED]`` prints what was sent and what it cost. `test_fuzz_kernel.py` does it in short.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from client import LIMIT, Kernel

DELIMITER = b"<IDS|MSG>"
#: Messages between two waits for all that has to be answered.
BATCH = 50
#: Of the messages, these are sent as they should be, these below ZeroMQ, and the others changed.
VALID, RAW = 0.3, 0.02
Frames = list[bytes]


@dataclass
class Recorded:
    """A message of the conversation: what is in it, without the header that it gets each time."""

    channel: str
    msg_type: str
    content: dict[str, Any]
    buffers: Frames = field(default_factory=list)


def _execute(code: str, **fields: Any) -> Recorded:
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True}
    return Recorded("shell", "execute_request", {**content, "stop_on_error": True, **fields})


CONVERSATION = [
    Recorded("shell", "kernel_info_request", {}),
    Recorded("control", "kernel_info_request", {}),
    Recorded("shell", "connect_request", {}),
    _execute("x = 1\nx"),
    _execute("print('out')", user_expressions={"one": "1", "error": "1 / 0"}),
    _execute("await __import__('asyncio').sleep(0)"),
    _execute("1 / 0", stop_on_error=False),
    _execute("%time 1", store_history=False),
    _execute("input('? ')"),
    _execute("display({'text/plain': 'x'}, raw=True)", silent=True),
    Recorded("shell", "complete_request", {"code": "impo", "cursor_pos": 4}),
    Recorded("shell", "inspect_request", {"code": "print", "cursor_pos": 3, "detail_level": 0}),
    Recorded("shell", "is_complete_request", {"code": "def f():"}),
    Recorded(
        "shell", "history_request", {"hist_access_type": "tail", "n": 3, "output": False, "raw": True, "session": 0}
    ),
    Recorded(
        "shell", "history_request", {"hist_access_type": "search", "pattern": "x*", "n": 3, "output": True, "raw": True}
    ),
    Recorded("shell", "comm_info_request", {"target_name": "here"}),
    Recorded("shell", "comm_open", {"comm_id": "c", "target_name": "here", "data": {"a": [1]}}, [b"\0\1", b""]),
    Recorded("shell", "comm_msg", {"comm_id": "c", "data": {"b": None}}, [b"buffer"]),
    Recorded("shell", "comm_close", {"comm_id": "c", "data": {}}),
    Recorded("control", "interrupt_request", {}),
    Recorded("control", "usage_request", {}),
    Recorded("control", "create_subshell_request", {}),
    Recorded("control", "list_subshell_request", {}),
    Recorded("control", "debug_request", {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}}),
    Recorded("stdin", "input_reply", {"value": "typed"}),
]
#: Sent with a wrong signature alone: whoever knows the key may end the kernel.
ENDING = [
    Recorded("control", "shutdown_request", {"restart": False}),
    Recorded("shell", "shutdown_request", {"restart": True}),
    _execute("exit()"),
]
PRELUDE = "get_ipython().kernel.comm_manager.register_target('here', lambda comm, message: comm.on_msg(print))"


class Changes:
    """What is done to a message. Each takes frames (delimiter first) or a content, and gives what to send instead."""

    def __init__(self, choice: random.Random) -> None:
        self._choice = choice
        #: Frames, behind the last of which identities or buffers may be.
        self.of_frames: list[Callable[[Frames], Frames]] = [
            self.frame_dropped,
            self.frame_doubled,
            self.frames_swapped,
            self.bytes_flipped,
            self.frame_cut,
            self.delimiter_missing,
            self.no_frames,
            self.many_frames,
            self.identities_in_front,
            self.not_utf8,
            self.deeply_nested,
            self.header_of_strangers,
        ]

    # -- frames

    def _some(self, frames: Frames) -> int:
        return self._choice.randrange(len(frames))

    def frame_dropped(self, frames: Frames) -> Frames:
        at = self._some(frames)
        return frames[:at] + frames[at + 1 :]

    def frame_doubled(self, frames: Frames) -> Frames:
        at = self._some(frames)
        return frames[: at + 1] + frames[at:]

    def frames_swapped(self, frames: Frames) -> Frames:
        one, other = self._some(frames), self._some(frames)
        swapped = frames[:]
        swapped[one], swapped[other] = frames[other], frames[one]
        return swapped

    def bytes_flipped(self, frames: Frames) -> Frames:
        at = self._some(frames)
        changed = bytearray(frames[at] or b"\0")
        for _ in range(self._choice.choice([1, 1, 2, 8])):
            changed[self._choice.randrange(len(changed))] ^= 1 << self._choice.randrange(8)
        return [*frames[:at], bytes(changed), *frames[at + 1 :]]

    def frame_cut(self, frames: Frames) -> Frames:
        at = self._some(frames)
        return [*frames[:at], frames[at][: self._choice.randrange(len(frames[at]) + 1)], *frames[at + 1 :]]

    def delimiter_missing(self, frames: Frames) -> Frames:
        return frames[1:]

    def no_frames(self, _: Frames) -> Frames:
        return [b""]

    def many_frames(self, frames: Frames) -> Frames:
        return frames + [b"x"] * self._choice.choice([100, 3000])

    def identities_in_front(self, frames: Frames) -> Frames:
        odd = [b"", b"\0", b"\xff" * 255, b"<IDS|MSG>x", b"{}", self._choice.randbytes(40)]
        return self._choice.sample(odd, self._choice.randint(1, 3)) + frames

    def not_utf8(self, frames: Frames) -> Frames:
        return self._part_replaced(frames, self._choice.choice([b"\xff\xfe", b'{"code": "\xc3("}', b"\xed\xa0\x80"]))

    def deeply_nested(self, frames: Frames) -> Frames:
        levels = self._choice.choice([100, 126, 127, 128, 129, 1000, 100_000])
        opening, closing = self._choice.choice([(b"[", b"]"), (b'{"a":', b"}")])
        nested = opening * levels + b"1" + self._choice.choice([closing * levels, b""])
        return self._part_replaced(frames, nested)

    def header_of_strangers(self, frames: Frames) -> Frames:
        headers = [b"{}", b"[]", b"null", b'"x"', b'{"msg_id": 1, "msg_type": "execute_request"}', b'{"msg_id": "i"}']
        return [*frames[:2], self._choice.choice(headers), *frames[3:]]

    def _part_replaced(self, frames: Frames, part: bytes) -> Frames:
        if len(frames) < 6:
            return frames
        at = self._choice.randrange(2, 6)
        return [*frames[:at], part, *frames[at + 1 :]]

    # -- content

    def content(self, content: dict[str, Any]) -> Any:
        """With one field of another type, gone, or too many."""
        odd: list[Any] = [
            None, True, -1, 0, 2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, float("nan"), "", "\0", "🦀", "\ud800",
            "x" * 10_000, [], {}, [[]], {"": {}}, [1] * 1000, "%", "!", "?", "'" * 50, "(" * 300,
        ]  # fmt: skip
        value = self._choice.choice(odd)
        if not content or self._choice.random() < 0.1:
            return value
        key = self._choice.choice(list(content))
        if self._choice.random() < 0.1:
            return {name: content[name] for name in content if name != key}
        return {**content, key: value, **({"new": value} if self._choice.random() < 0.1 else {})}

    # -- below ZeroMQ

    def stream(self, channel: str, frames: Frames) -> bytes:
        """What a peer could write to a port."""
        peer = b"SUB" if channel == "iopub" else b"DEALER"
        greeting = bytearray(64)
        greeting[0], greeting[9], greeting[10] = 0xFF, 0x7F, 3
        greeting[12:16] = b"NULL"
        ready = b"\x05READY" + _property(b"Socket-Type", peer) + _property(b"Identity", self._choice.randbytes(5))
        message = b"".join(_frame(frame, index + 1 < len(frames)) for index, frame in enumerate(frames))
        whole = bytearray(bytes(greeting) + _command(ready) + message)
        kind = self._choice.randrange(7)
        if kind == 0:
            return self._choice.randbytes(self._choice.choice([1, 64, 5000]))
        if kind == 1:
            return b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        if kind == 2:
            return bytes(whole[: self._choice.randrange(len(whole))])
        if kind == 3:
            # Commands that nobody knows, and frames that are commands and have more to come.
            return (
                bytes(greeting) + _command(ready) + self._choice.choice([b"\x04\x06\x05HELLO", b"\x05\0", b"\xff" * 9])
            )
        if kind == 4:
            return bytes(greeting) + _command(ready) * 3 + message
        if kind == 5:
            # More than there is memory, as a frame or as a command, of which nothing arrives.
            announced = struct.pack(">Q", self._choice.choice([1 << 33, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]))
            return (
                bytes(greeting)
                + self._choice.choice([b"", _command(ready)])
                + self._choice.choice([b"\x02", b"\x03", b"\x06"])
                + announced
            )
        for _ in range(self._choice.choice([1, 4, 30])):
            whole[self._choice.randrange(len(whole))] ^= 1 << self._choice.randrange(8)
        return bytes(whole)


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def _command(body: bytes) -> bytes:
    return b"\x04" + bytes([len(body)]) + body


def _frame(body: bytes, more: bool) -> bytes:
    if len(body) < 256:
        return bytes([more, len(body)]) + body
    return bytes([more | 2]) + struct.pack(">Q", len(body)) + body


@dataclass
class Sent:
    """A message that has to have an effect, may have one (``None``), or must not."""

    what: str
    channel: str
    msg_type: str
    effect: bool | None


class Fuzzer:
    """Sends, reads everything that comes, and judges it."""

    def __init__(self, kernel: Kernel, seed: int) -> None:
        self.kernel = kernel
        self.choice = random.Random(seed)
        self.changes = Changes(self.choice)
        self.sent: dict[str, Sent] = {}
        self.counts: Counter[str] = Counter()
        self.replies: Counter[str] = Counter()
        self.states: dict[str, list[str]] = defaultdict(list)
        self.memory: list[int] = []
        self._begun = time.monotonic()
        self._strangers: list[socket.socket] = []

    def run(self, messages: int) -> None:
        """Sends so many messages, in batches. What goes wrong is an AssertionError that says what was sent."""
        self._require(_execute("%time 1"))
        self._require(_execute(PRELUDE))
        self._await_answers()
        batches = max(1, messages // BATCH)
        for batch in range(batches):
            for _ in range(BATCH):
                self._send_something()
            self._await_answers()
            # What is loaded and cached on the first occasions is no leak.
            if batch >= batches // 5 and batch % max(1, batches // 20) == 0:
                self.memory.append(self._resident())
        self.memory.append(self._resident())
        self._judge()

    # -- sending

    def _send_something(self) -> None:
        recorded = self.choice.choice(CONVERSATION)
        dice = self.choice.random()
        if dice < VALID:
            self._require(recorded)
        elif dice < VALID + RAW:
            self._send_raw(recorded)
        elif self.choice.random() < 0.05:
            self._send_forged(self.choice.choice(ENDING))
        else:
            self._send_changed(recorded)

    def _frames(self, recorded: Recorded, content: Any = None) -> tuple[str, Frames]:
        session = self.kernel.session
        message = session.msg(recorded.msg_type, recorded.content)
        parts = [
            _json(message["header"]),
            b"{}",
            b"{}",
            _json(recorded.content if content is None else content),
        ]
        frames = [DELIMITER, session.sign(parts), *parts, *recorded.buffers]
        return message["header"]["msg_id"], frames

    def _require(self, recorded: Recorded) -> None:
        msg_id, frames = self._frames(recorded)
        effect = recorded.channel != "stdin" or None
        self._send("valid", recorded, msg_id, frames, effect)

    def _send_changed(self, recorded: Recorded) -> None:
        if self.choice.random() < 0.4:
            what, content = "content", self.changes.content(recorded.content)
            msg_id, frames = self._frames(recorded, content)
        else:
            change = self.choice.choice(self.changes.of_frames)
            what = change.__name__
            msg_id, frames = self._frames(recorded)
            frames = change(frames)
        if _is_named_as_another(frames, msg_id):
            # That one would be judged by what this one does.
            return
        frames = self._signed_anew(frames) if self.choice.random() < 0.5 else self._signed_by_nobody(frames)
        effect = None if self._is_signed(frames) else False
        self._send(what, recorded, msg_id, frames, effect)
        if effect is None and self.choice.random() < 0.1:
            # A second time, which must have no effect of its own.
            self._transmit(recorded.channel, frames)
            self.counts["repeated"] += 1

    def _send_forged(self, recorded: Recorded) -> None:
        msg_id, frames = self._frames(recorded)
        frames[1] = self.choice.choice([b"", b"0" * 64, frames[1][:-1], frames[1] + b"00", b"\xff" * 64])
        self._send("forged", recorded, msg_id, frames, effect=False)

    def _send_raw(self, recorded: Recorded) -> None:
        channel = self.choice.choice(["shell", "control", "stdin", "iopub", "hb"])
        _, frames = self._frames(recorded)
        stream = self.changes.stream(channel, frames)
        info = self.kernel.client.get_connection_info()
        stranger = socket.create_connection((info["ip"], info[f"{channel}_port"]), timeout=LIMIT)
        self.counts["raw"] += 1
        try:
            stranger.sendall(stream)
        except OSError:
            # The kernel may hang up on nonsense before all is written.
            stranger.close()
            return
        self._strangers.append(stranger)
        if len(self._strangers) > 20:
            self._strangers.pop(self.choice.randrange(20)).close()

    def _send(self, what: str, recorded: Recorded, msg_id: str, frames: Frames, effect: bool | None) -> None:
        self.sent[msg_id] = Sent(what, recorded.channel, recorded.msg_type, effect)
        self.counts[what] += 1
        self._transmit(recorded.channel, frames)

    def _transmit(self, channel: str, frames: Frames) -> None:
        self.kernel.channels[channel].send_multipart(frames or [b""])

    def _signed_anew(self, frames: Frames) -> Frames:
        if DELIMITER not in frames:
            return frames
        at = frames.index(DELIMITER)
        parts = frames[at + 2 : at + 6]
        if len(parts) < 4:
            return frames
        return [*frames[: at + 1], self.kernel.session.sign(parts), *parts, *frames[at + 6 :]]

    def _signed_by_nobody(self, frames: Frames) -> Frames:
        if self._is_signed(frames):
            at = frames.index(DELIMITER) + 1
            signature = bytes([frames[at][0] ^ 1]) + frames[at][1:]
            return [*frames[:at], signature, *frames[at + 1 :]]
        return frames

    def _is_signed(self, frames: Frames) -> bool:
        if DELIMITER not in frames or len(frames) - frames.index(DELIMITER) < 6:
            return False
        at = frames.index(DELIMITER) + 1
        # Hexadecimal digits are digits in capitals, too.
        return self._signed_anew(frames)[at] == frames[at].lower()

    # -- reading

    def _await_answers(self) -> None:
        def is_owed() -> Iterator[str]:
            for msg_id, sent in self.sent.items():
                if sent.effect and not (self._is_replied(msg_id, sent) and self.states[msg_id][-1:] == ["idle"]):
                    yield msg_id

        self._require(Recorded("shell", "kernel_info_request", {}))
        self._require(Recorded("control", "kernel_info_request", {}))
        self._require(_execute("None"))
        self._wait(lambda: next(is_owed(), None) is None, lambda: [self.sent[msg_id] for msg_id in is_owed()])
        # Judged when all is over; only what may still say something is kept apart.
        for msg_id in [msg_id for msg_id, sent in self.sent.items() if sent.effect]:
            self._judge_one(msg_id, self.sent.pop(msg_id))

    def _is_replied(self, msg_id: str, sent: Sent) -> bool:
        return self.replies[msg_id] > 0 or not sent.msg_type.endswith("_request")

    def _wait(self, happened: Callable[[], bool], owed: Callable[[], list[Any]]) -> None:
        limit = time.monotonic() + LIMIT
        while not happened():
            assert self.kernel.exit_code is None, f"the kernel ended with {self.kernel.exit_code}\n{self._log()}"
            assert time.monotonic() < limit, f"after {LIMIT:g} s: {owed()}\n{self._log()}"
            self._read(limit=100)

    def _read(self, limit: int) -> None:
        ready = dict(self.kernel.poller.poll(limit))
        for channel, channel_socket in self.kernel.channels.items():
            while channel_socket in ready and channel_socket.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                self._receive(channel, channel_socket.recv_multipart())

    def _receive(self, channel: str, frames: Frames) -> None:
        at = frames.index(DELIMITER)
        header, parent, content = (json.loads(frames[at + part]) for part in (2, 3, 5))
        about = parent.get("msg_id", "")
        if channel == "stdin":
            self._answer(frames[:at], header)
        elif channel == "iopub":
            if header["msg_type"] == "status" and about:
                self.states[about].append(content["execution_state"])
        else:
            self.replies[about] += 1

    def _answer(self, identities: Frames, question: dict[str, Any]) -> None:
        """As a front end does; now and then behind an answer that is none."""
        if self.choice.random() < 0.3:
            self._transmit("stdin", [*identities, DELIMITER, b"", b"{}", b"{}", b"{}", b'{"value": "forged"}'])
        parts = [_json(self.kernel.session.msg_header("input_reply")), _json(question), b"{}", b'{"value": "typed"}']
        self._transmit("stdin", [*identities, DELIMITER, self.kernel.session.sign(parts), *parts])
        self.counts["answers to questions"] += 1

    # -- judging

    def _judge(self) -> None:
        def is_busy() -> list[str]:
            return [msg_id for msg_id, states in self.states.items() if states[-1:] == ["busy"]]

        # What was changed and is a request all the same may take its time, too.
        self._wait(lambda: not is_busy(), lambda: [self.sent.get(msg_id, msg_id) for msg_id in is_busy()])
        for msg_id, sent in self.sent.items():
            self._judge_one(msg_id, sent)
        log = self._log()
        assert "panicked" not in log, log

    def _judge_one(self, msg_id: str, sent: Sent) -> None:
        replies, states = self.replies.pop(msg_id, 0), self.states.pop(msg_id, [])
        if sent.effect is False:
            assert (replies, states) == (0, []), f"{sent} had an effect: {replies} replies, {states}"
        elif sent.effect:
            expected = int(sent.msg_type.endswith("_request"))
            assert (replies, states) == (expected, ["busy", "idle"]), f"{sent}: {replies} replies, {states}"
        else:
            assert replies <= 1, f"{sent}: {replies} replies"
            assert states in ([], ["busy", "idle"]), f"{sent}: {states}"

    def report(self) -> str:
        lines = [f"{self.counts.total()} messages in {time.monotonic() - self._begun:.0f} s"]
        lines += [f"  {what:20} {count:7}" for what, count in sorted(self.counts.items())]
        lines += [" ".join(["resident MB:", *(str(size >> 20) for size in self.memory)])]
        return "\n".join(lines)

    def _resident(self) -> int:
        status = Path(f"/proc/{self.kernel.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def _log(self) -> str:
        return Path(self.kernel.log.name).read_text(errors="replace")[-3000:]


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()


def _is_named_as_another(frames: Frames, msg_id: str) -> bool:
    """Whether a flipped bit in the header has made of `msg_id` what may be that of another message of this session."""
    session, _, _ = msg_id.rpartition("_")
    for frame in frames:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            name = json.loads(frame)["msg_id"]
            if isinstance(name, str) and name != msg_id and name.startswith(session):
                return True
    return False


def main(messages: int, seed: int) -> None:
    print(f"seed {seed}")
    kernel = Kernel(env={"EVERLOOP_LOG": "error"}).ready()
    fuzzer = Fuzzer(kernel, seed)
    try:
        fuzzer.run(messages)
    finally:
        print(fuzzer.report())
        kernel.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32))

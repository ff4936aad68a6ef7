"""A conversation over a network that loses packets: run as root, in a network namespace of its own.

``unshare --net python -m reliability.lossy`` in ``tests/python`` prints how many packets were lost, and of what was said.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile

from client import KERNEL_NAME, Kernel

from reliability import floods

#: The second one loses what comes faster than it lets pass; for systems without the first.
DISCIPLINES = [
    ["netem", "loss", "5%", "delay", "1ms"],
    ["tbf", "rate", "50mbit", "burst", "3000", "limit", "9000"],
]
ROUNDS = 30


def lose_packets() -> bool:
    """Makes the loopback interface of this namespace a bad one."""
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500", "up"], check=True)
    return any(
        subprocess.run(["tc", "qdisc", "add", "dev", "lo", "root", *discipline], stderr=subprocess.DEVNULL).returncode
        == 0
        for discipline in DISCIPLINES
    )


def dropped() -> int:
    said = subprocess.run(["tc", "-s", "qdisc", "show", "dev", "lo"], check=True, capture_output=True, text=True).stdout
    return sum(map(int, re.findall(r"dropped (\d+)", said)))


def talk(kernel: Kernel) -> None:
    """Everything that a front end asks, with answers that are not small."""
    kernel.ok("text = 'some text of a few thousand characters. ' * 100")
    for number in range(ROUNDS):
        cell = kernel.ok(f"print(text)\nprint({number} + 1)\n{number}")
        assert cell.stdout.endswith(f"\n{number + 1}\n")
        assert len(cell.stdout) > 4000
        assert cell.result == str(number)
        answer = kernel.request("complete_request", {"code": "tex", "cursor_pos": 3}).wait().reply
        assert "text" in answer["matches"]
    question = kernel.submit("input('? ')")
    kernel.answer(kernel.question(question), "an answer")
    assert question.wait().result == "'an answer'"
    busy = kernel.submit("while True: pass").wait_busy()
    kernel.interrupt("message")
    assert busy.wait().reply["ename"] == "KeyboardInterrupt"
    kernel.check()


def main() -> None:
    if not lose_packets():
        print(json.dumps({"skipped": "this system has no queueing discipline that loses packets"}))
        return
    with tempfile.TemporaryDirectory() as directory:
        kernel = Kernel(KERNEL_NAME, env={"IPYTHONDIR": directory, "XDG_DATA_HOME": directory}).ready()
        try:
            talk(kernel)
            flood = floods.run(kernel, floods.LINES.scaled(0.1))
            lost = {"reads": flood.fast, "slow": flood.slow, "stopped": flood.stopped}
            print(json.dumps({"packets": dropped(), "lost": lost, "again": flood.answer}))
        finally:
            kernel.close()


if __name__ == "__main__":
    main()

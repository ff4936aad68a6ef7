"""Where the time of a round trip and of a task switch goes, as flame graphs: python flame.py KERNEL DIRECTORY

Needs `perf` and inferno (`cargo install inferno`), and a binary with its symbols. Frames are the kernel's own, native ones: a function of Python
is a part of the interpreter's `run` there, and calls of it inside of each other are drawn as one.
"""

import argparse
import subprocess
import time
from pathlib import Path

from kernel import Kernel

SECONDS = 10
#: Bytes of the stack that are kept with each sample, the most that perf takes: the interpreter's frames are large.
STACK = 65_528
FREQUENCY = 250
LOOP = b"everloop::event_loop::core::LoopCore::turn;"

SWITCHES = f"""
import asyncio, time

async def bench_switch():
    end = time.perf_counter() + {SECONDS}
    while time.perf_counter() < end:
        for _ in range(1000):
            await asyncio.sleep(0)

await asyncio.gather(bench_switch(), bench_switch())
"""


def round_trips(kernel):
    """Cells with a result, with IPython loaded."""
    kernel.run("import IPython\nbench_value = 1")
    for _ in range(500):
        kernel.run("bench_value")
    yield
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        kernel.run("bench_value")


def task_switches(kernel):
    """Two tasks that sleep until the loop's next turn, again and again."""
    kernel.run("import asyncio")
    yield
    kernel.run(SWITCHES)


def record(name, load, directory):
    with Kernel(name) as kernel:
        kernel.timeout(60 + SECONDS)
        kernel.wait_ready()
        steps = load(kernel)
        next(steps)
        data = directory / "perf.data"
        options = ["-e", "cpu-clock", "-F", str(FREQUENCY), "--call-graph", f"dwarf,{STACK}"]
        perf = subprocess.Popen(["perf", "record", "-q", *options, "-p", str(kernel.popen.pid), "-o", data])
        for _ in steps:
            pass
    perf.wait()
    draw(data, load, directory)
    data.unlink()


def draw(data, load, directory):
    title = load.__name__.replace("_", " ").capitalize()
    stacks = filtered(filtered(b"", "perf", "script", "--no-inline", "-i", data), "inferno-collapse-perf")
    stacks = b"\n".join(map(above_the_loop, stacks.splitlines()))
    stacks = filtered(stacks, "inferno-collapse-recursive")
    labels = ["--title", title, "--subtitle", load.__doc__]
    graph = filtered(stacks, "inferno-flamegraph", *labels, "--minwidth", "0.2", "--colors", "rust")
    name = directory / f"flame-{load.__name__.replace('_', '-')}.svg"
    name.write_bytes(graph)
    print(name, len(graph) // 1024, "KB")


def filtered(text, *command):
    return subprocess.run(command, input=text, check=True, capture_output=True).stdout


def above_the_loop(stack):
    """A stack without what is below each turn of the loop."""
    thread, _, frames = stack.partition(b";")
    _, found, turn = frames.partition(LOOP)
    return thread + b";" + LOOP + turn if found else stack


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernel")
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    for load in (round_trips, task_switches):
        record(arguments.kernel, load, arguments.directory)


if __name__ == "__main__":
    main()

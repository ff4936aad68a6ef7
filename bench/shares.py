"""Whose time a request takes: python shares.py KERNEL [KERNEL ...]

The client, which signs, packs, polls and unpacks on one core, is a part of every round trip, and the same for every
kernel. No kernel answers faster than it asks.
"""

import argparse
import os
import subprocess
import time
from collections import Counter

from kernel import Kernel

COUNT = 2_000
LARGE = 5
CODE = "import os; os.pa"


def requests(kernel):
    """What is asked, and how often."""
    yield "kernel_info", COUNT, lambda: kernel.ask("kernel_info_request", {})
    yield "execute", COUNT, lambda: kernel.run("pass")
    yield "result", COUNT, lambda: kernel.run("1+1")
    yield "await", COUNT, lambda: kernel.run("await asyncio.sleep(0)")
    yield "inspect", COUNT, lambda: kernel.ask("inspect_request", {"code": "len", "cursor_pos": 3, "detail_level": 0})
    yield "complete", 50, lambda: kernel.ask("complete_request", {"code": CODE, "cursor_pos": len(CODE)})
    yield "big_stdout", LARGE, lambda: kernel.run("print('x' * 50_000_000)")
    yield "big_result", LARGE, lambda: kernel.run("'x' * 20_000_000")


def pipelined(kernel, count):
    cells = [kernel.send_cell("pass") for _ in range(count)]
    kernel.finish(cells[-1])


def cpu_by_thread(kernel):
    """CPU seconds used by the threads of a kernel and of its children, by their names."""
    seconds = Counter()
    for process in kernel.processes():
        for task in os.listdir(f"/proc/{process.pid}/task"):
            folder = f"/proc/{process.pid}/task/{task}"
            with open(f"{folder}/comm") as comm, open(f"{folder}/schedstat") as schedstat:
                seconds[comm.read().strip()] += int(schedstat.read().split()[0]) / 1e9
    return seconds


def shares(kernel, count, ask):
    """Microseconds for one of so many requests: by the clock, CPU time of the client, and of the kernel's threads."""
    before, client, start = cpu_by_thread(kernel), time.process_time(), time.perf_counter()
    ask()
    clock, client = time.perf_counter() - start, time.process_time() - client
    # Threads that have ended meanwhile are missing.
    threads = cpu_by_thread(kernel) - before
    return clock / count * 1e6, client / count * 1e6, {name: used / count * 1e6 for name, used in threads.items()}


def repeated(ask, count):
    return lambda: [ask() for _ in range(count)]


def measure(name):
    with Kernel(name, subprocess.DEVNULL) as kernel:
        kernel.timeout(600)
        kernel.wait_ready()
        kernel.run("import asyncio, os")
        for _ in range(COUNT // 10):  # by then everything is loaded that is loaded behind the first cells
            kernel.run("1+1")
        for what, count, ask in requests(kernel):
            yield what, shares(kernel, count, repeated(ask, count))
        yield "pipelined", shares(kernel, COUNT, lambda: pipelined(kernel, COUNT))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernels", nargs="+", metavar="KERNEL")
    for name in parser.parse_args().kernels:
        print(f"\n| {name} | clock, µs | client's CPU | kernel's CPU | its threads |\n|---|---|---|---|---|")
        for what, (clock, client, threads) in measure(name):
            shown = ", ".join(f"{thread} {used:,.0f}" for thread, used in sorted(threads.items()) if used >= 1)
            print(f"| {what} | {clock:,.0f} | {client:,.0f} | {sum(threads.values()):,.0f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()

"""What a cell costs as a notebook grows, and a background task as there are more of them: python growth.py KERNEL [KERNEL ...]

Either cost has to be flat: a day of work must not slow the kernel down.
"""

import argparse
import statistics
import subprocess

from probes import milliseconds

from kernel import Kernel

COUNTS = (10, 1_000, 100_000)
SAMPLE = 200  # cells whose median is taken
STEPS = 200_000  # of all tasks together

# A step: the task sleeps until the loop's next turn. Each of them is created, and takes as many as the others.
TASK_STEPS = """
async def bench_steps(count, steps):
    import asyncio, time

    async def task():
        for _ in range(steps):
            await asyncio.sleep(0)

    start = time.perf_counter()
    await asyncio.gather(*[asyncio.create_task(task()) for _ in range(count)])
    return (time.perf_counter() - start) / (count * steps) * 1e6
"""


def counts(most):
    return [count for count in COUNTS if count <= most]


def cell(number):
    """A cell with a name of its own, output and a result, as notebooks have them."""
    return f"growth_{number} = {number}\nprint('line', growth_{number})\ngrowth_{number}"


def cost_per_cell(name, most):
    """Milliseconds for a cell once so many have run, and the memory (MB) that the kernel has then."""
    with Kernel(name, subprocess.DEVNULL) as kernel:
        kernel.timeout(30)
        kernel.wait_ready()
        done = 0
        for count in counts(most):
            kernel.timeout(3_600)
            while done < count:
                kernel.run(cell(done))
                done += 1
            times = milliseconds(lambda: kernel.run("growth_1"), SAMPLE)
            yield count, statistics.median(times), kernel.memory()[0]


def cost_per_task(name, most):
    """Microseconds for a step of a task while so many others do the same, and the memory (MB) that the kernel has then."""
    with Kernel(name, subprocess.DEVNULL) as kernel:
        kernel.timeout(120)
        kernel.wait_ready()
        kernel.run(TASK_STEPS)
        for count in counts(most):
            call = f"await bench_steps({count}, {max(2, STEPS // count)})"
            yield count, statistics.median(kernel.value(call) for _ in range(3)), kernel.memory()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernels", nargs="+", metavar="KERNEL", help="kernelspec names")
    parser.add_argument("--most", type=int, default=COUNTS[-1], help="the largest number of cells and of tasks")
    options = parser.parse_args()

    columns = ["kernel", "what", *[f"{count:,}" for count in counts(options.most)]]
    print(f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", sep="\n")
    for name in options.kernels:
        for what, unit, measure in (("a cell", "ms", cost_per_cell), ("a task's step", "µs", cost_per_task)):
            row = [f"{cost:.3g} {unit}, {memory:.0f} MB" for _, cost, memory in measure(name, options.most)]
            print("|", " | ".join([name, what, *row]), "|", flush=True)


if __name__ == "__main__":
    main()

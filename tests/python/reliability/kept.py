"""What a kernel keeps of each kind of work: one kind alone, again and again, in a kernel of its own.

``python -m reliability.kept`` in ``tests/python``.
"""

from __future__ import annotations

import argparse
import tempfile

from client import KERNEL_NAME, Kernel

from reliability import process
from reliability.work import Job, jobs_for, prepare

#: After so many the same numbers come again.
NUMBERS = 20
#: Of the times, how many pass before the memory is noted.
WARM_UP = 0.3


def repeat(kernel: Kernel, job: Job, times: int, begin: int = 0) -> None:
    for number in range(begin, begin + times):
        job(kernel, number % NUMBERS)
        kernel.requests.clear()
        kernel.transcript.clear()


def kept(kernel: Kernel, job: Job, times: int) -> float:
    """Bytes by each time, as far as RSS tells."""
    warm_up = int(times * WARM_UP)
    repeat(kernel, job, warm_up)
    before = process.memory(kernel.pid)[0]
    repeat(kernel, job, times - warm_up, warm_up)
    return (process.memory(kernel.pid)[0] - before) * process.MEGABYTE / (times - warm_up)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", default=KERNEL_NAME)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("jobs", nargs="*")
    arguments = parser.parse_args()
    names: list[str] = arguments.jobs
    with tempfile.TemporaryDirectory() as directory:
        done = False
        while not done:
            kernel = Kernel(arguments.kernel, env={"IPYTHONDIR": directory, "XDG_DATA_HOME": directory}).ready()
            try:
                prepare(kernel)
                names = names or [job.__name__ for job in jobs_for(kernel)]
                name = names.pop(0)
                (job,) = (job for job in jobs_for(kernel) if job.__name__ == name)
                print(f"{name:20} {kept(kernel, job, arguments.times):10.0f} bytes", flush=True)
            finally:
                kernel.close()
            done = not names


if __name__ == "__main__":
    main()

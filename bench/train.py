"""Put a kernel to the work that its profile is recorded from: python train.py KERNEL PROGRAM

The probes of this bench, once each, and what `pyperformance` has of pure Python, which PROGRAM (`everloop`) runs with its
`python`. Nothing is measured: a kernel that counts is slow. Each kernel ends in order, since it writes at its end what it has counted.
"""

import argparse
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from probes import PROBES

from kernel import Kernel

# Without those that need a library, or minutes.
BENCHMARKS = """
    async_generators asyncio_tcp barnes_hut chaos comprehensions coroutines deepcopy deltablue fannkuch float generators go
    hexiom json_dumps json_loads logging meteor_contest nbody nqueens pathlib pidigits pyflate raytrace regex_compile
    regex_dna regex_effbot regex_v8 richards richards_super spectral_norm sqlite_synth telco typing_runtime_protocols
    unpack_sequence xml_etree
""".split()

# Nothing happens in it.
LEFT_OUT = {"idle"}
LIMIT = 120


class CountingKernel(Kernel):
    """A kernel that ends by itself."""

    def close(self):
        try:
            if self.manager.has_kernel:
                self.manager.shutdown_kernel(now=False)
        finally:
            self.manager.context.destroy(linger=0)


def run_probe(probe, name):
    with CountingKernel(name) as kernel:
        if not probe.fresh:
            kernel.wait_ready()
        kernel.timeout(probe.timeout)
        probe.run(kernel)


def run_benchmark(benchmark, program):
    directory = Path(find_spec("pyperformance").origin).parent / "data-files" / "benchmarks"
    script = directory / f"bm_{benchmark}" / "run_benchmark.py"
    environment = os.environ | {"PYTHONPATH": str(Path(find_spec("pyperf").origin).parent.parent)}
    command = [program, "python", script, "--debug-single-value"]
    subprocess.run(command, env=environment, timeout=LIMIT, check=True, capture_output=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel", metavar="KERNEL", help="a kernelspec's name")
    parser.add_argument("program", metavar="PROGRAM", help="the kernel's binary")
    options = parser.parse_args()

    works = [(probe.name, run_probe, probe, options.kernel) for probe in PROBES if probe.name not in LEFT_OUT]
    works += [(name, run_benchmark, name, options.program) for name in BENCHMARKS]
    failed = 0
    for name, run, *arguments in works:
        begin = time.monotonic()
        try:
            run(*arguments)
            outcome = "done"
        except Exception as error:
            failed += 1
            outcome = f"failed: {type(error).__name__}: {error}"
        print(f"{time.monotonic() - begin:5.1f} s  {name}  {outcome}", flush=True)
    if failed:
        sys.exit(f"{failed} of {len(works)} failed: the profile would lack them")


if __name__ == "__main__":
    main()

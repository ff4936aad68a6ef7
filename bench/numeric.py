"""Functions of numbers: interpreted here, compiled here, and in another Python, in turns.

    bench/numeric.py [--everloop BINARY] [--other PYTHON] [--rounds N]

Each line has the least CPU time of a call in milliseconds. A compiled function is called once before, which makes its code;
how long that took is in the last column.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

PROGRAM = """
import math

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def squares(n):
    total = 0
    for i in range(n):
        total += i * i % 1023
    return total

def floats(n):
    total = 0.0
    for i in range(1, n):
        total += 1.0 / (i * i)
    return math.sqrt(6 * total)

def mandelbrot(n):
    total = 0
    for row in range(n):
        for column in range(n):
            a = column / n * 3.5 - 2.5
            b = row / n * 2.0 - 1.0
            x = y = 0.0
            turns = 0
            while x * x + y * y <= 4.0 and turns < 100:
                x, y = x * x - y * y + a, 2.0 * x * y + b
                turns += 1
            total += turns
    return total

def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

def longest_collatz(limit):
    longest = 0
    for n in range(1, limit):
        longest = max(longest, collatz(n))
    return longest

def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)

def spectral_rows(n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += element(i, j)
    return total

def monte_carlo(n):
    seed, hits = 12345, 0
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        x = seed / 2147483648
        seed = (seed * 1103515245 + 12345) % 2147483648
        y = seed / 2147483648
        if x * x + y * y <= 1.0:
            hits += 1
    return 4.0 * hits / n

def pull(x, y, z):
    distance = x * x + y * y + z * z
    return 0.01 / (distance * math.sqrt(distance))

def two_bodies(steps):
    x, y, z, vx, vy, vz = 4.84, -1.16, -0.10, 0.6, 2.8, -0.02
    for _ in range(steps):
        force = pull(x, y, z) * 39.47
        vx, vy, vz = vx - x * force, vy - y * force, vz - z * force
        x, y, z = x + 0.01 * vx, y + 0.01 * vy, z + 0.01 * vz
    return x, y, z

def sines(n):
    return sum(math.sin(i) * math.exp(-i / n) for i in range(n))

def sieve(n):
    is_prime = [True] * n
    count = 0
    for i in range(2, n):
        if is_prime[i]:
            count += 1
            for j in range(i * i, n, i):
                is_prime[j] = False
    return count

def small(a, b):
    return a * b + 1

def small_calls(n):
    value = 0
    for _ in range(n):
        value = small(value & 1023, 3)
    return value
"""

CALLS = {
    "fib": 24,
    "squares": 300_000,
    "floats": 300_000,
    "mandelbrot": 60,
    "longest_collatz": 4_000,
    "spectral_rows": 250,
    "monte_carlo": 100_000,
    "two_bodies": 60_000,
    "sines": 150_000,
    "sieve": 200_000,
}

RUNNER = """
import json, sys, time
calls, compiles = json.loads(sys.argv[1]), sys.argv[2] == "compiled"
names = {"__name__": "__main__"}
if compiles:
    import linecache
    from everloop import jit
    linecache.cache["<numeric>"] = (len(PROGRAM), None, PROGRAM.splitlines(True), "<numeric>")
exec(compile(PROGRAM, "<numeric>", "exec"), names)
if compiles:
    for name, function in list(names.items()):
        if type(function).__name__ == "function" and name != "small_calls":
            names[name] = jit(function)
result = {}
for name, argument in calls.items():
    function = names[name]
    begun = time.process_time()
    if compiles:
        function(1)
    making = time.process_time() - begun
    times = []
    for _ in range(3):
        begun = time.process_time()
        value = function(argument)
        times.append(time.process_time() - begun)
    result[name] = [min(times), making, repr(value)]
print(json.dumps(result))
"""


def run(command: list[str], how: str) -> dict[str, list]:
    script = f"PROGRAM = {PROGRAM!r}\n{RUNNER}"
    calls = {**CALLS, "small_calls": 100_000}
    done = subprocess.run([*command, "-c", script, json.dumps(calls), how], capture_output=True, text=True, check=True)
    if done.stderr:
        sys.stderr.write(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--everloop", default="everloop")
    parser.add_argument("--other", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ways = {
        "other": ([options.other], "interpreted"),
        "interpreted": ([options.everloop, "python"], "interpreted"),
        "compiled": ([options.everloop, "python"], "compiled"),
    }
    best: dict[tuple[str, str], tuple[float, float]] = {}
    values: dict[str, set[str]] = {}
    for _ in range(options.rounds):
        for way, (command, how) in ways.items():
            for name, (took, making, value) in run(command, how).items():
                values.setdefault(name, set()).add(value)
                best[name, way] = min(best.get((name, way), (took, making)), (took, making))
    version = subprocess.run([options.other, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{version}; {time.strftime('%Y-%m-%d')}, {options.rounds} rounds")
    print(f"{'':16} {'other':>9} {'interpreted':>12} {'compiled':>9} {'other/compiled':>15} {'made in':>8}")
    for name in values:
        other, interpreted, compiled = (best[name, way][0] * 1e3 for way in ways)
        making = best[name, "compiled"][1] * 1e3
        print(f"{name:16} {other:9.2f} {interpreted:12.2f} {compiled:9.3f} {other / compiled:14.1f}x {making:7.1f}")
        if len(values[name]) > 1:
            print(f"  different values: {values[name]}")


if __name__ == "__main__":
    main()

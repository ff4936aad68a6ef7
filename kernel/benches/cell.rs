//! What the text of a cell costs before it runs: the cell transformer, over cells as they are typed and over cells of
//! 10,000 lines, for which the time has to be linear.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use everloop::cell::{completeness, transform};

const LINES: usize = 10_000;

const PLAIN: &str = "\
import math

def area(radius):
    return math.pi * radius ** 2

[area(radius) for radius in range(10)]
";

const MAGIC: &str = "\
%matplotlib inline
files = !ls -l
print(files)
";

/// Functions with loops in them, strings and comments.
fn plain(lines: usize) -> String {
    let mut code = String::new();
    for number in 0..lines / 8 {
        write!(
            code,
            "def function_{number}(first, second=None, *rest):\n    \
             \"\"\"What the function does: {number}% of it.\"\"\"\n    \
             total = {{'a': first, 'b': [second, {number}]}}  # a comment\n    \
             for value in rest:\n        \
             if value != {number} and value % 2 == 0:\n            \
             print(f'{{value!r:>10}}: {{total[\"a\"]}}', end='')\n    \
             return total\n\n"
        )
        .expect("a string takes everything");
    }
    code
}

/// Magics, shell escapes, help and assignments, each followed by Python.
fn magics(lines: usize) -> String {
    let mut code = String::new();
    for number in 0..lines / 8 {
        write!(
            code,
            "%time function_{number}(it's)\nx = {number}\n!echo {{x}} (\ny = !ls -l '{number}'\n\
             z = %timeit x\nobject_{number}.attribute?\nif x:\n    %run file_{number}.py\n"
        )
        .expect("a string takes everything");
    }
    code
}

/// One bracket around everything, with lines in it that would be magics outside.
fn bracket(lines: usize) -> String {
    format!("x = [\n{}]\n", "    %time,\n".repeat(lines))
}

/// Commands that leave a bracket open, so that whether they ask for help is found out far below.
fn open_brackets(lines: usize) -> String {
    "!echo ) ( ?x\n".repeat(lines)
}

fn cell(criterion: &mut Criterion) {
    let cells = [
        ("short_plain", PLAIN.to_owned()),
        ("short_magic", MAGIC.to_owned()),
        ("long_plain", plain(LINES)),
        ("long_magics", magics(LINES)),
        ("long_bracket", bracket(LINES)),
        ("long_open_brackets", open_brackets(LINES)),
    ];
    let mut group = criterion.benchmark_group("transform");
    for (name, code) in &cells {
        group.throughput(Throughput::Bytes(code.len() as u64));
        group.bench_function(*name, |bencher| bencher.iter(|| transform(black_box(code))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("completeness");
    for (name, code) in &cells[..4] {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| completeness(black_box(code)));
        });
    }
}

criterion_group!(benches, cell);
criterion_main!(benches);

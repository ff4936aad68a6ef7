//! The primitives of the loop, in an interpreter of their own: what one `call_soon`, timer, step of a task, future or
//! round trip through a socket costs. `make bench` compares them with another kernel's.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rustpython_vm::{Interpreter, PyObjectRef, PyResult, VirtualMachine, scope::Scope};

/// Each function runs its subject `count` times on a new loop and returns the seconds that it took.
const SUBJECTS: &str = include_str!("subjects.py");

const NAMES: [&str; 8] = [
    "call_soon",
    "call_soon_threadsafe",
    "timers",
    "sleep_zero",
    "create_task",
    "gather",
    "queue",
    "stream_echo",
];

fn load(vm: &VirtualMachine) -> PyResult<Scope> {
    let scope = vm.new_scope_with_builtins();
    vm.run_string(scope.clone(), SUBJECTS, "subjects.py")?;
    Ok(scope)
}

fn seconds(subject: &PyObjectRef, count: u64, vm: &VirtualMachine) -> PyResult<f64> {
    subject
        .call((count,), vm)?
        .try_float(vm)
        .map(|seconds| seconds.to_f64())
}

fn measure(criterion: &mut Criterion, interpreter: &Interpreter) {
    interpreter.enter(|vm| {
        let scope = load(vm).expect("the subjects are valid Python");
        for name in NAMES {
            let subject = scope
                .globals
                .get_item(name, vm)
                .expect("each subject is defined");
            criterion.bench_function(name, |bencher| {
                bencher.iter_custom(|count| {
                    let seconds = seconds(&subject, count, vm).expect("the subject runs");
                    Duration::from_secs_f64(seconds)
                });
            });
        }
    });
}

fn event_loop(criterion: &mut Criterion) {
    let interpreter = everloop::python::embedded().expect("the interpreter starts");
    measure(criterion, &interpreter);
}

criterion_group!(benches, event_loop);
criterion_main!(benches);

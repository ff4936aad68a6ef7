//! `LoopCore`, the native base class of `EverLoop`, and one turn of the loop.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use polling::Events;
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyType,
    common::lock::PyMutex,
    convert::IntoPyException,
    function::FuncArgs,
    pyclass, signal,
    types::{Callable, Constructor},
};

use super::driver::Driver;
use super::handle::{Callback, Handle, TimerHandle};
use super::readiness::{Direction, Watches};
use super::timers::Timers;
use super::wake::Wake;

/// While handles are ready, descriptors are looked at no more often than this: a look costs a system call.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

/// What the loop's hot path reads and writes. `EverLoop` inherits from it and from asyncio's selector loop.
#[pyclass(module = "_everloop", name = "LoopCore")]
#[derive(Debug, PyPayload)]
pub struct LoopCore {
    ready: PyMutex<VecDeque<PyObjectRef>>,
    scheduled: PyMutex<Timers>,
    watches: PyMutex<Watches>,
    driver: OnceLock<Driver>,
    wake: Arc<Wake>,
    last_poll: PyMutex<Instant>,
    debug: AtomicBool,
    closed: AtomicBool,
    stopping: AtomicBool,
    /// How many runs of the loop are on the stack: above 1 it was entered again from inside a callback.
    depth: AtomicU32,
    /// The innermost run has to raise KeyboardInterrupt at its next turn.
    interrupted: AtomicBool,
}

impl LoopCore {
    fn new() -> Self {
        Self {
            ready: PyMutex::new(VecDeque::new()),
            scheduled: PyMutex::new(Timers::default()),
            watches: PyMutex::new(Watches::default()),
            driver: OnceLock::new(),
            wake: Arc::default(),
            last_poll: PyMutex::new(Instant::now()),
            debug: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            depth: AtomicU32::new(0),
            interrupted: AtomicBool::new(false),
        }
    }

    /// Where other threads ring and leave jobs.
    #[must_use]
    pub fn wake(&self) -> &Arc<Wake> {
        &self.wake
    }

    /// How many runs of the loop are on the stack.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth.load(Ordering::Relaxed)
    }

    /// Makes the innermost run raise `KeyboardInterrupt` at its next turn.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.wake.ring();
    }

    fn driver(&self, vm: &VirtualMachine) -> PyResult<&Driver> {
        if let Some(driver) = self.driver.get() {
            return Ok(driver);
        }
        let driver = Driver::new().map_err(|error| error.into_pyexception(vm))?;
        Ok(self.driver.get_or_init(|| driver))
    }

    fn check_closed(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(vm.new_runtime_error("Event loop is closed"));
        }
        Ok(())
    }

    fn new_handle(zelf: &Py<Self>, call: Call, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        let context = match call.context {
            Some(context) => context,
            None => copy_context(vm)?,
        };
        Ok(Handle::new(call.callback, context, zelf.as_object().to_owned()).into_ref(&vm.ctx))
    }

    fn schedule(zelf: &Py<Self>, when: f64, call: Call, vm: &VirtualMachine) -> PyResult {
        let handle = Self::new_handle(zelf, call, vm)?;
        let timer = TimerHandle::new(handle, when).into_ref(&vm.ctx);
        zelf.scheduled.lock().push(timer.clone());
        Ok(timer.into())
    }

    /// Takes turns until `stop()` was called, or until `completion` is set if there is one.
    ///
    /// # Errors
    /// What a callback raises to end the run: `KeyboardInterrupt` and `SystemExit`.
    pub fn run_turns(
        zelf: &Py<Self>,
        completion: Option<PyRef<Completion>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.depth.fetch_add(1, Ordering::Relaxed);
        // A nested run is inside a step of a task; the tasks that it steps must not find that one current.
        let task = vm.asyncio_running_task.borrow_mut().take();
        let result = loop {
            if completion
                .as_ref()
                .is_some_and(|completion| completion.is_set())
            {
                break Ok(());
            }
            if let Err(raised) = Self::turn(zelf, vm) {
                break Err(raised);
            }
            if zelf.stopping.swap(false, Ordering::Relaxed) {
                break Ok(());
            }
        };
        *vm.asyncio_running_task.borrow_mut() = task;
        zelf.depth.fetch_sub(1, Ordering::Relaxed);
        result
    }

    /// One iteration of the loop, as `asyncio.base_events._run_once`: jobs of other threads, then waiting if there is
    /// nothing to do, then the handles that are ready now. Those that they make ready run in the next turn.
    fn turn(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        for job in zelf.wake.take_jobs() {
            job(vm)?;
        }
        signal::check_signals(vm)?;
        zelf.raise_if_interrupted(vm)?;
        zelf.wait(vm)?;
        zelf.collect_due();
        zelf.run_ready(vm)
    }

    fn raise_if_interrupted(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.interrupted.swap(false, Ordering::Relaxed) {
            return Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned()));
        }
        Ok(())
    }

    /// Parks if nothing is ready, else looks at the descriptors now and then; handles of ready descriptors become ready.
    fn wait(&self, vm: &VirtualMachine) -> PyResult<()> {
        let busy = !self.ready.lock().is_empty()
            || self.stopping.load(Ordering::Relaxed)
            || self.wake.has_jobs();
        let limit = self.time_to_next_timer();
        let due = limit.is_some_and(|limit| limit.is_zero());
        let mut events = Events::new();
        if busy || due {
            if self.watches.lock().is_empty() || !self.poll_is_due() {
                return Ok(());
            }
            let driver = self.driver(vm)?;
            driver
                .readiness
                .poll(&mut events)
                .map_err(|error| error.into_pyexception(vm))?;
        } else {
            let driver = self.driver(vm)?;
            driver
                .park(&self.wake, limit, &mut events, vm)
                .map_err(|error| error.into_pyexception(vm))?;
            for job in self.wake.take_jobs() {
                job(vm)?;
            }
            signal::check_signals(vm)?;
            self.raise_if_interrupted(vm)?;
        }
        let watches = self.watches.lock();
        let mut ready = self.ready.lock();
        for event in events.iter() {
            ready.extend(watches.ready(&event));
        }
        Ok(())
    }

    fn poll_is_due(&self) -> bool {
        let mut last = self.last_poll.lock();
        let now = Instant::now();
        if now.duration_since(*last) < POLL_INTERVAL {
            return false;
        }
        *last = now;
        true
    }

    fn time_to_next_timer(&self) -> Option<Duration> {
        let when = self.scheduled.lock().next_when()?;
        // A timer in the year 3000 is more than the clock can name: wait for as long as it can.
        Some(
            Duration::try_from_secs_f64((when - monotonic()).max(0.0))
                .unwrap_or(Duration::from_hours(24 * 365)),
        )
    }

    fn collect_due(&self) {
        let mut scheduled = self.scheduled.lock();
        if scheduled.next_when().is_none() {
            return;
        }
        let now = monotonic();
        let mut ready = self.ready.lock();
        while let Some(timer) = scheduled.pop_due(now) {
            ready.push_back(timer.into());
        }
    }

    fn run_ready(&self, vm: &VirtualMachine) -> PyResult<()> {
        // Only those that are ready now, so that descriptors and timers get their turn.
        let count = self.ready.lock().len();
        for _ in 0..count {
            let Some(handle) = self.ready.lock().pop_front() else {
                break;
            };
            run_handle(&handle, vm)?;
        }
        Ok(())
    }
}

/// Runs one handle of the ready queue: ours, or one that is asyncio's own (debug mode, user code).
fn run_handle(handle: &PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    if let Some(handle) = handle.downcast_ref::<Handle>() {
        return Handle::run(handle, vm);
    }
    if let Some(timer) = handle.downcast_ref::<TimerHandle>() {
        return Handle::run(&timer.handle, vm);
    }
    if handle.get_attr("_cancelled", vm)?.try_to_bool(vm)? {
        return Ok(());
    }
    vm.call_method(handle, "_run", ()).map(drop)
}

/// Seconds of the clock that `time.monotonic` shows.
fn monotonic() -> f64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    #[expect(unsafe_code, reason = "the clock is a system call")]
    // SAFETY: `now` is a valid timespec to write to.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now)
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since the machine started, and fewer than 1e9 nanoseconds"
    )]
    let seconds = now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9;
    seconds
}

fn copy_context(vm: &VirtualMachine) -> PyResult {
    static COPY_CONTEXT: OnceLock<PyObjectRef> = OnceLock::new();
    if let Some(copy_context) = COPY_CONTEXT.get() {
        return copy_context.call((), vm);
    }
    let copy_context = vm.import("_contextvars", 0)?.get_attr("copy_context", vm)?;
    COPY_CONTEXT.get_or_init(|| copy_context).call((), vm)
}

/// The arguments of `call_soon(callback, *args, context=None)` and its siblings.
struct Call {
    callback: Callback,
    context: Option<PyObjectRef>,
}

impl Call {
    /// Takes the arguments apart after `leading` of them were taken off already.
    fn from_args(method: &str, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let context = args
            .take_keyword("context")
            .filter(|context| !vm.is_none(context));
        if let Some((name, _)) = args.kwargs.first() {
            return Err(vm.new_type_error(format!(
                "{method}() got an unexpected keyword argument '{name}'"
            )));
        }
        if args.args.is_empty() {
            return Err(vm.new_type_error(format!(
                "{method}() missing 1 required positional argument: 'callback'"
            )));
        }
        let function = args.args.remove(0);
        Ok(Self {
            callback: Callback {
                function,
                args: args.args,
            },
            context,
        })
    }
}

fn take_seconds(
    method: &str,
    name: &str,
    args: &mut FuncArgs,
    vm: &VirtualMachine,
) -> PyResult<f64> {
    if args.args.is_empty() {
        return Err(vm.new_type_error(format!(
            "{method}() missing 1 required positional argument: '{name}'"
        )));
    }
    let seconds = args.args.remove(0);
    if vm.is_none(&seconds) {
        let verb = if name == "when" { "cannot" } else { "must not" };
        return Err(vm.new_type_error(format!("{name} {verb} be None")));
    }
    seconds.try_float(vm).map(|seconds| seconds.to_f64())
}

impl Constructor for LoopCore {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::new())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl LoopCore {
    #[pymethod]
    fn call_soon(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_closed(vm)?;
        if zelf.debug.load(Ordering::Relaxed) {
            return vm.call_method(zelf.as_object(), "_call_soon_in_debug_mode", args);
        }
        let handle = Self::new_handle(&zelf, Call::from_args("call_soon", args, vm)?, vm)?;
        zelf.ready.lock().push_back(handle.clone().into());
        Ok(handle.into())
    }

    #[pymethod]
    fn call_soon_threadsafe(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_closed(vm)?;
        let handle = if zelf.debug.load(Ordering::Relaxed) {
            vm.call_method(
                zelf.as_object(),
                "_call_soon_threadsafe_in_debug_mode",
                args,
            )?
        } else {
            let handle = Self::new_handle(
                &zelf,
                Call::from_args("call_soon_threadsafe", args, vm)?,
                vm,
            )?;
            zelf.ready.lock().push_back(handle.clone().into());
            handle.into()
        };
        zelf.wake.ring();
        Ok(handle)
    }

    #[pymethod]
    fn call_later(zelf: PyRef<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if let Some(delay) = args.take_keyword("delay") {
            args.prepend_arg(delay);
        }
        let when = monotonic() + take_seconds("call_later", "delay", &mut args, vm)?;
        args.prepend_arg(vm.ctx.new_float(when).into());
        Self::call_at(zelf, args, vm)
    }

    #[pymethod]
    fn call_at(zelf: PyRef<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if let Some(when) = args.take_keyword("when") {
            args.prepend_arg(when);
        }
        let debug = zelf.debug.load(Ordering::Relaxed).then(|| args.clone());
        let when = take_seconds("call_at", "when", &mut args, vm)?;
        zelf.check_closed(vm)?;
        if let Some(args) = debug {
            vm.call_method(zelf.as_object(), "_check_call_at", args)?;
        }
        Self::schedule(&zelf, when, Call::from_args("call_at", args, vm)?, vm)
    }

    #[pymethod]
    fn time(_zelf: &Py<Self>) -> f64 {
        monotonic()
    }

    /// Puts a handle that exists already at the end of the ready queue.
    #[pymethod]
    fn _add_callback(zelf: &Py<Self>, handle: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if !handle.get_attr("_cancelled", vm)?.try_to_bool(vm)? {
            zelf.ready.lock().push_back(handle);
        }
        Ok(())
    }

    #[pymethod]
    fn _timer_handle_cancelled(zelf: &Py<Self>, _timer: PyObjectRef) {
        zelf.scheduled.lock().note_cancelled();
    }

    /// Sets the handle that runs when the descriptor is readable (or writable) and returns the one before.
    #[pymethod]
    fn _watch(
        zelf: &Py<Self>,
        fd: RawFd,
        writing: bool,
        handle: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult {
        let poller = zelf.driver(vm)?.readiness.poller();
        let replaced = zelf
            .watches
            .lock()
            .set(poller, fd, direction(writing), handle);
        match replaced {
            Ok(replaced) => Ok(vm.unwrap_or_none(replaced)),
            Err(error) => Err(file_error(&error, vm)),
        }
    }

    /// Takes the handle of a descriptor away and returns it, or None.
    #[pymethod]
    fn _unwatch(zelf: &Py<Self>, fd: RawFd, writing: bool, vm: &VirtualMachine) -> PyResult {
        let poller = zelf.driver(vm)?.readiness.poller();
        let removed = zelf.watches.lock().unset(poller, fd, direction(writing));
        Ok(vm.unwrap_or_none(removed))
    }

    #[pymethod]
    fn _run_turns(
        zelf: PyRef<Self>,
        completion: Option<PyRef<Completion>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run_turns(&zelf, completion, vm)
    }

    #[pymethod]
    fn stop(zelf: &Py<Self>) {
        zelf.stopping.store(true, Ordering::Relaxed);
        zelf.wake.ring();
    }

    /// Ends a parked turn from whatever thread.
    #[pymethod]
    fn _write_to_self(zelf: &Py<Self>) {
        zelf.wake.ring();
    }

    /// Forgets everything that was to run.
    #[pymethod]
    fn _clear(zelf: &Py<Self>) {
        let ready = std::mem::take(&mut *zelf.ready.lock());
        drop(ready);
        zelf.scheduled.lock().clear();
        zelf.watches.lock().clear();
    }

    #[pymethod]
    fn get_debug(zelf: &Py<Self>) -> bool {
        zelf.debug.load(Ordering::Relaxed)
    }

    #[pygetset]
    fn _depth(zelf: &Py<Self>) -> u32 {
        zelf.depth()
    }

    #[pygetset(name = "_ready")]
    fn ready_handles(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx
            .new_list(zelf.ready.lock().iter().cloned().collect())
            .into()
    }

    #[pygetset(name = "_ready", setter)]
    fn set_ready_handles(_zelf: &Py<Self>, _value: PyObjectRef) {
        // `BaseEventLoop.__init__` assigns an empty deque; the queue is ours.
    }

    #[pygetset(name = "_scheduled")]
    fn scheduled_handles(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx
            .new_list(
                zelf.scheduled
                    .lock()
                    .handles()
                    .map(|timer| timer.clone().into())
                    .collect(),
            )
            .into()
    }

    #[pygetset(name = "_scheduled", setter)]
    fn set_scheduled_handles(_zelf: &Py<Self>, _value: PyObjectRef) {
        // As with `_ready`.
    }

    #[pygetset(name = "_debug")]
    fn debug(zelf: &Py<Self>) -> bool {
        zelf.debug.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_debug", setter)]
    fn set_debug_flag(zelf: &Py<Self>, value: bool) {
        zelf.debug.store(value, Ordering::Relaxed);
    }

    #[pygetset(name = "_closed")]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_closed", setter)]
    fn set_closed(zelf: &Py<Self>, value: bool) {
        zelf.closed.store(value, Ordering::Relaxed);
    }

    #[pygetset(name = "_stopping")]
    fn stopping(zelf: &Py<Self>) -> bool {
        zelf.stopping.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_stopping", setter)]
    fn set_stopping(zelf: &Py<Self>, value: bool) {
        zelf.stopping.store(value, Ordering::Relaxed);
    }
}

fn direction(writing: bool) -> Direction {
    if writing {
        Direction::Write
    } else {
        Direction::Read
    }
}

fn file_error(
    error: &io::Error,
    vm: &VirtualMachine,
) -> rustpython_vm::builtins::PyBaseExceptionRef {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).into_pyexception(vm),
        None => vm.new_os_error(error.to_string()),
    }
}

/// A done-callback that ends a nested run: set by calling it.
#[pyclass(module = "_everloop", name = "Completion")]
#[derive(Debug, Default, PyPayload)]
pub struct Completion {
    set: AtomicBool,
}

impl Completion {
    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Ends the run that waits for it; the loop has to be woken besides if it may be parked.
    pub fn set(&self) {
        self.set.store(true, Ordering::Release);
    }
}

impl Constructor for Completion {
    type Args = ();

    fn py_new(_class: &Py<PyType>, (): (), _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Callable for Completion {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult {
        zelf.set();
        Ok(_vm.ctx.none())
    }
}

#[pyclass(with(Constructor, Callable))]
impl Completion {}

//! `LoopCore`, the native base class of `EverLoop`: its state, and one turn of the loop. What Python calls of it is in
//! `methods`.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use polling::Event;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef, common::lock::PyMutex, convert::IntoPyException, pyclass, signal,
};

use super::alarm::Alarm;
use super::calls::Call;
use super::completion::Completion;
use super::driver::Driver;
use super::handle::Handle;
use super::readiness::{Direction, Watches};
use super::ready::Ready;
use super::timer_handle::TimerHandle;
use super::timers::Timers;
use super::wake::Wake;
use crate::kicks;
use crate::native::{forks, panics::caught};

/// While handles are ready, descriptors are looked at no more often than this: a look costs a system call.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

/// What the loop's hot path reads and writes. `EverLoop` inherits from it and from asyncio's selector loop.
#[pyclass(module = "_everloop", name = "LoopCore", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct LoopCore {
    pub(super) ready: PyMutex<VecDeque<Ready>>,
    pub(super) scheduled: PyMutex<Timers>,
    pub(super) watches: PyMutex<Watches>,
    pub(super) driver: OnceLock<Driver>,
    pub(super) wake: Arc<Wake>,
    pub(super) last_poll: PyMutex<Instant>,
    /// Where transports receive.
    pub(super) scratch: PyMutex<Vec<u8>>,
    pub(super) debug: AtomicBool,
    pub(super) closed: AtomicBool,
    pub(super) stopping: AtomicBool,
    /// How many runs of the loop are on the stack: above 1 it was entered again from inside a callback.
    pub(super) depth: AtomicU32,
    /// What reaches the ready queue has to go through Python then.
    pub(super) call_soon_is_overridden: AtomicBool,
    /// Called with each task that ends with an exception.
    pub(super) task_failure_handler: PyMutex<Option<PyObjectRef>>,
    pub(super) task_factory: PyMutex<Option<PyObjectRef>>,
}

impl LoopCore {
    pub(super) fn new(call_soon_is_overridden: bool) -> Self {
        Self {
            ready: PyMutex::new(VecDeque::new()),
            scheduled: PyMutex::new(Timers::default()),
            watches: PyMutex::new(Watches::default()),
            driver: OnceLock::new(),
            wake: Arc::default(),
            last_poll: PyMutex::new(Instant::now()),
            scratch: PyMutex::default(),
            debug: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            depth: AtomicU32::new(0),
            call_soon_is_overridden: AtomicBool::new(call_soon_is_overridden),
            task_failure_handler: PyMutex::new(None),
            task_factory: PyMutex::new(None),
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

    pub(super) fn driver(&self, vm: &VirtualMachine) -> PyResult<&Driver> {
        if let Some(driver) = self.driver.get() {
            return Ok(driver);
        }
        let driver = Driver::new().map_err(|error| error.into_pyexception(vm))?;
        Ok(self.driver.get_or_init(|| driver))
    }

    pub(super) fn check_closed(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(vm.new_runtime_error("Event loop is closed"));
        }
        Ok(())
    }

    /// Sets what runs when the descriptor is ready and returns what it replaces.
    pub(super) fn watch(
        &self,
        fd: RawFd,
        direction: Direction,
        target: Ready,
        vm: &VirtualMachine,
    ) -> PyResult<Option<Ready>> {
        let poller = self.driver(vm)?.readiness.poller();
        self.watches
            .lock()
            .set(poller, fd, direction, target)
            .map_err(|error| file_error(&error, vm))
    }

    /// Takes away what runs when the descriptor is ready and returns it.
    pub(super) fn unwatch(&self, fd: RawFd, direction: Direction) -> Option<Ready> {
        if self.closed.load(Ordering::Relaxed) {
            return None;
        }
        // Nothing was watched before there was a driver; making one takes descriptors, of which none may be left.
        let driver = self.driver.get()?;
        let poller = driver.readiness.poller();
        self.watches.lock().unset(poller, fd, direction)
    }

    pub(super) fn new_handle(zelf: &Py<Self>, call: Call, vm: &VirtualMachine) -> PyResult<Handle> {
        let context = match call.context {
            Some(context) => context,
            None => super::calls::copy_context(vm)?,
        };
        let event_loop = zelf.as_object().to_owned();
        Ok(Handle::new(call.callback, context, event_loop))
    }

    /// What debug mode checks of a call, before anything is scheduled.
    pub(super) fn check_call(
        zelf: &Py<Self>,
        method: &str,
        call: &Call,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if zelf.debug.load(Ordering::Relaxed) {
            let callback = call.callback.function.clone();
            vm.call_method(zelf.as_object(), "_check_call", (method, callback))?;
        }
        Ok(())
    }

    /// In debug mode a handle knows where it was made.
    pub(super) fn trace(zelf: &Py<Self>, handle: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.debug.load(Ordering::Relaxed) {
            vm.call_method(zelf.as_object(), "_trace_handle", (handle.to_owned(),))?;
        }
        Ok(())
    }

    pub(super) fn schedule(
        zelf: &Py<Self>,
        when: f64,
        call: Call,
        vm: &VirtualMachine,
    ) -> PyResult {
        let handle = Self::new_handle(zelf, call, vm)?.into_ref(&vm.ctx);
        let timer = TimerHandle::new(handle, when).into_ref(&vm.ctx);
        Self::trace(zelf, timer.as_object(), vm)?;
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
    pub(super) fn turn(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        for job in zelf.wake.take_jobs() {
            caught(vm, || job(vm))?;
        }
        signal::check_signals(vm)?;
        zelf.wait(vm)?;
        zelf.collect_due();
        Self::run_ready(zelf, vm)
    }

    /// Parks if nothing is ready, else looks at the descriptors now and then; handles of ready descriptors become ready.
    fn wait(&self, vm: &VirtualMachine) -> PyResult<()> {
        let busy = !self.ready.lock().is_empty()
            || self.stopping.load(Ordering::Relaxed)
            || self.wake.has_jobs();
        let until = self.scheduled.lock().next_when();
        let due = until.is_some_and(|when| when <= monotonic());
        let events = if !busy && !due {
            self.idle(until, vm)?
        } else if !self.watches.lock().is_empty() && self.poll_is_due() {
            self.poll(vm)?
        } else {
            return Ok(());
        };
        let watches = self.watches.lock();
        let mut ready = self.ready.lock();
        for event in &events {
            ready.extend(watches.ready(event));
        }
        Ok(())
    }

    /// Looks at the descriptors, and parks if none is ready: parking costs several times as much as a look, and where
    /// both ends of a connection are in this process, one is often ready as soon as the other has written.
    fn idle(&self, until: Option<f64>, vm: &VirtualMachine) -> PyResult<Vec<Event>> {
        if !self.watches.lock().is_empty() {
            let events = self.poll(vm)?;
            // An alarm that rang for an earlier timer goes on ringing until parking sets it anew.
            if !events.iter().all(Alarm::is_event) {
                return Ok(events);
            }
        }
        let events = self
            .driver(vm)?
            .park(&self.wake, until, vm)
            .map_err(|error| error.into_pyexception(vm))?;
        for job in self.wake.take_jobs() {
            caught(vm, || job(vm))?;
        }
        signal::check_signals(vm)?;
        kicks::handle(vm)?;
        Ok(events)
    }

    fn poll(&self, vm: &VirtualMachine) -> PyResult<Vec<Event>> {
        *self.last_poll.lock() = Instant::now();
        self.driver(vm)?
            .readiness
            .poll()
            .map_err(|error| error.into_pyexception(vm))
    }

    fn poll_is_due(&self) -> bool {
        self.last_poll.lock().elapsed() >= POLL_INTERVAL
    }

    fn collect_due(&self) {
        let mut scheduled = self.scheduled.lock();
        if scheduled.next_when().is_none() {
            return;
        }
        let now = monotonic();
        let mut ready = self.ready.lock();
        while let Some(timer) = scheduled.pop_due(now) {
            ready.push_back(Ready::Handle(timer.into()));
        }
    }

    fn run_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        // Only those that are ready now, so that descriptors and timers get their turn.
        let count = zelf.ready.lock().len();
        for _ in 0..count {
            let Some(entry) = zelf.ready.lock().pop_front() else {
                break;
            };
            if zelf.debug.load(Ordering::Relaxed) {
                let handle = entry.into_handle(zelf, vm);
                vm.call_method(zelf.as_object(), "_run_in_debug_mode", (handle,))?;
            } else {
                entry.run(zelf, vm)?;
            }
            forks::end_child_of_loop(zelf);
        }
        Ok(())
    }
}

/// Seconds of the clock that `time.monotonic` shows.
pub(super) fn monotonic() -> f64 {
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

fn file_error(error: &io::Error, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).into_pyexception(vm),
        None => vm.new_os_error(error.to_string()),
    }
}

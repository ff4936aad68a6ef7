//! Kicks: signals for one thread of Python, in code that runs and in system calls that wait.
//!
//! RustPython keeps which signals have arrived in one place of the process, and whichever thread has a table of handlers
//! empties it, between two instructions. So a thread is kicked in two steps: what it is to handle is noted here, and
//! SIGURG, which nobody else has a use for, ends the system call in which it may be and lets threads look
//! ([`handle`] is the Python handler of SIGURG, on each of them). The thread that is meant takes its note. Another one
//! that was quicker sends the signal again and waits for a moment: a busy thread looks at every instruction, and would
//! be quicker than one in a system call every time.
//!
//! A signal that arrives between a thread's last look and its system call does not end that call, so the signal is sent
//! again, ever less often, until the note is taken.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::{PyResult, VirtualMachine};
use tokio::sync::Notify;

use crate::garbage;
use crate::native::import::from_module;
use crate::native::interrupts;
use crate::native::stack::is_in_importlib;

/// What is sent. Go's runtime chose it for the same purpose: nothing happens where nobody handles it, and programs take
/// into account that it comes without a reason.
pub(crate) const KICK: libc::c_int = libc::SIGURG;

/// What a thread is kicked with to be interrupted; no number of a signal.
pub(crate) const INTERRUPT: libc::c_int = 0;

/// How long a thread that took another's signal waits for that one.
const GIVING_WAY: Duration = Duration::from_millis(2);
/// When a signal is sent again: after the first of these, then twice as much each time, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(160));

/// A thread that can be kicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadId(u64);

/// The interpreter thread.
pub(crate) const MAIN: ThreadId = ThreadId(0);

static KICKS: Mutex<Kicks> = Mutex::new(Kicks {
    targets: Vec::new(),
    round: 0,
    delay: AGAIN.0,
    is_sending_again: false,
    tokio: None,
});
/// A note was taken.
static TAKEN: Condvar = Condvar::new();

struct Kicks {
    targets: Vec<Target>,
    /// Counts the times that signals were sent, but for those that were sent to give way.
    round: u64,
    delay: Duration,
    is_sending_again: bool,
    tokio: Option<tokio::runtime::Handle>,
}

struct Target {
    id: ThreadId,
    pthread: libc::pthread_t,
    region: Region,
    noted: Signals,
    bell: Arc<Notify>,
}

/// Whether a thread handles what it is kicked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    /// It runs nothing that could be meant.
    Closed,
    /// Code that can be meant is on its way to the thread: it begins with what is noted now.
    Expected,
    Open,
}

/// A set of signal numbers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Signals(u64);

impl Signals {
    fn insert(&mut self, signal: libc::c_int) {
        self.0 |= 1 << signal;
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn pop(&mut self) -> Option<libc::c_int> {
        let signal = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (signal < u64::BITS).then_some(signal.cast_signed())
    }
}

thread_local! {
    static THIS: RefCell<Option<Registration>> = const { RefCell::new(None) };
    /// The round of signals in which this thread gave way last.
    static GAVE_WAY_IN: Cell<u64> = const { Cell::new(0) };
    static IS_HELD_BACK: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, the calling thread handles no kick; each is sent again until it does.
#[must_use]
pub(crate) struct HoldBack {
    outer: bool,
}

impl HoldBack {
    pub(crate) fn begin() -> Self {
        let outer = IS_HELD_BACK.replace(true);
        Self { outer }
    }
}

impl Drop for HoldBack {
    fn drop(&mut self) {
        IS_HELD_BACK.set(self.outer);
    }
}

/// Ends with the thread, of which nobody may know the pthread from then on.
struct Registration {
    id: ThreadId,
    bell: Arc<Notify>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock().targets.retain(|target| target.id != self.id);
    }
}

fn lock() -> MutexGuard<'static, Kicks> {
    KICKS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Target {
    fn send(&self) {
        send(self.pthread, KICK);
        self.bell.notify_one();
    }
}

fn send(pthread: libc::pthread_t, signal: libc::c_int) {
    #[expect(unsafe_code, reason = "signals to one thread are a system call")]
    // SAFETY: the thread lives: its registration ends before it does, with the lock that the caller holds, or it is
    // the calling one.
    unsafe {
        libc::pthread_kill(pthread, signal)
    };
}

impl Kicks {
    fn target(&mut self, id: ThreadId) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.id == id)
    }

    fn begin_round(&mut self) {
        self.round += 1;
    }

    /// Sends to all that have a note; false if there are none.
    fn send_again(&mut self) -> bool {
        self.begin_round();
        let mut sent = false;
        for target in self.targets.iter().filter(|target| target.is_waited_for()) {
            target.send();
            sent = true;
        }
        sent
    }

    fn keep_sending(&mut self) {
        self.delay = AGAIN.0;
        if let (false, Some(tokio)) = (self.is_sending_again, &self.tokio) {
            tokio.spawn(send_again());
            self.is_sending_again = true;
        }
    }
}

impl Target {
    fn is_waited_for(&self) -> bool {
        self.region == Region::Open && !self.noted.is_empty()
    }
}

async fn send_again() {
    loop {
        let delay = lock().delay;
        tokio::time::sleep(delay).await;
        let mut kicks = lock();
        if !kicks.send_again() {
            kicks.is_sending_again = false;
            return;
        }
        kicks.delay = (kicks.delay * 2).min(AGAIN.1);
    }
}

/// Makes the calling thread the interpreter thread, which can always be kicked.
pub(crate) fn register_main(tokio: tokio::runtime::Handle) {
    lock().tokio = Some(tokio);
    register(MAIN, Region::Open);
}

/// Makes the calling thread one that can be kicked, in regions.
pub(crate) fn register_thread() -> ThreadId {
    static LAST: AtomicU64 = AtomicU64::new(MAIN.0);
    let id = ThreadId(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    register(id, Region::Closed);
    id
}

fn register(id: ThreadId, region: Region) {
    let bell = Arc::<Notify>::default();
    #[expect(unsafe_code, reason = "the thread's name for signals")]
    // SAFETY: has no preconditions.
    let pthread = unsafe { libc::pthread_self() };
    lock().targets.push(Target {
        id,
        pthread,
        region,
        noted: Signals::default(),
        bell: Arc::clone(&bell),
    });
    THIS.set(Some(Registration { id, bell }));
}

/// Lets a thread handle `signal` or [`INTERRUPT`]. Returns false, and nothing happens, if the thread is gone or in no
/// region.
pub(crate) fn kick(id: ThreadId, signal: libc::c_int) -> bool {
    let mut kicks = lock();
    let Some(target) = kicks.target(id) else {
        return false;
    };
    match target.region {
        Region::Closed => return false,
        Region::Expected => target.noted.insert(signal),
        Region::Open => {
            target.noted.insert(signal);
            target.send();
            kicks.begin_round();
            kicks.keep_sending();
        }
    }
    true
}

/// A region will be entered: what the thread is kicked with from now on is handled at the beginning of it.
pub(crate) fn expect_region(id: ThreadId) {
    if let Some(target) = lock().target(id) {
        target.region = Region::Expected;
    }
}

/// The stretch in which the calling thread handles what it is kicked with. What was not handled at its end is dropped.
#[must_use]
pub(crate) struct OpenRegion {
    id: ThreadId,
    outer: Region,
}

impl OpenRegion {
    /// Enters a region of the calling thread; false if it was interrupted before.
    pub(crate) fn enter(id: ThreadId) -> (Self, bool) {
        let mut kicks = lock();
        let Some(target) = kicks.target(id) else {
            let outer = Region::Closed;
            return (Self { id, outer }, true);
        };
        let outer = std::mem::replace(&mut target.region, Region::Open);
        let was_interrupted = outer == Region::Expected && !target.noted.is_empty();
        if outer != Region::Open {
            target.noted = Signals::default();
        }
        (Self { id, outer }, !was_interrupted)
    }
}

impl Drop for OpenRegion {
    fn drop(&mut self) {
        if self.outer == Region::Open {
            return;
        }
        let mut kicks = lock();
        if let Some(target) = kicks.target(self.id) {
            target.region = Region::Closed;
            target.noted = Signals::default();
            TAKEN.notify_all();
        }
    }
}

/// Resolves when the calling thread is kicked, or was since this resolved last: for waits that no signal ends.
pub(crate) async fn kicked() {
    let bell = THIS.with_borrow(|this| this.as_ref().map(|this| Arc::clone(&this.bell)));
    match bell {
        Some(bell) => bell.notified().await,
        None => std::future::pending().await,
    }
}

/// The calling thread, if it can be kicked.
pub(crate) fn this_thread() -> Option<ThreadId> {
    THIS.with_borrow(|this| this.as_ref().map(|this| this.id))
}

/// Lets the interpreter thread look at what is due, or another one that is quicker; false if there is none.
pub(crate) fn look() -> bool {
    lock().target(MAIN).map(|main| main.send()).is_some()
}

/// Handles what the calling thread was kicked with, lets others handle theirs, and collects garbage that is due.
///
/// # Errors
/// KeyboardInterrupt, on the interpreter thread whatever a handler of signals raises.
pub(crate) fn handle(vm: &VirtualMachine) -> PyResult<()> {
    garbage::collect_if_due(vm);
    if IS_HELD_BACK.get() {
        return Ok(());
    }
    if is_in_importlib() {
        // The next instruction looks again.
        raise(KICK);
        return Ok(());
    }
    let this = this_thread();
    let mut signals = this.map(take).unwrap_or_default();
    give_way(vm);
    let Some(id) = this else {
        return Ok(());
    };
    while let Some(signal) = signals.pop() {
        if let Err(raised) = act(id, signal, vm) {
            put_back(id, signals);
            return Err(raised);
        }
    }
    Ok(())
}

fn take(id: ThreadId) -> Signals {
    let mut kicks = lock();
    let Some(target) = kicks.target(id).filter(|target| target.is_waited_for()) else {
        return Signals::default();
    };
    TAKEN.notify_all();
    std::mem::take(&mut target.noted)
}

fn put_back(id: ThreadId, mut signals: Signals) {
    while let Some(signal) = signals.pop() {
        kick(id, signal);
    }
}

/// Lets the threads that have a note take it: the signal that was sent to them brought the calling thread here.
fn give_way(vm: &VirtualMachine) {
    let kicks = lock();
    let round = kicks.round;
    if GAVE_WAY_IN.replace(round) == round {
        return;
    }
    let is_needed = |kicks: &Kicks| kicks.targets.iter().any(Target::is_waited_for);
    if !is_needed(&kicks) {
        return;
    }
    for target in kicks.targets.iter().filter(|target| target.is_waited_for()) {
        target.send();
    }
    drop(kicks);
    let until = Instant::now() + GIVING_WAY;
    vm.allow_threads(|| {
        let mut kicks = lock();
        while is_needed(&kicks) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            kicks = TAKEN
                .wait_timeout(kicks, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(kicks, _)| kicks);
        }
    });
}

fn act(id: ThreadId, signal: libc::c_int, vm: &VirtualMachine) -> PyResult<()> {
    if id == MAIN {
        return match signal {
            // Another kick may have brought the handler here that has told the cells.
            INTERRUPT if !interrupts::are_asked() => Ok(()),
            INTERRUPT => call_handler(libc::SIGINT, vm),
            signal => call_handler(signal, vm),
        };
    }
    if signal == INTERRUPT {
        let class = vm.ctx.exceptions.keyboard_interrupt.to_owned();
        return Err(vm.new_exception_empty(class));
    }
    Ok(())
}

/// What would have happened if the signal had come to the interpreter thread by itself.
fn call_handler(signal: libc::c_int, vm: &VirtualMachine) -> PyResult<()> {
    if is_blocked(signal) {
        raise(signal);
        return Ok(());
    }
    let handler = from_module("_signal", "getsignal", vm)?.call((signal,), vm)?;
    if handler.is_callable() {
        handler.call((signal, vm.ctx.none()), vm)?;
    } else {
        // The default, or to be ignored: the operating system does either.
        raise(signal);
    }
    Ok(())
}

pub(crate) fn raise(signal: libc::c_int) {
    #[expect(unsafe_code, reason = "the thread's name for signals")]
    // SAFETY: has no preconditions.
    send(unsafe { libc::pthread_self() }, signal);
}

fn is_blocked(signal: libc::c_int) -> bool {
    #[expect(unsafe_code, reason = "signal masks are a system call")]
    // SAFETY: `blocked` is filled by `pthread_sigmask`, or stays the empty set.
    unsafe {
        let mut blocked = std::mem::zeroed::<libc::sigset_t>();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut blocked);
        libc::sigismember(&raw const blocked, signal) == 1
    }
}

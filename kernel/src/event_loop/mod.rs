//! The asyncio loop that tokio drives.
//!
//! asyncio's loop is split in two: what runs for every callback is Rust and lives here (ready queue, timers, wake-ups,
//! readiness of descriptors); the wide, cold rest is asyncio's own Python, inherited by `EverLoop` in
//! `python/everloop/loop.py`. [`LoopCore`] is the native base class of `EverLoop`.
//!
//! - `core`: the class and one turn of the loop; `methods`: what Python calls of it; `calls`: their arguments
//! - `completion`: what a run of the loop waits for
//! - `handle`: `Handle` and `TimerHandle`
//! - `timers`: the heap of scheduled handles
//! - `readiness`: descriptors that are watched for reading and writing
//! - `wake`: how other threads reach a parked loop
//! - `alarm`: ends the parking when the earliest timer is due
//! - `thread_call`, `work_queue`: calls that threads of the default executor make
//! - `driver`: parks the loop in tokio until there is something to do
//!
//! Python never runs inside `block_on`: a turn runs the ready handles first and only then parks. So a loop that is
//! entered again from inside a callback simply takes more turns.

mod alarm;
mod calls;
mod completion;
mod core;
mod driver;
mod handle;
mod methods;
mod readiness;
mod thread_call;
mod timers;
mod wake;
mod work_queue;

pub use self::completion::Completion;
pub use self::core::LoopCore;
pub use self::handle::{Handle, TimerHandle};
pub use self::thread_call::ThreadCall;
pub use self::wake::{Job, Wake};
pub use self::work_queue::WorkQueue;

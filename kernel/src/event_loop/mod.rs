//! The asyncio loop that tokio drives.
//!
//! asyncio's loop is split in two: what runs for every callback is Rust and lives here (ready queue, timers, wake-ups,
//! readiness of descriptors); the wide, cold rest is asyncio's own Python, inherited by `EverLoop` in
//! `python/everloop/loop.py`. [`LoopCore`] is the native base class of `EverLoop`.
//!
//! - `core`: the class and one turn of the loop; `methods`: what Python calls of it; `calls`: their arguments
//! - `collect`: what the collector of cycles asks
//! - `completion`: what a run of the loop waits for
//! - `ready`: the entries of the ready queue; `tasks`: what tasks need of their loop
//! - `handle`, `timer_handle`: what the loop runs; `handle_text`: how they show themselves
//! - `exclusive`: keeps a handle that threads share to one of them at a time
//! - `timers`: the heap of scheduled handles
//! - `readiness`: descriptors that are watched for reading and writing
//! - `transport`: connected stream sockets; `streams`: the reader, writer and protocol of `asyncio.streams`
//! - `queues`: `asyncio.Queue`; `awaitable`: what its awaitables and those of streams share
//! - `slot`: attributes that hold a Python object; `own_method`: methods that nobody has overridden
//! - `wake`: how other threads reach a parked loop
//! - `alarm`: ends the parking when the earliest timer is due
//! - `thread_call`, `work_queue`: calls that threads of the default executor make
//! - `driver`: parks the loop in tokio until there is something to do
//!
//! Python never runs inside `block_on`: a turn runs the ready handles first and only then parks. So a loop that is
//! entered again from inside a callback simply takes more turns.

mod alarm;
mod awaitable;
mod calls;
mod collect;
mod completion;
mod core;
mod driver;
mod exclusive;
mod handle;
mod handle_text;
mod methods;
mod own_method;
mod queues;
mod readiness;
mod ready;
mod slot;
mod streams;
mod tasks;
mod thread_call;
mod timer_handle;
mod timers;
mod transport;
mod wake;
mod work_queue;

pub(crate) use self::calls::copy_context;
pub use self::completion::Completion;
pub use self::core::LoopCore;
pub use self::handle::Handle;
pub(crate) use self::handle::ends_the_run;
pub use self::queues::{Queue, QueueOperation};
pub(crate) use self::ready::Ready;
pub use self::streams::{StreamOperation, StreamReader, StreamReaderProtocol, StreamWriter};
pub use self::thread_call::ThreadCall;
pub use self::timer_handle::TimerHandle;
pub use self::transport::SocketTransport;
pub use self::wake::{Job, Wake};
pub use self::work_queue::WorkQueue;

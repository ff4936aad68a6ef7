//! The everloop kernel: a Jupyter kernel for Python whose cells run on one asyncio loop that never stops.
//!
//! ```text
//! sockets -> dispatch -> requests -> interpreter -> native <-> python/everloop
//!    ^                                                |
//!    +------------- outbox (iopub) <------------------+
//! ```
//!
//! - [`kernel`]: builds and joins the parts
//! - [`sockets`]: the five sockets, one task each
//! - [`dispatch`], [`requests`]: from a message to what answers it
//! - [`outbox`]: everything that is published
//! - [`cell`]: what can be said of a cell's text alone
//! - `jit`: numeric functions as machine code
//! - [`interpreter`]: the thread that Python runs on
//! - [`event_loop`]: the hot half of the asyncio loop; `asyncio`: its futures and tasks
//! - `kicks`: signals for one thread of Python; [`garbage`]: when the older generations of objects are collected, and memory is given back
//! - [`fatal`]: an end that nobody asked for; `diagnosis`: what Python does now
//! - [`limits`]: what the process has less of than the machine
//! - [`memory`]: what the process keeps of the memory that its start has used
//! - [`lanes`]: which cells run beside others
//! - [`native`]: the module `_everloop`, Python's door to all this
//! - [`python`]: `everloop python`, without the kernel
//! - [`history`]: inputs and outputs of all sessions

mod asyncio;
pub mod cell;
pub mod descriptors;
mod diagnosis;
pub mod dispatch;
pub mod event_loop;
pub mod fatal;
pub mod garbage;
pub mod history;
pub mod interpreter;
mod jit;
pub mod kernel;
mod kicks;
pub mod lanes;
pub mod limits;
mod log;
pub mod memory;
pub mod native;
pub mod outbox;
mod parent_poller;
mod processes;
pub mod python;
pub mod requests;
mod signals;
pub mod sockets;
mod usage;

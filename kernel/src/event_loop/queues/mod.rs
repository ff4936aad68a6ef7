//! The native half of `asyncio.Queue`.
//!
//! `everloop.queues` has the classes; they inherit from this and from asyncio's own, whose cold methods find the
//! attributes that they know. What runs for every item is here and makes no Python frame, as long as no subclass has a
//! method of its own for it:
//!
//! - `queue`: `Queue`, and what its methods do; `methods`: what Python calls, reads and writes of it
//! - `kept`: which methods a class or an instance has not overridden
//! - `line`: the items and those who wait, which become a Python deque when Python asks for it
//! - `operation`: what `put()` and `get()` return: awaitable objects in the place of coroutines

mod kept;
mod line;
mod methods;
mod operation;
mod queue;

pub use self::operation::QueueOperation;
pub use self::queue::Queue;

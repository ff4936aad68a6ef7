//! The native halves of the classes of `asyncio.streams`.
//!
//! `everloop.byte_streams` has the classes; they inherit from these and from asyncio's own, whose cold methods find
//! the attributes that they know. What a program calls for every message is here, and makes no Python frame:
//!
//! - `reader`: `StreamReader`, `reader_methods` what Python calls of it; `incoming`: the bytes that wait in it
//! - `protocol`: `StreamReaderProtocol`, which a transport feeds
//! - `writer`: `StreamWriter`
//! - `operation`: what `read()` and `drain()` return: awaitable objects in the place of coroutines

mod incoming;
mod operation;
mod protocol;
mod reader;
mod reader_methods;
mod search;
mod writer;

pub use self::operation::StreamOperation;
pub use self::protocol::StreamReaderProtocol;
pub use self::reader::StreamReader;
pub use self::writer::StreamWriter;

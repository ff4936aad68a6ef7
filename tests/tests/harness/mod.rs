//! A front end for tests: it starts a real kernel, talks to it over real sockets, and reads everything that it says.
//!
//! Nothing waits for a time to pass, only for something to happen. Each wait has a limit, and prints what was said so
//! far when it ends. Messages that a test did not read make it fail, so that a second reply or a late output shows.

mod client;
mod kernel;
mod log;
mod outcome;
mod raw;
mod transcript;

use std::sync::LazyLock;
use std::time::Duration;

pub(crate) use client::{Channel, Client, Request};
pub(crate) use kernel::{Kernel, Start, given_ports, poll};
pub(crate) use raw::RawPeer;

/// How long anything may take before the test has failed. It is long, since builds and other tests share the machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// Where the sockets of all clients live; the tests themselves are plain threads.
static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("threads can be started"));

/// Waits for something that takes its time, within [`LIMIT`].
pub(crate) fn wait<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limited = RUNTIME.block_on(async { tokio::time::timeout(LIMIT, future).await });
    limited.unwrap_or_else(|_| panic!("waited {LIMIT:?} for {what}"))
}

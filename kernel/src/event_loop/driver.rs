//! Parks the loop in tokio until there is something to do.

use std::io;
use std::time::Duration;

use polling::Event;
use rustpython_vm::VirtualMachine;
use tokio::runtime::Runtime;

use super::readiness::Readiness;
use super::wake::Wake;

/// A current-thread tokio runtime and the descriptors that it watches.
#[derive(Debug)]
pub(super) struct Driver {
    runtime: Runtime,
    pub(super) readiness: Readiness,
}

impl Driver {
    /// # Errors
    /// When the process has no descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let readiness = {
            let _inside = runtime.enter();
            Readiness::new()?
        };
        Ok(Self { runtime, readiness })
    }

    /// Waits until the bell rings, a watched descriptor is ready or `limit` has passed; returns the descriptors that
    /// are ready. Other Python threads run meanwhile.
    pub(super) fn park(
        &self,
        wake: &Wake,
        limit: Option<Duration>,
        vm: &VirtualMachine,
    ) -> io::Result<Vec<Event>> {
        vm.allow_threads(|| {
            self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    ready = self.readiness.ready() => ready,
                    () = wake.rung() => Ok(Vec::new()),
                    () = sleep(limit) => Ok(Vec::new()),
                }
            })
        })
    }
}

async fn sleep(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

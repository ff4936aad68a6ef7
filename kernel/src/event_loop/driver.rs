//! Parks the loop in tokio until there is something to do.

use std::fs::File;
use std::io;
use std::sync::Once;

use polling::Event;
use rustpython_vm::VirtualMachine;
use tokio::runtime::Runtime;

use super::alarm::Alarm;
use super::readiness::Readiness;
use super::wake::Wake;
use crate::kicks;

/// A current-thread tokio runtime, the descriptors that it watches, and the alarm of the earliest timer.
#[derive(Debug)]
pub(super) struct Driver {
    runtime: Runtime,
    pub(super) readiness: Readiness,
    alarm: Alarm,
}

impl Driver {
    /// # Errors
    /// When the process has no descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        reserve_descriptors()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let readiness = {
            let _inside = runtime.enter();
            Readiness::new()?
        };
        let alarm = Alarm::new(readiness.poller())?;
        Ok(Self {
            runtime,
            readiness,
            alarm,
        })
    }

    /// Waits until the bell rings, the thread is kicked, a watched descriptor is ready or the loop's clock shows `until`; returns the
    /// descriptors that are ready. Other Python threads run meanwhile.
    pub(super) fn park(
        &self,
        wake: &Wake,
        until: Option<f64>,
        vm: &VirtualMachine,
    ) -> io::Result<Vec<Event>> {
        self.alarm.set(until)?;
        vm.allow_threads(|| {
            self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    ready = self.readiness.ready() => ready,
                    () = wake.rung() => Ok(Vec::new()),
                    () = self.alarm.rings() => Ok(Vec::new()),
                    () = kicks::kicked() => Ok(Vec::new()),
                }
            })
        })
    }
}

/// The first runtime of the process opens descriptors that tokio cannot do without: it panics when there are none left.
fn reserve_descriptors() -> io::Result<()> {
    static RESERVED: Once = Once::new();
    if !RESERVED.is_completed() {
        let reserve: Vec<File> = (0..8)
            .map(|_| File::open("/dev/null"))
            .collect::<io::Result<_>>()?;
        drop(reserve);
        RESERVED.call_once(|| ());
    }
    Ok(())
}

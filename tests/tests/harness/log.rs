//! What the kernel writes to a pipe of its own, mostly its log on stderr.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use super::LIMIT;

/// The lines so far.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Vec<String>>,
    arrived: Condvar,
}

impl Log {
    /// Reads the pipe to its end, in a thread.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let writer = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                writer
                    .lines
                    .lock()
                    .expect("no panic")
                    .push(String::from_utf8_lossy(&line).into_owned());
                writer.arrived.notify_all();
            }
        });
        log
    }

    /// Waits until some line has this in it, whatever its case.
    pub(crate) fn until(&self, part: &str) {
        let (end, part) = (Instant::now() + LIMIT, part.to_lowercase());
        let mut lines = self.lines.lock().expect("no panic");
        while !lines.iter().any(|line| line.to_lowercase().contains(&part)) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // The lock must be free when the kernel goes and tells its log.
                drop(lines);
                panic!("waited {LIMIT:?} for {part:?} in the log:\n{}", self.text());
            }
            lines = self.arrived.wait_timeout(lines, left).expect("no panic").0;
        }
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.lines.lock().expect("no panic").join("\n")
    }
}

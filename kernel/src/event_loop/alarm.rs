//! The alarm clock of a parked loop: it ends the parking when the earliest timer is due.
//!
//! tokio's own timers tick in milliseconds. On Linux the alarm is a timerfd beside the descriptors that the loop
//! watches; elsewhere it is tokio's.

#[cfg(not(target_os = "linux"))]
pub(super) use self::elsewhere::Alarm;
#[cfg(target_os = "linux")]
pub(super) use self::linux::Alarm;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::sync::atomic::{AtomicU64, Ordering};

    use polling::{Event, PollMode, Poller};

    /// No descriptor has this number, so that its events belong to nobody.
    const KEY: usize = usize::MAX - 1;

    #[derive(Debug)]
    pub(in super::super) struct Alarm {
        timer: OwnedFd,
        /// The bits of the time that it is set to; 0.0 when it is not.
        set_to: AtomicU64,
    }

    impl Alarm {
        /// # Errors
        /// When the process has no descriptors left.
        pub(in super::super) fn new(poller: &Poller) -> io::Result<Self> {
            let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
            #[expect(unsafe_code, reason = "a system call")]
            // SAFETY: it takes two numbers.
            let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            #[expect(unsafe_code, reason = "a number becomes a descriptor")]
            // SAFETY: the descriptor is new and nobody else's.
            let timer = unsafe { OwnedFd::from_raw_fd(fd) };
            #[expect(unsafe_code, reason = "the poller keeps the descriptor's number")]
            // SAFETY: the driver drops the poller with the alarm, and does not use it any more then.
            unsafe { poller.add_with_mode(fd, Event::readable(KEY), PollMode::Level) }?;
            Ok(Self {
                timer,
                set_to: AtomicU64::new(0),
            })
        }

        /// Whether the poller says that an alarm rang.
        pub(in super::super) fn is_event(event: &Event) -> bool {
            event.key == KEY
        }

        /// Lets the poller become ready at `when` (seconds of the loop's clock), or no more.
        pub(in super::super) fn set(&self, when: Option<f64>) -> io::Result<()> {
            let when = when.unwrap_or(0.0);
            if self.set_to.swap(when.to_bits(), Ordering::Relaxed) == when.to_bits() {
                return Ok(());
            }
            let mut setting = NEVER;
            setting.it_value = timespec(when);
            #[expect(unsafe_code, reason = "a system call")]
            // SAFETY: the descriptor is open, the setting valid, and what it was before is not asked for.
            let failed = unsafe {
                libc::timerfd_settime(
                    self.timer.as_raw_fd(),
                    libc::TFD_TIMER_ABSTIME,
                    &raw const setting,
                    std::ptr::null_mut(),
                )
            };
            if failed < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        }

        /// It rings in the poller.
        pub(in super::super) async fn rings(&self) {
            std::future::pending::<()>().await;
        }
    }

    const ZERO: libc::timespec = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    const NEVER: libc::itimerspec = libc::itimerspec {
        it_interval: ZERO,
        it_value: ZERO,
    };

    /// Rounded up, so that the timer is due when the alarm rings; a time that the system cannot name is its last.
    fn timespec(when: f64) -> libc::timespec {
        let mut time = ZERO;
        if when > 0.0 {
            // Casts of floats saturate.
            time.tv_sec = (when as libc::time_t).min(libc::time_t::MAX - 1);
            time.tv_nsec = ((when.fract() * 1e9) as i64 + 1).min(999_999_999);
        }
        time
    }

    #[cfg(test)]
    mod tests {
        use std::time::Duration;

        use polling::Events;

        use super::super::super::core::monotonic;
        use super::*;

        #[test]
        fn the_poller_is_ready_when_it_is_time_and_not_when_the_alarm_is_off() {
            let poller = Poller::new().unwrap();
            let alarm = Alarm::new(&poller).unwrap();
            let when = monotonic() + 0.002;
            alarm.set(Some(when)).unwrap();
            let mut events = Events::new();
            poller
                .wait(&mut events, Some(Duration::from_secs(10)))
                .unwrap();
            assert!(events.iter().any(|event| event.key == KEY));
            assert!(monotonic() >= when);

            alarm.set(None).unwrap();
            events.clear();
            poller.wait(&mut events, Some(Duration::ZERO)).unwrap();
            assert!(events.is_empty());
        }

        #[test]
        fn a_time_is_rounded_up_and_never_past_what_the_system_can_name() {
            assert_eq!(timespec(0.0), ZERO);
            assert_eq!(
                (timespec(1.5).tv_sec, timespec(1.5).tv_nsec),
                (1, 500_000_001)
            );
            assert_eq!(timespec(f64::INFINITY).tv_sec, libc::time_t::MAX - 1);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use polling::{Event, Poller};

    use super::super::core::monotonic;

    #[derive(Debug)]
    pub(in super::super) struct Alarm {
        /// The bits of the time that it is set to; 0.0 when it is not.
        set_to: AtomicU64,
    }

    impl Alarm {
        pub(in super::super) fn new(_poller: &Poller) -> io::Result<Self> {
            Ok(Self {
                set_to: AtomicU64::new(0),
            })
        }

        pub(in super::super) fn is_event(_event: &Event) -> bool {
            false
        }

        pub(in super::super) fn set(&self, when: Option<f64>) -> io::Result<()> {
            self.set_to
                .store(when.unwrap_or(0.0).to_bits(), Ordering::Relaxed);
            Ok(())
        }

        /// Resolves at the time that it is set to.
        pub(in super::super) async fn rings(&self) {
            let when = f64::from_bits(self.set_to.load(Ordering::Relaxed));
            if when <= 0.0 {
                return std::future::pending().await;
            }
            // A timer in the year 3000 is more than the clock can name: wait for as long as it can.
            let left = Duration::try_from_secs_f64((when - monotonic()).max(0.0))
                .unwrap_or(Duration::from_hours(24 * 365));
            tokio::time::sleep(left).await;
        }
    }
}

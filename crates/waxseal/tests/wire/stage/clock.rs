//! A clock that tests move by hand.
use model::{Clock, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Stands still but for a microsecond a reading, so that what comes later is later.
#[derive(Clone)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// 2026-11-23T12:00:00Z.
    pub(crate) fn new() -> HandClock {
        HandClock(Arc::new(AtomicI64::new(1_795_435_200_000_000)))
    }

    /// Moves it on.
    /// What it shows, in seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst) / 1_000_000
    }

    pub(crate) fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

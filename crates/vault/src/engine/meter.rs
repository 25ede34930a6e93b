//! How often each named transaction ran, and for how long, from being queued to being answered.
//!
//! Invariant: counting never waits for anybody who reads the counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The counts of one name, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The name of the transaction.
    pub name: &'static str,
    /// How many were answered.
    pub count: u64,
    /// How many of those with a refusal or a fault.
    pub undone: u64,
    /// The time of all together, in microseconds.
    pub total_us: u64,
    /// The longest, in microseconds.
    pub longest_us: u64,
}

/// Counts one name.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) name: &'static str,
    count: AtomicU64,
    undone: AtomicU64,
    total_us: AtomicU64,
    longest_us: AtomicU64,
}

impl Counter {
    pub(super) fn add(&self, took: Duration, done: bool) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Relaxed);
        self.undone.fetch_add(u64::from(!done), Relaxed);
        self.total_us.fetch_add(micros, Relaxed);
        self.longest_us.fetch_max(micros, Relaxed);
    }
}

/// The counters by name. There are as many as names in the program's text, so they are never removed.
#[derive(Debug, Default)]
pub(super) struct Meter {
    counters: RwLock<HashMap<&'static str, Arc<Counter>>>,
}

impl Meter {
    pub(super) fn counter(&self, name: &'static str) -> Arc<Counter> {
        if let Some(counter) = self.counters.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(counter);
        }
        let mut counters = self.counters.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Counter {
                name,
                count: AtomicU64::new(0),
                undone: AtomicU64::new(0),
                total_us: AtomicU64::new(0),
                longest_us: AtomicU64::new(0),
            })
        };
        Arc::clone(counters.entry(name).or_insert_with(new))
    }

    pub(super) fn timings(&self) -> Vec<Timing> {
        let counters = self.counters.read().unwrap_or_else(PoisonError::into_inner);
        let mut timings: Vec<Timing> = counters
            .values()
            .map(|counter| Timing {
                name: counter.name,
                count: counter.count.load(Relaxed),
                undone: counter.undone.load(Relaxed),
                total_us: counter.total_us.load(Relaxed),
                longest_us: counter.longest_us.load(Relaxed),
            })
            .collect();
        timings.sort_unstable_by_key(|timing| timing.name);
        timings
    }
}

//! Time and randomness as arguments: the two things a program cannot compute.
//!
//! Nothing below the program asks the operating system for either; it asks the `World` it was handed.

use crate::Time;
use std::sync::Arc;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Time;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the randomness of one running program.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    /// Joins a clock and a source of randomness.
    pub fn new(clock: impl Clock, entropy: impl Entropy) -> Self {
        World { clock: Arc::new(clock), entropy: Arc::new(entropy) }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

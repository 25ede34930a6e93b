//! Faults on demand, so that tests can show what the engine does when a statement or a commit fails, or the process dies.
//!
//! With the feature `faults`, which no released build has, a server takes them from its environment.
//!
//! Invariant: without the feature this is empty and costs nothing.

#[cfg(any(test, feature = "faults"))]
pub(super) use planned::Faults;
#[cfg(test)]
pub(crate) use planned::What;

#[cfg(not(any(test, feature = "faults")))]
pub(super) use never::Faults;

#[cfg(any(test, feature = "faults"))]
mod planned {
    use std::sync::{Mutex, PoisonError};

    use super::super::Fault;

    /// What is to go wrong.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum What {
        /// A statement fails.
        Statement,
        /// A commit fails, and nothing of it is stored.
        Commit,
        /// The process is gone just before a statement.
        DieBeforeStatement,
        /// The process is gone just before a commit.
        DieBeforeCommit,
        /// The process is gone after a commit, before anybody is answered.
        DieAfterCommit,
    }

    /// The faults to come.
    #[derive(Debug, Default)]
    pub(crate) struct Faults(Mutex<Vec<(What, u32)>>);

    impl Faults {
        /// For a server under test: `WAXSEAL_FAULT=die-after-commit:17` hits the seventeenth commit from the start.
        pub(crate) fn from_environment() -> Faults {
            let faults = Faults::default();
            let plan = std::env::var("WAXSEAL_FAULT").unwrap_or_default();
            if let Some((what, Ok(number))) = plan.split_once(':').map(|(what, n)| (what, n.parse())) {
                match what {
                    "statement" => faults.plan(What::Statement, number),
                    "commit" => faults.plan(What::Commit, number),
                    "die-before-statement" => faults.plan(What::DieBeforeStatement, number),
                    "die-before-commit" => faults.plan(What::DieBeforeCommit, number),
                    "die-after-commit" => faults.plan(What::DieAfterCommit, number),
                    _ => {}
                }
            }
            faults
        }

        /// Hits the `number`th from now, counted from 1.
        pub(crate) fn plan(&self, what: What, number: u32) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((what, number));
        }

        /// Nothing goes wrong any more but by a new plan.
        #[cfg(test)]
        pub(crate) fn forget(&self) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }

        /// How far the plan has come: by a plan for one that never comes, statements are counted.
        #[cfg(test)]
        pub(crate) fn left(&self) -> Option<u32> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).first().map(|(_, left)| *left)
        }

        pub(in super::super) fn statement(&self) -> Result<(), Fault> {
            if self.due(What::DieBeforeStatement) {
                std::process::abort();
            }
            self.fail(What::Statement)
        }

        pub(in super::super) fn before_commit(&self) -> Result<(), Fault> {
            if self.due(What::DieBeforeCommit) {
                std::process::abort();
            }
            self.fail(What::Commit)
        }

        pub(in super::super) fn after_commit(&self) {
            if self.due(What::DieAfterCommit) {
                std::process::abort();
            }
        }

        fn fail(&self, what: What) -> Result<(), Fault> {
            if self.due(what) { Err(Fault::Other(format!("{what:?} was made to fail"))) } else { Ok(()) }
        }

        fn due(&self, what: What) -> bool {
            let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut due = false;
            plans.retain_mut(|(planned, number)| {
                if *planned == what {
                    *number -= 1;
                    due |= *number == 0;
                }
                *number > 0
            });
            due
        }
    }
}

#[cfg(not(any(test, feature = "faults")))]
mod never {
    use super::super::Fault;

    #[derive(Debug, Default)]
    pub(in super::super) struct Faults;

    impl Faults {
        pub(in super::super) fn from_environment() -> Faults {
            Faults
        }

        pub(in super::super) fn statement(&self) -> Result<(), Fault> {
            Ok(())
        }

        pub(in super::super) fn before_commit(&self) -> Result<(), Fault> {
            Ok(())
        }

        pub(in super::super) fn after_commit(&self) {}
    }
}

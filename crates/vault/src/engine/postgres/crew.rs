//! Threads that take bodies from one queue, each with a connection of its own.
//!
//! Invariant: a body runs again only when it is certain that nothing of it is stored.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio_postgres::Config;

use super::super::job::Verdict;
use super::session::{Session, Transaction};
use super::{Fault, Faults, Job, READING};

/// Bodies that may wait. Beyond this the server takes on more than it can store, and says so.
const QUEUE_MAX: usize = 8192;
/// How often a body runs when others get in its way, or its connection turns out to have gone.
const ATTEMPTS_MAX: usize = 5;

pub(super) struct Crew {
    queue: Option<SyncSender<Box<dyn Job>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    pub(super) fn start(
        name: &str,
        size: usize,
        begin: &'static str,
        config: &Arc<Config>,
        faults: &Arc<Faults>,
    ) -> Result<Crew, Fault> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut crew = Crew { queue: Some(queue), threads: Vec::with_capacity(size) };
        for _ in 0..size {
            let jobs = Arc::clone(&jobs);
            let mut worker =
                Worker { begin, config: Arc::clone(config), faults: Arc::clone(faults), session: None };
            let thread = thread::Builder::new().name(name.to_owned()).spawn(move || worker.serve(&jobs));
            crew.threads.push(thread.map_err(|error| Fault::Other(error.to_string()))?);
        }
        Ok(crew)
    }

    pub(super) fn queue(&self, job: Box<dyn Job>) {
        let Some(queue) = &self.queue else { return job.answer(Err(Fault::Closed)) };
        match queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => job.answer(Err(Fault::Overloaded)),
            Err(TrySendError::Disconnected(job)) => job.answer(Err(Fault::Closed)),
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A body may hold the last handle on the engine; a thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// One thread's part.
struct Worker {
    begin: &'static str,
    config: Arc<Config>,
    faults: Arc<Faults>,
    session: Option<Session>,
}

impl Worker {
    fn serve(&mut self, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = job else { return };
            let outcome = self.run(job.as_mut());
            job.answer(outcome);
            // Whoever waited for a read has it; only now the end of its snapshot is waited for.
            if let Some(session) = &mut self.session {
                session.settle();
            }
        }
    }

    /// Runs the body until nothing that may pass is in its way. `Ok` means that its own answer stands: it is
    /// committed, or it asked for nothing to be.
    fn run(&mut self, job: &mut dyn Job) -> Result<(), Fault> {
        let mut attempt = 1;
        loop {
            let session = match &mut self.session {
                Some(session) => session,
                None => self.session.insert(Session::connect(&self.config)?),
            };
            let end = transact(session, self.begin, &self.faults, job);
            if session.is_closed() {
                self.session = None;
            }
            match end {
                End::Broken(fault) | End::Undone(fault) if may_pass(&fault, attempt) => attempt += 1,
                End::Settled | End::Broken(_) => return Ok(()),
                End::Undone(fault) => return Err(fault),
            }
        }
    }
}

/// Is it worth while to run the body again?
fn may_pass(fault: &Fault, attempt: usize) -> bool {
    match fault {
        Fault::Contended | Fault::Unreachable(_) => attempt < ATTEMPTS_MAX,
        // Another transaction may have taken the key after this body had looked for it; now it sees who did. So a body
        // that looks and then inserts is right here too, as it is where bodies run one after another.
        Fault::Conflict(_) => attempt == 1,
        _ => false,
    }
}

/// How a body ended.
enum End {
    /// Its value is committed, or was only read; or it refused.
    Settled,
    /// A statement failed. The body knows, and answered accordingly.
    Broken(Fault),
    /// Nothing of it is stored, or nobody knows, and the body cannot know: this is its answer.
    Undone(Fault),
}

/// Runs the body once.
fn transact(session: &mut Session, begin: &'static str, faults: &Faults, job: &mut dyn Job) -> End {
    let mut transaction = Transaction::begin(session, begin, faults);
    let verdict = job.run(&mut transaction);
    match (verdict, transaction.broken.take()) {
        (_, Some(fault)) => {
            transaction.undo();
            End::Broken(fault)
        }
        (Verdict::Undo, None) => {
            transaction.undo();
            End::Settled
        }
        (Verdict::Keep, None) if begin == READING => {
            transaction.end();
            End::Settled
        }
        (Verdict::Keep, None) => match transaction.commit() {
            Ok(()) => End::Settled,
            Err(fault) => End::Undone(fault),
        },
    }
}

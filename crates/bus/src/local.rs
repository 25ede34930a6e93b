//! The bus of one process, which may be joined with those of other nodes.

use model::Hint;
use std::sync::{Arc, OnceLock};
use tokio::sync::{broadcast, mpsc};

/// How many hints a listener may lag behind before it is told to look at everything.
const LAG_MAX: usize = 16 * 1024;

/// Tells hints to all who listen, here and, where it is joined with other buses, there.
#[derive(Debug, Clone)]
pub struct Bus {
    /// `None`: some were missed.
    here: broadcast::Sender<Option<Hint>>,
    pub(crate) beyond: Arc<OnceLock<mpsc::Sender<Hint>>>,
}

/// Hears hints.
#[derive(Debug)]
pub struct Ears(broadcast::Receiver<Option<Hint>>);

impl Default for Bus {
    fn default() -> Self {
        Bus { here: broadcast::channel(LAG_MAX).0, beyond: Arc::default() }
    }
}

impl Bus {
    /// Tells a hint; nobody listening is fine. Never waits.
    pub fn tell(&self, hint: Hint) {
        self.tell_here(hint);
        if let Some(beyond) = self.beyond.get() {
            // With no room for it, the other nodes look for themselves, a little later.
            let _ = beyond.try_send(hint);
        }
    }

    pub(crate) fn tell_here(&self, hint: Hint) {
        let _ = self.here.send(Some(hint));
    }

    /// Tells all who listen here that hints may have been lost.
    #[cfg(feature = "nats")]
    pub(crate) fn missed(&self) {
        let _ = self.here.send(None);
    }

    /// Listens from now on.
    pub fn listen(&self) -> Ears {
        Ears(self.here.subscribe())
    }
}

impl Ears {
    /// The next hint; `Some(None)` when some were missed and everything is worth a look; `None` when the bus is gone.
    pub async fn next(&mut self) -> Option<Option<Hint>> {
        match self.0.recv().await {
            Ok(hint) => Some(hint),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(None),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// A hint that waits already, as [`Ears::next`] says it.
    pub fn waiting(&mut self) -> Option<Option<Hint>> {
        match self.0.try_recv() {
            Ok(hint) => Some(hint),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(None),
            Err(_) => None,
        }
    }
}

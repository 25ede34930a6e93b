//! The bus of one process. Many nodes will have a bus that also carries hints between them.

use model::Hint;
use tokio::sync::broadcast;

/// How many hints a listener may lag behind before it is told to look at everything.
const LAG_MAX: usize = 16 * 1024;

/// Tells hints to all who listen.
#[derive(Debug, Clone)]
pub struct Bus(broadcast::Sender<Hint>);

/// Hears hints.
#[derive(Debug)]
pub struct Ears(broadcast::Receiver<Hint>);

impl Default for Bus {
    fn default() -> Self {
        Bus(broadcast::channel(LAG_MAX).0)
    }
}

impl Bus {
    /// Tells a hint; nobody listening is fine. Never waits.
    pub fn tell(&self, hint: Hint) {
        let _ = self.0.send(hint);
    }

    /// Listens from now on.
    pub fn listen(&self) -> Ears {
        Ears(self.0.subscribe())
    }
}

impl Ears {
    /// The next hint; `Some(None)` when some were missed and everything is worth a look; `None` when the bus is gone.
    pub async fn next(&mut self) -> Option<Option<Hint>> {
        match self.0.recv().await {
            Ok(hint) => Some(Some(hint)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(None),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// A hint that waits already, as [`Ears::next`] says it.
    pub fn waiting(&mut self) -> Option<Option<Hint>> {
        match self.0.try_recv() {
            Ok(hint) => Some(Some(hint)),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(None),
            Err(_) => None,
        }
    }
}

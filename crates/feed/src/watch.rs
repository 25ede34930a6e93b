//! Watching one conversation: a bell that rings when it is worth a look. For pages, which look for themselves.
//!
//! Invariant: one ring that waits says as much as many; nothing is carried but that it rang.

use crate::{Inner, lock};
use model::ConversationId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Bell {
    closed: AtomicBool,
    rang: Notify,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.rang.notify_one();
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.ring();
    }
}

/// A watch on a conversation, until it is dropped.
pub struct Watch {
    pub(crate) inner: Arc<Inner>,
    pub(crate) conversation: ConversationId,
    pub(crate) bell: Arc<Bell>,
}

impl Watch {
    /// Waits until something happened that may be worth a look; `false` when the server stops.
    pub async fn rang(&self) -> bool {
        self.bell.rang.notified().await;
        !self.bell.closed.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.inner.registry).take_down(self.conversation, &self.bell);
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({})", self.conversation)
    }
}

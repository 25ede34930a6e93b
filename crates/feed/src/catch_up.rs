//! Catching up: a stream that resumes, or has fallen behind, is told in the order of time until nothing is left.
//!
//! Invariant: what is told goes out in slices of time that are shorter than what a position looks back, so that a stream that
//! breaks off in between leaves nothing behind.

use crate::Inner;
use crate::follower::{Follower, Mode};
use model::{ConversationId, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use vault::{Ahead, EVENTS_OVERLAP_S};

/// How long a stream that catches up may take nothing before it is cut.
const TAKE_WITHIN: Duration = Duration::from_secs(30);
/// How long to wait after the database could not answer.
const BREATH: Duration = Duration::from_millis(500);

/// The events of the first slice, by conversation, each with the last number.
fn slice(ahead: &[Ahead]) -> (Vec<(ConversationId, i64)>, Option<Time>) {
    let Some(first) = ahead.first() else { return (Vec::new(), None) };
    let end = first.at.plus_seconds(EVENTS_OVERLAP_S / 2);
    let mut places: Vec<(ConversationId, i64)> = Vec::new();
    let mut last = first.at;
    for ahead in ahead.iter().take_while(|ahead| ahead.at <= end) {
        last = ahead.at;
        match places.iter_mut().find(|(conversation, _)| *conversation == ahead.conversation) {
            Some((_, n)) => *n = (*n).max(ahead.n),
            None => places.push((ahead.conversation, ahead.n)),
        }
    }
    (places, Some(last))
}

impl Inner {
    /// A live stream goes back to catching up.
    pub(crate) fn fall_back(self: &Arc<Self>, follower: Arc<Follower>) {
        {
            let mut state = follower.state();
            if state.mode != Mode::Live {
                return;
            }
            state.mode = Mode::CatchingUp;
        }
        self.clone().spawn_catch_up(follower);
    }

    pub(crate) fn spawn_catch_up(self: Arc<Self>, follower: Arc<Follower>) {
        tokio::spawn(async move { self.catch_up(&follower).await });
    }

    async fn catch_up(self: &Arc<Self>, follower: &Arc<Follower>) {
        loop {
            let ahead = {
                let _turn = self.catching_up.acquire().await;
                self.ahead(follower, Mode::CatchingUp).await
            };
            let Some(ahead) = ahead else { return };
            let Ok(ahead) = ahead else {
                sleep(BREATH).await;
                continue;
            };
            let (places, last) = slice(&ahead);
            let Some(last) = last else { break };
            for (conversation, until) in places {
                if !self.tell_slice(follower, conversation, until).await {
                    return;
                }
            }
            follower.state().told_all(last);
        }
        {
            let mut state = follower.state();
            if state.mode != Mode::CatchingUp {
                return;
            }
            state.mode = Mode::Live;
        }
        // Hints that came while it caught up were passed over: one more look, now that none is.
        match self.ahead(follower, Mode::Live).await {
            Some(Ok(ahead)) => {
                for (conversation, _) in slice(&ahead).0 {
                    self.tell_soon(conversation, vec![follower.clone()], &[]);
                }
                if ahead.len() > 1 && slice(&ahead).1 != ahead.last().map(|ahead| ahead.at) {
                    self.fall_back(follower.clone());
                }
            }
            Some(Err(_)) => {
                sleep(BREATH).await;
                self.fall_back(follower.clone());
            }
            None => {}
        }
    }

    /// What the stream has not been told; `None` if it is not in this mode any more.
    async fn ahead(&self, follower: &Follower, mode: Mode) -> Option<Result<Vec<Ahead>, vault::Refusal>> {
        let (since, known) = {
            let state = follower.state();
            if state.mode != mode {
                return None;
            }
            state.ahead_of()
        };
        Some(self.vault.events_ahead(follower.person, since, known).await)
    }

    /// Tells of a conversation up to a number, in as many batches as it takes. False: the stream does not catch up any more.
    async fn tell_slice(
        self: &Arc<Self>,
        follower: &Arc<Follower>,
        conversation: ConversationId,
        until: i64,
    ) -> bool {
        let mut tries = 0;
        loop {
            if !follower.room(TAKE_WITHIN).await {
                follower.state().end(None);
                return false;
            }
            // Taken only now: one that reads slowly holds up nobody but itself.
            let turn = self.catching_up.acquire().await;
            let before = {
                let state = follower.state();
                if state.mode != Mode::CatchingUp {
                    return false;
                }
                state.after(conversation)
            };
            self.tell(conversation, Vec::new(), vec![(follower.clone(), until)], Mode::CatchingUp).await;
            let (mode, after) = {
                let state = follower.state();
                (state.mode, state.after(conversation))
            };
            if mode != Mode::CatchingUp {
                return false;
            }
            if matches!(after, vault::After::Number(n) if n >= until) {
                return true;
            }
            drop(turn);
            // The grant changed under way, or the database was away.
            if before == after {
                tries += 1;
                if tries > 1 {
                    sleep(BREATH).await;
                }
            }
        }
    }
}

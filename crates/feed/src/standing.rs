//! How a stream stands after its grant, its token or its app may have changed.
//!
//! Invariant: a stream whose access is over is told so as its last word, and what still waited for it is gone.

use crate::Inner;
use crate::follower::{Follower, Mode, Over, What};
use model::{Action, GrantState, No};
use std::sync::Arc;
use vault::{Caller, Refusal};

impl Inner {
    /// Looks a stream's caller up anew, and acts on it: the stream is told of a changed grant, held, let go on, or ended.
    pub(crate) async fn stand(self: Arc<Self>, follower: Arc<Follower>) {
        let (before, mode) = {
            let state = follower.state();
            (state.caller.clone(), state.mode)
        };
        if mode == Mode::Over {
            return;
        }
        match self.vault.caller_anew(&before).await {
            Ok(fresh) => self.stand_as(&follower, &before, fresh).await,
            Err(Refusal::Token) => {
                let over = match before.ends_at() <= self.vault.world().now() {
                    true => What::Expired,
                    false => What::Revoked(self.why_over(&before).await),
                };
                follower.state().end(Some(over));
            }
            // The database is away: without it nothing is told either, for nothing can be recorded.
            Err(refusal) => tracing::debug!(%refusal, "how a stream stands could not be looked up"),
        }
    }

    async fn stand_as(self: &Arc<Self>, follower: &Arc<Follower>, before: &Caller, fresh: Caller) {
        let changed = fresh.versions() != before.versions();
        let may = fresh.allows(Action::List);
        let over = match may {
            Ok(()) | Err(Refusal::No(No::Paused)) => None,
            Err(Refusal::No(No::Spent)) => Some(Over::Spent),
            Err(Refusal::No(No::Expired)) => Some(Over::Expired),
            Err(Refusal::No(No::App)) => Some(Over::App),
            Err(Refusal::No(No::Action(_))) => Some(Over::Narrowed),
            Err(_) => Some(Over::Ended),
        };
        match over {
            None => {}
            Some(Over::Spent) => {
                // The last use is one: what it paid for still goes out.
                let mut state = follower.state();
                state.look_after = state.asking > 0;
                return if state.asking == 0 {
                    state.end_after(What::Revoked(Over::Spent))
                };
            }
            Some(over) => return follower.state().end(Some(What::Revoked(over))),
        }
        let grant = if changed { self.vault.grant_of_caller(&fresh).await.ok() } else { None };
        let goes_on = may.is_ok();
        let wakes = {
            let mut state = follower.state();
            // A look that began earlier may end later; the newer one counts.
            if state.mode == Mode::Over || state.caller.versions().1 > fresh.versions().1 {
                return;
            }
            let is_news = state.caller.versions() != fresh.versions();
            state.caller = Arc::new(fresh);
            if let Some(grant) = grant.filter(|_| is_news) {
                state.put(What::Grant(Box::new(grant)));
            }
            match (goes_on, state.mode) {
                (false, Mode::Live | Mode::CatchingUp) => {
                    state.mode = Mode::Held;
                    false
                }
                (true, Mode::Held) => {
                    state.mode = Mode::CatchingUp;
                    true
                }
                _ => false,
            }
        };
        if wakes {
            self.clone().spawn_catch_up(follower.clone());
        }
    }

    /// Why a token opens nothing any more.
    async fn why_over(&self, caller: &Caller) -> Over {
        let now = self.vault.world().now();
        match self.vault.grant_of_caller(caller).await {
            Ok(grant) if grant.state == GrantState::Ended && grant.terms.ends_at <= now => Over::Expired,
            Ok(grant) if grant.state == GrantState::Spent => Over::Spent,
            Ok(grant) if grant.state != GrantState::Ended => match self.vault.app(grant.app).await {
                Ok(app) if !app.live_at(now) => Over::App,
                _ if grant.terms.ends_at <= now => Over::Expired,
                _ => Over::Token,
            },
            _ => Over::Ended,
        }
    }
}

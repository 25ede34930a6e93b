//! Keys that apps publish at a URL of theirs: fetched when they are needed, and kept for a while.
//!
//! Invariant: whoever sends statements cannot make us fetch more often than every [`TRY_AGAIN_S`] seconds for one app; while one
//! request fetches, others of that app that the keys at hand suffice for do not wait.

use http::{HeaderMap, HeaderValue, Method, header};
use model::{AppId, Time};
use oauth::key_set::{KEY_SET_BYTES_MAX, KeySet};
use outbound::{Outbound, Request};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long keys are used before they are fetched anew, in seconds.
pub(crate) const KEPT_S: i64 = 600;
/// How long they are used when they cannot be fetched anew, in seconds.
pub(crate) const KEPT_WITHOUT_NEWS_S: i64 = 3_600;
/// How long after one try the next one may be, in seconds.
pub(crate) const TRY_AGAIN_S: i64 = 30;
/// How long a fetch may take.
const FETCH_WITHIN: Duration = Duration::from_secs(5);

/// The keys of all apps that publish theirs.
pub(crate) struct Keys {
    outbound: Outbound,
    by_app: Mutex<HashMap<AppId, Arc<Kept>>>,
}

/// What is kept for one app.
#[derive(Default)]
struct Kept {
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
struct State {
    uri: String,
    keys: Option<Arc<KeySet>>,
    fetched_at: Option<Time>,
    tried_at: Option<Time>,
    /// Why the last try brought nothing.
    failed: Option<String>,
}

fn within(since: Option<Time>, seconds: i64, now: Time) -> bool {
    since.is_some_and(|since| now < since.plus_seconds(seconds))
}

impl Kept {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl State {
    fn usable(&self, now: Time) -> Option<Arc<KeySet>> {
        self.keys.clone().filter(|_| within(self.fetched_at, KEPT_WITHOUT_NEWS_S, now))
    }
}

impl Keys {
    pub(crate) fn new(outbound: Outbound) -> Keys {
        Keys { outbound, by_app: Mutex::default() }
    }

    fn of(&self, app: AppId) -> Arc<Kept> {
        self.by_app.lock().unwrap_or_else(PoisonError::into_inner).entry(app).or_default().clone()
    }

    /// The keys at hand, if they are young enough not to ask for others.
    pub(crate) fn kept(&self, app: AppId, uri: &str, now: Time) -> Option<Arc<KeySet>> {
        let kept = self.by_app.lock().unwrap_or_else(PoisonError::into_inner).get(&app).cloned()?;
        let state = kept.state();
        state.keys.filter(|_| state.uri == uri && within(state.fetched_at, KEPT_S, now))
    }

    /// Keys that are newer than those that were `seen`, or else the newest that there are; or why there are none.
    pub(crate) async fn newer(
        &self,
        app: AppId,
        uri: &str,
        seen: Option<&Arc<KeySet>>,
        now: Time,
    ) -> Result<Arc<KeySet>, String> {
        let kept = self.of(app);
        let _turn = kept.fetching.lock().await;
        let mut state = kept.state();
        if state.uri != uri {
            state = State { uri: uri.to_owned(), ..State::default() };
        }
        let usable = state.usable(now);
        let others_fetched = usable.is_some()
            && usable.as_ref().map(Arc::as_ptr) != seen.map(Arc::as_ptr)
            && within(state.fetched_at, KEPT_S, now);
        if !others_fetched && !within(state.tried_at, TRY_AGAIN_S, now) {
            state.tried_at = Some(now);
            // Noted before it happens: whoever asks and goes away has tried all the same.
            kept.set(state.clone());
            match self.fetch(uri).await {
                Ok(keys) => {
                    (state.keys, state.fetched_at, state.failed) = (Some(Arc::new(keys)), Some(now), None)
                }
                Err(why) => {
                    tracing::info!(%app, why, "the keys of an app could not be fetched");
                    state.failed = Some(why);
                }
            }
        }
        let found = state.usable(now);
        let failed = state.failed.clone();
        kept.set(state);
        found.ok_or_else(|| {
            format!("the keys of this client could not be fetched: {}", failed.unwrap_or_default())
        })
    }

    async fn fetch(&self, uri: &str) -> Result<KeySet, String> {
        let mut headers = HeaderMap::new();
        let wanted = HeaderValue::from_static("application/jwk-set+json, application/json");
        headers.insert(header::ACCEPT, wanted);
        let request = Request {
            method: Method::GET,
            url: uri.to_owned(),
            headers,
            body: Default::default(),
            timeout: FETCH_WITHIN,
            answer_bytes_max: KEY_SET_BYTES_MAX,
        };
        let answer = self.outbound.send(request).await.map_err(|why| why.to_string())?;
        if answer.status != http::StatusCode::OK {
            return Err(format!("their URL answers {}, and only 200 counts", answer.status.as_u16()));
        }
        KeySet::parse(&answer.body).map_err(|why| why.to_string())
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;

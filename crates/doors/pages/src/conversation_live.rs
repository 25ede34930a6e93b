//! `GET /conversations/{id}/live`: hints for `live.js` that there is something new to draw.
//!
//! Invariant: a hint carries no content, and before each one it is asked anew whether she is signed in and in the
//! conversation; when she is not, the stream ends.

use crate::Door;
use crate::caller::{At, Person};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use feed::Watch;
use futures_core::Stream;
use model::ConversationId;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How often a silent stream says that it still lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What it takes to look for her.
struct Looking {
    door: Arc<Door>,
    cookie: String,
    conversation: ConversationId,
    watch: Watch,
}

impl Looking {
    /// Waits for something new; `None` when she may not look any more, or the server stops.
    async fn next(self) -> Option<Looking> {
        let rang = self.watch.rang().await;
        (rang && self.may_look().await).then_some(self)
    }

    /// Is she still signed in, and in it?
    async fn may_look(&self) -> bool {
        match self.door.vault.own(&self.cookie).await {
            Ok(own) => self.door.vault.own_is_in(&own, self.conversation).await.is_ok(),
            Err(_) => false,
        }
    }
}

/// What the other end takes.
struct Hints(Option<Pin<Box<dyn Future<Output = Option<Looking>> + Send>>>);

impl Stream for Hints {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.0 else { return Poll::Ready(None) };
        let looking = std::task::ready!(next.as_mut().poll(cx));
        self.0 = looking.map(|looking| Box::pin(looking.next()) as Pin<Box<_>>);
        // What it is, the page asks for itself; the line must hold something to be an event.
        Poll::Ready(self.0.as_ref().map(|_| Ok(Event::default().event("messages").data("new"))))
    }
}

/// `GET /conversations/{id}/live`
pub(crate) async fn conversation_live(
    State(door): State<Arc<Door>>,
    person: Person,
    At(id): At<ConversationId>,
) -> Result<Response, Problem> {
    // Watched before the look, so that nothing falls between.
    let watch = door.feed.watch(id);
    door.vault.own_is_in(&person.own, id).await?;
    let looking = Looking { door, cookie: person.cookie, conversation: id, watch };
    let hints = Hints(Some(Box::pin(looking.next())));
    let hints = Sse::new(hints).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // By itself it would only be asked for anew each time.
    let mut response = hints.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

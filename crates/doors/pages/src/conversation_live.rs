//! `GET /conversations/{id}/live`: hints for `live.js` that there is something new to draw.
//!
//! Invariant: a hint carries no content, and before each one it is asked anew whether she is signed in and in the
//! conversation; when she is not, the stream ends.

use crate::Door;
use crate::caller::{At, Person};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_core::Stream;
use model::{ConversationId, Hint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a silent stream says that it still lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What the other end takes.
pub(crate) struct Hints(mpsc::Receiver<()>);

impl Stream for Hints {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What it is, the page asks for itself; the line must hold something to be an event.
        self.0.poll_recv(cx).map(|hint| hint.map(|()| Ok(Event::default().event("messages").data("new"))))
    }
}

/// Is she still signed in, and in it?
async fn may_look(door: &Door, cookie: &str, conversation: ConversationId) -> bool {
    match door.vault.own(cookie).await {
        Ok(own) => door.vault.own_is_in(&own, conversation).await.is_ok(),
        Err(_) => false,
    }
}

/// `GET /conversations/{id}/live`
pub(crate) async fn conversation_live(
    State(door): State<Arc<Door>>,
    person: Person,
    At(id): At<ConversationId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    // Listened to before the look, so that nothing falls between.
    let mut ears = door.bus.listen();
    door.vault.own_is_in(&person.own, id).await?;
    // One hint that waits says as much as many.
    let (say, hints) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let heard = tokio::select! {
                () = say.closed() => return,
                heard = ears.next() => heard,
            };
            let is_here = match heard {
                None => return,
                Some(None) => true,
                Some(Some(hint)) => {
                    matches!(hint, Hint::Conversation { conversation, .. } if conversation == id)
                }
            };
            if is_here && !may_look(&door, &person.cookie, id).await {
                return;
            }
            if is_here && matches!(say.try_send(()), Err(mpsc::error::TrySendError::Closed(()))) {
                return;
            }
        }
    });
    Ok(Sse::new(Hints(hints)).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

//! `GET /v1/events`: what happens in the conversations within reach, as it happens (server-sent events, WHATWG HTML).
//!
//! Invariant: what goes out here was handed out by the vault for a permit of that moment, with its receipt; each event is one
//! line of JSON, so nothing that people write can begin another field or event.

use crate::caller::Asking;
use crate::grant_see::Standing;
use crate::problem::Problem;
use crate::problems as listed;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use feed::{Gap, News, Opening, STREAMS_OF_GRANT_MAX, Stream, What};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use model::Action;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// How often a silent stream says that it still lives.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a client that lost its stream is asked to wait, in milliseconds.
const RETRY_MS: u32 = 2000;
/// How many bytes go out in one piece, give or take an event.
const PIECE_BYTES: usize = 16 * 1024;

/// What happens in the conversations within reach, as it happens.
///
/// Needs the action `read` or `list`. A stream of server-sent events; each has an `id`, and the id that was received last,
/// sent as `Last-Event-ID`, goes on from there, also at another node or after a restart. Nothing is lost; what comes twice
/// has the same id.
///
/// With `read`: `message` and `restored` (a message, or a placeholder with `withheld`), `deleted` (a placeholder). With
/// `list`: `read` (who has read up to which `seq`), `typing` (nothing of it is kept), `conversation` (it began or changed,
/// or what may be seen of it did: read again what you show; `gone` when it is out of reach now). Each of them carries
/// `receipt`: telling it is an access, recorded like any other, and counts as one use; events that were told together share
/// theirs. `edited` is reserved: messages cannot be edited.
///
/// `grant` says how the grant stands, at the beginning and after each change; while the person has it paused nothing comes,
/// and nothing is missed. `gap` says that what happened before it is not told (`Last-Event-ID` is unknown, or older than 3
/// days): list the conversations, and read in each after the last `seq` that you have. The stream ends with `revoked` when
/// the access is over, or with `expired` when only the token is: refresh it and come back. A line that begins with a colon
/// is a sign of life, every 20 seconds. Who does not take what is sent is cut off.
#[utoipa::path(get, path = "/v1/events", tag = "messages",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was received last")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")))]
pub(crate) async fn events_follow(asking: Asking, headers: HeaderMap) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    caller.allows(Action::List)?;
    let last = match headers.get(LAST_EVENT_ID) {
        // What no id of ours can be is an id that nobody knows.
        Some(value) => Some(value.to_str().unwrap_or("?").trim()).filter(|last| !last.is_empty()),
        None => None,
    };
    let stream = asking.door.feed.follow(caller, last).await.map_err(|why| match why {
        Opening::Refused(refusal) => refusal.into(),
        Opening::TooMany(_) => {
            let detail = format!(
                "a grant has at most {STREAMS_OF_GRANT_MAX} open streams; close one, or share one among your parts"
            );
            Problem::new(listed::TOO_MANY_STREAMS, detail).with("limit", STREAMS_OF_GRANT_MAX)
        }
    })?;
    let mut response = Response::new(Body::new(Events::new(stream)));
    response.headers_mut().insert(CONTENT_TYPE, EVENT_STREAM);
    // A proxy that gathers answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The body of the answer.
struct Events {
    stream: Stream,
    beat: Pin<Box<Sleep>>,
    begun: bool,
    over: bool,
}

impl Events {
    fn new(stream: Stream) -> Events {
        let beat = Box::pin(sleep(until_beat(&stream)));
        Events { stream, beat, begun: false, over: false }
    }
}

/// Until there is to be a sign of life, or the token ends.
fn until_beat(stream: &Stream) -> Duration {
    let ends_in = u64::try_from(stream.ends_in_s()).unwrap_or(0).max(1);
    HEARTBEAT.min(Duration::from_secs(ends_in))
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut piece = String::new();
        if !self.begun {
            self.begun = true;
            let _ = write!(piece, "retry: {RETRY_MS}\n\n");
        }
        loop {
            while piece.len() < PIECE_BYTES {
                match self.stream.poll_next(cx) {
                    Poll::Ready(Some(news)) => tell(&mut piece, &news),
                    Poll::Ready(None) => {
                        self.over = true;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
            if !piece.is_empty() {
                let wait = until_beat(&self.stream);
                self.beat = Box::pin(sleep(wait));
                return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
            }
            if self.over {
                return Poll::Ready(None);
            }
            ready!(self.beat.as_mut().poll(cx));
            self.stream.look_at_clock();
            piece.push_str(":\n\n");
        }
    }
}

/// Writes one event.
fn tell(out: &mut String, News { id, what }: &News) {
    // Writing to a String never fails.
    let _ = match what {
        What::Event { name, json, receipt } => {
            let bare = json.strip_suffix('}').unwrap_or(json);
            write!(out, "id: {id}\nevent: {name}\ndata: {bare},\"receipt\":\"{receipt}\"}}\n\n")
        }
        What::Grant(grant) => {
            let standing = serde_json::to_string(&Standing::of(grant)).unwrap_or_default();
            write!(out, "id: {id}\nevent: grant\ndata: {standing}\n\n")
        }
        What::Gap(gap) => {
            let (why, since) = match gap {
                Gap::Unknown => ("unknown", String::from("null")),
                Gap::TooOld(at) => ("too-old", format!("\"{at}\"")),
            };
            write!(
                out,
                "id: {id}\nevent: gap\ndata: {{\"why\":\"{why}\",\"since\":{since},\"until\":\"{}\",\
                 \"read_on\":\"/v1/conversations\"}}\n\n",
                id.at
            )
        }
        What::Revoked(over) => {
            write!(out, "id: {id}\nevent: revoked\ndata: {{\"why\":\"{}\"}}\n\n", over.as_str())
        }
        What::Expired => write!(out, "id: {id}\nevent: expired\ndata: {{}}\n\n"),
    };
}

#[cfg(test)]
#[path = "events_follow_tests.rs"]
mod tests;

//! Marquee, a film service: browse its films, recommend one through Waxseal's share sheet, talk about one with friends.
//!
//! Invariant: recommending takes no right at all; Marquee is told that it was sent, and nothing else. A film night takes the right to
//! the conversations that were started here, and to no others.

mod browse;
mod films;
mod inbox;
mod plan;
mod poster;
mod recommend;
mod sign_in;
mod view;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use clap::Parser;
use frame::{Origin, Sessions};
use sign_in::{Leaving, Member};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::OnceCell;
use view::{Frame, Sorry};
use waxseal_client::{App, Error, Waxseal};

/// A film service that works with Waxseal
#[derive(Parser, Debug)]
struct Options {
    /// Where Waxseal is
    #[arg(long, env = "MARQUEE_WAXSEAL", value_name = "URL", value_parser = Origin::parse)]
    waxseal: Origin,
    /// Who we are there
    #[arg(long, env = "MARQUEE_CLIENT_ID", value_name = "app_…")]
    client_id: String,
    /// What proves it; better in the environment than in a list of processes
    #[arg(long, env = "MARQUEE_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    client_secret: String,
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "MARQUEE_LISTEN", default_value = "127.0.0.1:8091", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where people reach us [default: http:// and where we listen]
    #[arg(long, env = "MARQUEE_PUBLIC_URL", value_name = "URL", value_parser = Origin::parse)]
    public_url: Option<Origin>,
}

/// What every page has at hand.
struct Marquee {
    own: Origin,
    waxseal: Origin,
    client_id: String,
    app: App,
    client: OnceCell<Waxseal>,
    members: Sessions<Member>,
    /// Who is at Waxseal, deciding.
    leaving: Sessions<Leaving>,
}

impl Marquee {
    /// Waxseal, found on first use, so that either may be started before the other.
    async fn client(&self) -> Result<&Waxseal, Error> {
        let found = || Waxseal::discover(self.waxseal.as_str(), self.app.clone());
        self.client.get_or_try_init(found).await
    }

    fn frame(&self, at: &'static str, member: Option<&Member>) -> Frame {
        let name = member.map(|member| member.name.clone());
        Frame { at, name, flash: None, waxseal: self.waxseal.to_string() }
    }

    fn sorry(&self, status: StatusCode, title: &'static str, what: &str) -> Response {
        frame::page(status, &Sorry { frame: self.frame("", None), title, what: what.to_owned() })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("marquee: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), String> {
    let listening = frame::listen(options.listen).await;
    let (listener, at) = listening.map_err(|why| format!("cannot listen at {}: {why}", options.listen))?;
    let own = match options.public_url {
        Some(own) => own,
        None => Origin::parse(&format!("http://{at}"))?,
    };
    println!("marquee is at {own}");
    let marquee = Arc::new(Marquee {
        own,
        waxseal: options.waxseal,
        app: App::with_secret(&options.client_id, options.client_secret),
        client_id: options.client_id,
        client: OnceCell::new(),
        members: Sessions::new("marquee"),
        leaving: Sessions::new("marquee-leaving"),
    });
    frame::serve(listener, routes(marquee)).await.map_err(|why| why.to_string())
}

fn routes(marquee: Arc<Marquee>) -> Router {
    let own = marquee.own.clone();
    Router::new()
        .route("/", get(browse::browse))
        .route("/films/{slug}", get(browse::film_see))
        .route("/films/{slug}/recommend", get(recommend::recommend))
        .route("/shared", get(recommend::shared))
        .route("/films/{slug}/plan", get(plan::plan_see).post(plan::plan))
        .route("/inbox", get(inbox::inbox))
        .route("/inbox/{id}", get(inbox::talk_see).post(inbox::answer))
        .route("/sign-in", get(sign_in::sign_in))
        .route("/callback", get(sign_in::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/hand-back", post(sign_in::hand_back))
        .route("/posters/{name}", get(browse::poster_see))
        .route("/static/frame.css", get(|| async { css(frame::STYLE) }))
        .route("/static/marquee.css", get(|| async { css(include_str!("../static/marquee.css")) }))
        .route("/static/marquee.svg", get(|| async { svg(include_str!("../static/marquee.svg")) }))
        .fallback(browse::nothing_here)
        .layer(from_fn_with_state(own, frame::own_forms_only))
        .with_state(marquee)
}

/// A moment of Waxseal's (RFC 3339, UTC), as one reads it.
fn when(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(clock)) => format!("{day}, {clock} UTC"),
        _ => at.to_owned(),
    }
}

fn css(text: &'static str) -> Response {
    frame::asset("text/css; charset=utf-8", text)
}

fn svg(text: impl Into<axum::body::Body>) -> Response {
    frame::asset("image/svg+xml", text)
}

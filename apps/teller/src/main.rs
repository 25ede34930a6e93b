//! Teller, a bank with play money: pays a friend, and posts the receipt in Waxseal with a right that is spent by it.
//!
//! Invariant: it asks for nothing but to send one receipt, keeps no token longer than that takes, and proves that it read nothing.

mod account;
mod money;
mod post;
mod proof;
mod sign_in;
mod view;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post as posted};
use clap::Parser;
use frame::{Origin, Sessions};
use money::Ledger;
use post::Posting;
use proof::Proof;
use sign_in::Customer;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use view::{Frame, Sorry};
use waxseal_client::{App, Begun, Error, Waxseal};

/// A bank with play money that works with Waxseal
#[derive(Parser, Debug)]
struct Options {
    /// Where Waxseal is
    #[arg(long, env = "TELLER_WAXSEAL", value_name = "URL", value_parser = Origin::parse)]
    waxseal: Origin,
    /// Who we are there
    #[arg(long, env = "TELLER_CLIENT_ID", value_name = "app_…")]
    client_id: String,
    /// What proves it; better in the environment than in a list of processes
    #[arg(long, env = "TELLER_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    client_secret: String,
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "TELLER_LISTEN", default_value = "127.0.0.1:8092", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where people reach us [default: http:// and where we listen]
    #[arg(long, env = "TELLER_PUBLIC_URL", value_name = "URL", value_parser = Origin::parse)]
    public_url: Option<Origin>,
}

/// What every page has at hand.
struct Teller {
    own: Origin,
    waxseal: Origin,
    app: App,
    client: OnceCell<Waxseal>,
    ledger: Mutex<Ledger>,
    customers: Sessions<Customer>,
    /// Who is at Waxseal, signing in.
    leaving: Sessions<Begun>,
    /// Who is at Waxseal, picking where a receipt goes.
    posting: Sessions<Posting>,
    proof: tokio::sync::Mutex<Option<Proof>>,
}

impl Teller {
    /// Waxseal, found on first use, so that either may be started before the other.
    async fn client(&self) -> Result<&Waxseal, Error> {
        let found = || Waxseal::discover(self.waxseal.as_str(), self.app.clone());
        self.client.get_or_try_init(found).await
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Each payment is whole before anything in it can fail.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn frame(&self, at: &'static str, customer: Option<&Customer>) -> Frame {
        let name = customer.map(|customer| customer.name.clone());
        Frame { at, name, flash: None, waxseal: self.waxseal.to_string() }
    }

    fn sorry(&self, status: StatusCode, title: &'static str, what: &str, on: &str) -> Response {
        let (what, on) = (what.to_owned(), on.to_owned());
        frame::page(status, &Sorry { frame: self.frame("", None), title, what, on })
    }

    /// What could not be done, said to the customer; who runs Teller reads the same.
    fn failed(&self, why: &Error, on: &str) -> Response {
        eprintln!("teller: {why}");
        let what = match why {
            Error::Unreachable(_) => "Waxseal does not answer. Try again in a minute.".to_owned(),
            Error::Problem(problem) => format!("Waxseal said: {}", problem.detail),
            other => format!("{other}."),
        };
        self.sorry(StatusCode::BAD_GATEWAY, "That did not work", &what, on)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("teller: {why}");
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
    println!("teller is at {own}");
    let teller = Arc::new(Teller {
        own,
        waxseal: options.waxseal,
        app: App::with_secret(options.client_id, options.client_secret),
        client: OnceCell::new(),
        ledger: Mutex::default(),
        customers: Sessions::new("teller"),
        leaving: Sessions::new("teller-leaving"),
        posting: Sessions::new("teller-posting"),
        proof: tokio::sync::Mutex::new(None),
    });
    frame::serve(listener, routes(teller)).await.map_err(|why| why.to_string())
}

fn routes(teller: Arc<Teller>) -> Router {
    let own = teller.own.clone();
    Router::new()
        .route("/", get(account::account))
        .route("/sign-in", get(sign_in::sign_in))
        .route("/callback", get(sign_in::callback))
        .route("/sign-out", posted(sign_in::sign_out))
        .route("/pay", posted(account::pay))
        .route("/payments/{reference}", get(account::payment_see))
        .route("/payments/{reference}/post", get(post::post))
        .route("/posted", get(post::posted))
        .route("/proof", get(proof::proof_see))
        .route("/proof/evidence.zip", get(proof::evidence_take))
        .route("/static/frame.css", get(|| async { css(frame::STYLE) }))
        .route("/static/teller.css", get(|| async { css(include_str!("../static/teller.css")) }))
        .route("/static/teller.svg", get(|| async { svg() }))
        .fallback(account::nothing_here)
        .layer(from_fn_with_state(own, frame::own_forms_only))
        .with_state(teller)
}

fn css(text: &'static str) -> Response {
    frame::asset("text/css; charset=utf-8", text)
}

fn svg() -> Response {
    frame::asset("image/svg+xml", include_str!("../static/teller.svg"))
}

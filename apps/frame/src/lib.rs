//! What a partner's small web app stands on: pages with a strict policy, sessions, forms that no other site can send.
//!
//! Invariant: nothing here knows of Waxseal; what an app does with it is in the app.

mod address;
mod forms;
mod page;
mod sessions;

pub use address::{Origin, query};
pub use forms::own_forms_only;
pub use page::{asset, page, to};
pub use sessions::{Sessions, cookie_of, crossing, crossing_of, crossing_over};

use axum::Router;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// What the pages have in common, but for the colours.
pub const STYLE: &str = include_str!("../static/frame.css");

/// 128 random bits as text, for names that nobody can guess. `None` if the system gives none.
#[must_use]
pub fn unguessable() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// Takes the address, so that the app knows its port before it makes its routes.
///
/// # Errors
/// Somebody else has it.
pub async fn listen(at: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(at).await?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}

/// Serves until Ctrl-C.
///
/// # Errors
/// The listener broke.
pub async fn serve(listener: TcpListener, routes: Router) -> io::Result<()> {
    let over = async {
        // Without signals it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = async { axum::serve(listener, routes).await } => served,
        () = over => Ok(()),
    }
}

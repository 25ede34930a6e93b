//! Pushed authorization requests (RFC 9126): an app tells us what it will ask before it sends the person, who brings only a
//! handle with her.
//!
//! Invariant: what is pushed is held to all that a request in a link is held to, so nothing is found wrong later; and nothing
//! that stands beside the handle in the link counts.

use crate::authorize::{self, Request};
use crate::bound::Held;
use crate::client::Client;
use crate::error::{OAuthError, invalid_request};
use crate::metadata::Issuer;
use crate::params::Params;
use serde::Serialize;

/// How long a `request_uri` can be opened, in seconds.
pub const PUSHED_S: i64 = 90;
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Refuses a form that leads elsewhere.
pub fn check_form(form: &Params) -> Result<(), OAuthError> {
    match form.value("request_uri") {
        Some(_) => Err(invalid_request("a request_uri cannot be pushed; push what it stands for")),
        None => Ok(()),
    }
}

/// Decides on a request that `client`, which has proved itself, pushes: what it signed, if it signed it, or else what is in the
/// form. A key that it holds binds the code, as `dpop_jkt` does.
pub fn push(params: &Params, client: &Client, held: &Held, issuer: &Issuer) -> Result<Request, OAuthError> {
    let request = authorize::pushed(params, client, issuer)?;
    let proved = held.proof.as_ref().map(|proof| proof.key);
    if request.dpop_jkt.is_some() && proved.is_some() && request.dpop_jkt != proved {
        return Err(invalid_request("dpop_jkt names another key than the DPoP proof"));
    }
    Ok(Request { dpop_jkt: request.dpop_jkt.or(proved), ..request })
}

/// The handle in a `request_uri` of ours.
pub fn handle(params: &Params) -> Option<&str> {
    params.value("request_uri")?.strip_prefix(PREFIX)
}

/// What an app is answered that pushed a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    request_uri: String,
    expires_in: i64,
}

impl Pushed {
    /// The answer that carries this handle.
    pub fn new(handle: &str) -> Pushed {
        Pushed { request_uri: format!("{PREFIX}{handle}"), expires_in: PUSHED_S }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_from_our_own_form_alone() {
        let read = |query: &str| handle(&Params::parse(query.as_bytes()).unwrap()).map(str::to_owned);
        let pushed = serde_json::to_value(Pushed::new("wxp_x")).unwrap();
        assert_eq!(
            read(&format!("request_uri={}", pushed["request_uri"].as_str().unwrap())).unwrap(),
            "wxp_x"
        );
        assert_eq!(read("request_uri=https://app.example/r"), None);
        assert_eq!(read("request_uri=URN:ietf:params:oauth:request_uri:wxp_x"), None);
        assert_eq!(read("request_uri="), None);
        assert_eq!(read(""), None);
    }
}

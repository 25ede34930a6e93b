//! Signing out that an app asks for (OpenID Connect RP-Initiated Logout), and telling apps that somebody signed out
//! (Back-Channel Logout).
//!
//! Invariant: only whoever holds the ID token of the very session ends it without asking her; and nobody is sent anywhere but
//! to an address that the app registered for this.

use crate::details::json_text;
use crate::error::OAuthError;
use crate::id_token::Hint;
use crate::metadata::Issuer;
use crate::params::{Params, push_encoded};
use crate::signed::Statement;
use model::{AppId, PersonId, SessionId, Time};
use serde::Serialize;
use serde_json::json;

/// How long a logout token is good for, in seconds (Back-Channel Logout 2.4: two minutes at most).
pub const LOGOUT_TOKEN_S: i64 = 120;
/// The longest `state` that is sent back, in characters.
const STATE_CHARS_MAX: usize = 512;
/// The member of `events` that makes a token one of these.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What an app asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndSession {
    /// The ID token that it got.
    pub hint: Option<String>,
    client_id: Option<AppId>,
    back_to: Option<String>,
    state: Option<String>,
}

impl EndSession {
    /// Reads the parameters. What cannot be read counts as not sent: she is asked, and stays here.
    pub fn parse(raw: &[u8]) -> Result<Self, OAuthError> {
        let params = Params::parse(raw)?;
        let text = |name| params.value(name).map(str::to_owned);
        Ok(EndSession {
            hint: text("id_token_hint"),
            client_id: params.value("client_id").and_then(|id| id.parse().ok()),
            back_to: text("post_logout_redirect_uri"),
            state: text("state").filter(|state| state.chars().count() <= STATE_CHARS_MAX),
        })
    }

    /// Which app asks, if it says so without contradiction.
    pub fn app(&self, hint: Option<&Hint>) -> Option<AppId> {
        match (hint.map(|hint| hint.app), self.client_id) {
            (Some(hinted), Some(named)) if hinted != named => None,
            (hinted, named) => hinted.or(named),
        }
    }

    /// Is it about this session of hers? Then she need not be asked.
    pub fn is_about(&self, hint: Option<&Hint>, person: PersonId, session: SessionId) -> bool {
        let named = hint.is_some_and(|hint| hint.person == person && hint.session == Some(session));
        named && self.app(hint).is_some()
    }

    /// Where she goes on to, if that is one of the addresses that the app registered.
    pub fn back(&self, registered: &[String]) -> Option<String> {
        let mut uri = self.back_to.clone().filter(|uri| registered.contains(uri))?;
        if let Some(state) = &self.state {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str("state=");
            push_encoded(&mut uri, state);
        }
        Some(uri)
    }
}

/// That somebody signed out of a session, told to one app.
#[derive(Clone, Debug)]
pub struct LogoutToken<'a> {
    /// Our issuer identifier.
    pub issuer: &'a Issuer,
    /// Who signed out.
    pub person: PersonId,
    /// Of which session.
    pub session: SessionId,
    /// Told to which app.
    pub app: AppId,
    /// When it is told.
    pub now: Time,
    /// The same for each time that the same thing is told.
    pub id: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: PersonId,
    aud: AppId,
    iat: i64,
    exp: i64,
    jti: &'a str,
    sid: SessionId,
    events: serde_json::Value,
}

impl Statement for LogoutToken<'_> {
    const TYPE: &'static str = "logout+jwt";

    fn claims_json(&self) -> String {
        json_text(&Claims {
            iss: self.issuer.as_str(),
            sub: self.person,
            aud: self.app,
            iat: self.now.seconds(),
            exp: self.now.plus_seconds(LOGOUT_TOKEN_S).seconds(),
            jti: &self.id,
            sid: self.session,
            events: json!({EVENT: {}}),
        })
    }
}

#[cfg(test)]
#[path = "logout_tests.rs"]
mod tests;

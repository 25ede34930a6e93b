//! Introspection (RFC 7662): what a token is worth now, told to the app that holds it; signed if it asks for that (RFC 9701).
//!
//! Invariant: of a token that is unknown, over, or another app's, nothing is said but that it is not active.

use crate::bound::Confirmation;
use crate::details::{Granted, json_text};
use crate::signed::Statement;
use crate::token::TokenType;
use model::{AppId, GrantId, PersonId, Time};
use serde::Serialize;

/// The media type with which a signed answer is asked for, and sent.
pub const SIGNED_TYPE: &str = "application/token-introspection+jwt";

/// What a token that works is worth.
#[derive(Clone, Debug, Serialize)]
pub struct Worth {
    /// Our issuer identifier.
    pub iss: String,
    /// For whom it acts.
    pub sub: PersonId,
    /// The app that it was issued to.
    pub client_id: AppId,
    /// The API that takes it; none for a refresh token, which is for us alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// The scopes that it carries.
    pub scope: String,
    /// How it is presented; none for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<TokenType>,
    /// What it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// When it was issued.
    pub iat: i64,
    /// When it ends by itself.
    pub exp: i64,
    /// What it lets the app do with messages.
    #[serde(skip_serializing_if = "Granted::is_empty")]
    pub authorization_details: Granted,
    /// The grant that it hangs on.
    pub grant_id: GrantId,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    worth: Option<Worth>,
}

impl Introspection {
    /// The answer about a token that is worth this, or nothing.
    pub fn of(worth: Option<Worth>) -> Self {
        Introspection { active: worth.is_some(), worth }
    }

    /// Its JSON.
    pub fn json(&self) -> String {
        json_text(self)
    }
}

/// The answer as a statement to the app that asked.
#[derive(Debug)]
pub struct SignedIntrospection<'a> {
    /// Our issuer identifier.
    pub issuer: &'a str,
    /// Who asked.
    pub app: AppId,
    /// When.
    pub now: Time,
    /// The answer.
    pub answer: &'a Introspection,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: AppId,
    iat: i64,
    token_introspection: &'a Introspection,
}

impl Statement for SignedIntrospection<'_> {
    const TYPE: &'static str = "token-introspection+jwt";

    fn claims_json(&self) -> String {
        let SignedIntrospection { issuer, app, now, answer } = *self;
        json_text(&Claims { iss: issuer, aud: app, iat: now.seconds(), token_introspection: answer })
    }
}

/// Does an `Accept` header ask for the signed answer?
pub fn wants_signed(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(SIGNED_TYPE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_not_active_nothing_else_is_said() {
        assert_eq!(Introspection::of(None).json(), r#"{"active":false}"#);
        let told = SignedIntrospection {
            issuer: "https://seal.example",
            app: AppId::from_bytes([1; 16]),
            now: Time::from_micros(7_000_000),
            answer: &Introspection::of(None),
        };
        let claims: serde_json::Value = serde_json::from_str(&told.claims_json()).unwrap();
        assert_eq!(claims["token_introspection"], serde_json::json!({"active": false}));
        assert_eq!((claims["iat"].clone(), claims.get("sub"), claims.get("exp")), (7.into(), None, None));
    }

    #[test]
    fn who_accepts_it_is_read_out_of_the_header() {
        for accept in [SIGNED_TYPE, "application/json, Application/Token-Introspection+JWT;q=0.5"] {
            assert!(wants_signed(accept), "{accept}");
        }
        for accept in ["", "*/*", "application/json", "application/jwt", "token-introspection+jwt"] {
            assert!(!wants_signed(accept), "{accept}");
        }
    }
}

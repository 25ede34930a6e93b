//! The device grant (RFC 8628): a device without a browser shows a code, a person types it where she is signed in, and the
//! device asks now and then whether she has answered.
//!
//! Invariant: what a device is given hangs on a code that it alone was told; the short code that a person reads from its
//! screen opens nothing but the question to her.

use crate::authorize::{Manage, Prompt, Request, check_resource};
use crate::client::Client;
use crate::details;
use crate::error::{ErrorCode, OAuthError, invalid_request};
use crate::metadata::{DEVICE_PATH, Issuer};
use crate::params::Params;
use crate::token::CODE_S;
use model::{AppId, Scopes, Time};
use serde::Serialize;

/// The grant type at the token endpoint.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long a person has to answer, in seconds.
pub const DEVICE_S: i64 = 600;
/// How long a device waits between two questions, in seconds.
pub const INTERVAL_S: i64 = 5;
/// The longest that a device is told to wait, however often it asks too soon.
pub const INTERVAL_S_MAX: i64 = 60;
/// 20 letters without vowels, so that no code is a word (RFC 8628 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS_COUNT: usize = 8;

/// Reads what a device asks for. It is asked of the person like what an app with a browser asks for.
pub fn authorize(form: &Params, client: &Client, issuer: &Issuer) -> Result<Request, OAuthError> {
    if form.value("grant_management_action").is_some() || form.value("grant_id").is_some() {
        return Err(invalid_request(
            "a device asks for a grant of its own; grants are managed with a browser",
        ));
    }
    if client.signs_requests {
        let why =
            "this client signs its requests, and one of a device is not signed: send the person to a browser";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, why));
    }
    check_resource(form, issuer)?;
    Ok(Request {
        client_id: client.id,
        // Nobody is sent anywhere with a code: the person stays where she is.
        redirect_uri: String::new(),
        state: None,
        scopes: form.value("scope").map_or(Scopes::default(), Scopes::parse),
        asked: form.value("authorization_details").map(details::parse_request).transpose()?,
        code_challenge: String::new(),
        nonce: None,
        prompt: Prompt::default(),
        max_age: None,
        login_hint: None,
        hinted: None,
        manage: Manage::None,
        dpop_jkt: None,
    })
}

/// A code to be read from a screen, made of random bytes: `WDJB-MJHT`.
pub fn user_code(random: [u8; 16]) -> String {
    let mut rest = u128::from_be_bytes(random);
    let mut code = String::with_capacity(LETTERS_COUNT + 1);
    for at in 0..LETTERS_COUNT {
        if at == LETTERS_COUNT / 2 {
            code.push('-');
        }
        // 20^8 is so much less than 2^128 that no letter comes noticeably more often than another.
        let letter = usize::try_from(rest % LETTERS.len() as u128).unwrap_or_default();
        code.push(char::from(LETTERS[letter]));
        rest /= LETTERS.len() as u128;
    }
    code
}

/// The code that a person typed, as it was shown; none if it cannot be one. Case, dashes and spaces do not matter.
pub fn typed(text: &str) -> Option<String> {
    let is_gap = |c: char| c == '-' || c.is_whitespace() || c == '\u{2010}' || c == '\u{2013}';
    let mut letters: Vec<char> = Vec::new();
    for c in text.chars().filter(|c| !is_gap(*c)) {
        let c = c.to_ascii_uppercase();
        if letters.len() == LETTERS_COUNT || !LETTERS.iter().any(|letter| char::from(*letter) == c) {
            return None;
        }
        letters.push(c);
    }
    let (first, second) = letters.split_at_checked(LETTERS_COUNT / 2)?;
    (letters.len() == LETTERS_COUNT)
        .then(|| format!("{}-{}", String::from_iter(first), String::from_iter(second)))
}

/// What a device is told to begin with (RFC 8628 3.2). It goes out with `Cache-Control: no-store`.
#[derive(Clone, Serialize)]
pub struct DeviceAnswer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

impl DeviceAnswer {
    /// The answer with these codes.
    pub fn new(issuer: &Issuer, device_code: String, user_code: String) -> Self {
        let verification_uri = issuer.url(DEVICE_PATH);
        DeviceAnswer {
            device_code,
            verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
            verification_uri,
            user_code,
            expires_in: DEVICE_S,
            interval: INTERVAL_S,
        }
    }
}

/// Secrets never reach a log.
impl std::fmt::Debug for DeviceAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceAnswer")
    }
}

/// How far the person is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceState {
    /// She has not answered.
    Waiting,
    /// She has let it in, at this moment.
    Allowed(Time),
    /// She has not let it in.
    Denied,
    /// It has had its tokens.
    Used,
}

impl DeviceState {
    /// Its word in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeviceState::Waiting => "waiting",
            DeviceState::Allowed(_) => "allowed",
            DeviceState::Denied => "denied",
            DeviceState::Used => "used",
        }
    }
}

/// A device code as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    /// The app that it was issued to.
    pub app: AppId,
    /// How far the person is.
    pub state: DeviceState,
    /// Until when she can answer.
    pub expires_at: Time,
    /// How long the device was told to wait between questions.
    pub interval_s: i64,
    /// When it asked last.
    pub polled_at: Option<Time>,
}

/// What a device code is worth now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Poll {
    /// Issue tokens, and mark it used in the same transaction.
    Issue,
    /// Answer this; the device may ask again, after so many seconds from now on.
    Wait(OAuthError, i64),
    /// Answer this; nothing will come of it.
    Refuse(OAuthError),
}

/// Decides on a device code that `app`, which has proved itself, presents.
pub fn poll(row: Option<&DeviceRow>, app: AppId, now: Time) -> Poll {
    let refuse = |code, why| Poll::Refuse(OAuthError::new(code, why));
    // Another app's code is not known to this one, and goes on working for its own.
    let Some(row) = row.filter(|row| row.app == app) else {
        return refuse(ErrorCode::InvalidGrant, "the device code is not known");
    };
    match row.state {
        DeviceState::Used => refuse(ErrorCode::InvalidGrant, "the device code was used before"),
        DeviceState::Denied => refuse(ErrorCode::AccessDenied, "the person did not let the device in"),
        // Who answers at the last moment has answered.
        DeviceState::Allowed(at) if row.expires_at.max(at.plus_seconds(CODE_S)) > now => Poll::Issue,
        DeviceState::Allowed(_) => refuse(ErrorCode::ExpiredToken, "the device code has expired; begin anew"),
        DeviceState::Waiting if row.expires_at <= now => {
            refuse(ErrorCode::ExpiredToken, "nobody answered in time; begin anew")
        }
        DeviceState::Waiting => {
            let soon = row.polled_at.is_some_and(|at| at.plus_seconds(row.interval_s) > now);
            let wait = |code, why, interval_s| Poll::Wait(OAuthError::new(code, why), interval_s);
            if soon {
                let interval_s = (row.interval_s + 5).min(INTERVAL_S_MAX);
                wait(ErrorCode::SlowDown, "asked too soon; wait 5 seconds longer from now on", interval_s)
            } else {
                let why = "the person has not answered yet";
                wait(ErrorCode::AuthorizationPending, why, row.interval_s)
            }
        }
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;

//! What goes wrong, in the registered words of OAuth and OpenID Connect.
//!
//! Invariant: a description holds only the characters that RFC 6749 5.2 allows, whatever it was made from, so it can be
//! put into JSON, a header or a redirect as it is.

use serde::ser::SerializeStruct;
use std::fmt;

const DESCRIPTION_CHARS_MAX: usize = 300;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// A registered error code.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name),* }

        impl ErrorCode {
            /// Its word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $text),* }
            }

            /// The HTTP status of a JSON answer that carries it.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status),* }
            }

            #[cfg(test)]
            pub(crate) const EACH: &'static [ErrorCode] = &[$(ErrorCode::$name),*];
        }
    };
}

codes! {
    /// Malformed: a parameter is missing, doubled or not as it must be.
    InvalidRequest = "invalid_request", 400;
    /// The client did not prove who it is.
    InvalidClient = "invalid_client", 401;
    /// The code or refresh token is not valid for this client, or no longer.
    InvalidGrant = "invalid_grant", 400;
    /// This client may not do this.
    UnauthorizedClient = "unauthorized_client", 400;
    /// Not one of our grant types.
    UnsupportedGrantType = "unsupported_grant_type", 400;
    /// Only `code` is supported.
    UnsupportedResponseType = "unsupported_response_type", 400;
    /// Not one of our kinds of token.
    UnsupportedTokenType = "unsupported_token_type", 400;
    /// A scope that was not granted.
    InvalidScope = "invalid_scope", 400;
    /// The person, or the operator's ceiling, says no.
    AccessDenied = "access_denied", 400;
    /// `authorization_details` are not as RFC 9396 and our documentation say.
    InvalidAuthorizationDetails = "invalid_authorization_details", 400;
    /// A grant that is not this client's, not this person's, or over (Grant Management for OAuth 2.0).
    InvalidGrantId = "invalid_grant_id", 400;
    /// The DPoP proof is missing or not valid (RFC 9449).
    InvalidDpopProof = "invalid_dpop_proof", 400;
    /// The DPoP proof needs a nonce of ours (RFC 9449 8).
    UseDpopNonce = "use_dpop_nonce", 400;
    /// A resource that is not here.
    InvalidTarget = "invalid_target", 400;
    /// `prompt=none`, but the person must sign in.
    LoginRequired = "login_required", 400;
    /// `prompt=none`, but the person must be asked.
    ConsentRequired = "consent_required", 400;
    /// `prompt=none`, but a page must be shown.
    InteractionRequired = "interaction_required", 400;
    /// The signed request is not valid (RFC 9101).
    InvalidRequestObject = "invalid_request_object", 400;
    /// The `request` parameter is not supported.
    RequestNotSupported = "request_not_supported", 400;
    /// The `request_uri` parameter is not supported.
    RequestUriNotSupported = "request_uri_not_supported", 400;
    /// The `registration` parameter is not supported.
    RegistrationNotSupported = "registration_not_supported", 400;
    /// The access token is not valid (RFC 6750).
    InvalidToken = "invalid_token", 401;
    /// The access token does not reach this (RFC 6750).
    InsufficientScope = "insufficient_scope", 403;
    /// The person has not answered the device's question yet (RFC 8628).
    AuthorizationPending = "authorization_pending", 400;
    /// The device asks too often (RFC 8628).
    SlowDown = "slow_down", 400;
    /// The device code is too old (RFC 8628).
    ExpiredToken = "expired_token", 400;
    /// We broke.
    ServerError = "server_error", 500;
    /// We cannot now; later perhaps.
    TemporarilyUnavailable = "temporarily_unavailable", 503;
}

/// An error of the protocol: a code for the program, a description for its developer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OAuthError {
    code: ErrorCode,
    description: String,
}

impl OAuthError {
    /// This error; characters that a description may not hold are replaced, and a long one is cut.
    pub fn new(code: ErrorCode, description: impl AsRef<str>) -> Self {
        let allowed = |c: char| match c {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => c,
            _ => '?',
        };
        let description = description.as_ref().chars().take(DESCRIPTION_CHARS_MAX).map(allowed).collect();
        OAuthError { code, description }
    }

    /// Its code.
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What to do about it, in allowed characters.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The HTTP status of a JSON answer that carries it. A 401 to a client that used `Authorization` also needs
    /// `WWW-Authenticate`.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)
    }
}

impl std::error::Error for OAuthError {}

/// `{"error":…,"error_description":…}`
impl serde::Serialize for OAuthError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("OAuthError", 2)?;
        object.serialize_field("error", self.code.as_str())?;
        object.serialize_field("error_description", &self.description)?;
        object.end()
    }
}

pub(crate) fn invalid_request(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;

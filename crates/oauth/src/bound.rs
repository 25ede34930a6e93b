//! What a token is bound to, and what whoever presents it holds: nothing, a key (DPoP, RFC 9449) or a certificate (mutual TLS,
//! RFC 8705).
//!
//! Invariant: a bound token is worth something only beside a proof of the very thing that it is bound to, and one that is not
//! bound only without a proof.

use crate::client::{Client, Profile};
use crate::dpop::Proof;
use crate::error::{ErrorCode, OAuthError};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The SHA-256 of a key as JWK (RFC 7638), or of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl Thumbprint {
    /// Reads one from base64url.
    pub fn parse(text: &str) -> Option<Thumbprint> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Thumbprint)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

impl Serialize for Thumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Thumbprint::parse(&text).ok_or_else(|| serde::de::Error::custom("not a thumbprint"))
    }
}

/// What a token is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Bound {
    /// Nothing: whoever has it, has it.
    #[default]
    Nothing,
    /// The key with this thumbprint (`jkt`).
    Key(Thumbprint),
    /// The certificate with this thumbprint (`x5t#S256`).
    Certificate(Thumbprint),
}

impl Bound {
    /// As it is stored: the thumbprint of a key, or of a certificate.
    pub fn of(key: Option<Thumbprint>, certificate: Option<Thumbprint>) -> Bound {
        match (key, certificate) {
            (Some(key), _) => Bound::Key(key),
            (None, Some(certificate)) => Bound::Certificate(certificate),
            (None, None) => Bound::Nothing,
        }
    }

    /// The key.
    pub fn key(&self) -> Option<Thumbprint> {
        if let Bound::Key(key) = self { Some(*key) } else { None }
    }

    /// The certificate.
    pub fn certificate(&self) -> Option<Thumbprint> {
        if let Bound::Certificate(certificate) = self { Some(*certificate) } else { None }
    }

    /// As it is told; none, if it is not bound.
    pub fn confirmation(&self) -> Option<Confirmation> {
        let told = Confirmation { jkt: self.key(), x5t: self.certificate() };
        self.is_bound().then_some(told)
    }

    /// Is it bound at all?
    pub fn is_bound(&self) -> bool {
        *self != Bound::Nothing
    }
}

/// What the tokens are bound to that are issued for one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Binding {
    /// The access token.
    pub access: Bound,
    /// The refresh token. That of an app which proves itself is bound to its proving, and its keys may change (RFC 9449 5).
    pub refresh: Bound,
}

/// A binding as a token's holder is told of it (RFC 7800).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Confirmation {
    #[serde(skip_serializing_if = "Option::is_none")]
    jkt: Option<Thumbprint>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t: Option<Thumbprint>,
}

/// What whoever sent a request was shown to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// A key, by a proof for this very request.
    pub proof: Option<Proof>,
    /// The private key of a certificate, by the connection on which the request came.
    pub certificate: Option<Thumbprint>,
}

impl Held {
    /// What a token is bound to that is issued for this request; `to_certificate` if the app wants its tokens bound to it.
    pub fn binds(&self, to_certificate: bool) -> Bound {
        let certificate = self.certificate.filter(|_| to_certificate);
        Bound::of(self.proof.as_ref().map(|proof| proof.key), certificate)
    }

    /// The same for all tokens that this app gets. One of the profile fapi2 gets none that are not bound (FAPI 2.0 5.3.2.1).
    pub fn binding(&self, client: &Client) -> Result<Binding, OAuthError> {
        let to_certificate = client.binds_certificate || client.kind.has_certificate();
        let access = self.binds(to_certificate);
        if to_certificate && !access.is_bound() {
            let why = "the tokens of this app are bound to its certificate: use the mtls_endpoint_aliases, and show it there";
            return Err(OAuthError::new(ErrorCode::InvalidRequest, why));
        }
        if client.profile == Profile::Fapi2 && !access.is_bound() {
            let why = "the tokens of an app of the profile fapi2 are bound to a key: send a DPoP proof with this request";
            return Err(OAuthError::new(ErrorCode::InvalidDpopProof, why));
        }
        let refresh = if client.kind.is_confidential() { Bound::Nothing } else { access };
        Ok(Binding { access, refresh })
    }

    /// May a token be used that is bound to this?
    pub fn opens(&self, bound: Bound) -> bool {
        let key = self.proof.as_ref().map(|proof| proof.key);
        match bound {
            Bound::Nothing => key.is_none(),
            Bound::Key(bound) => key == Some(bound),
            Bound::Certificate(bound) => key.is_none() && self.certificate == Some(bound),
        }
    }
}

/// An access token as it came: itself, and what its sender was shown to hold. A plain text was sent as `Bearer`, by somebody of
/// whom nothing is known.
#[derive(Clone)]
pub struct Presented {
    /// The token.
    pub token: String,
    /// What its sender holds.
    pub held: Held,
}

impl From<&str> for Presented {
    fn from(token: &str) -> Self {
        Presented { token: token.to_owned(), held: Held::default() }
    }
}

impl From<&String> for Presented {
    fn from(token: &String) -> Self {
        token.as_str().into()
    }
}

/// Tokens never reach a log.
impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presented with {:?}", self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::once::Once;
    use model::Time;

    #[test]
    fn a_token_is_opened_by_what_it_is_bound_to_and_by_nothing_else() {
        let (a, b) = (Thumbprint([1; 32]), Thumbprint([2; 32]));
        let once = Once::new(&[], Time::from_micros(0));
        let proof = |key| Some(Proof { key, nonce: None, once });
        let bare = Held::default();
        let key = |key| Held { proof: proof(key), certificate: None };
        let certificate = |certificate| Held { proof: None, certificate: Some(certificate) };
        let both = Held { proof: proof(a), certificate: Some(b) };
        for (bound, openers) in [
            (Bound::Nothing, vec![&bare, &certificate(a)]),
            (Bound::Key(a), vec![&key(a), &both]),
            (Bound::Certificate(b), vec![&certificate(b)]),
        ] {
            let all = [&bare, &key(a), &key(b), &certificate(a), &certificate(b), &both];
            for held in all {
                // A certificate says nothing about a token that is not bound to one.
                let opens = openers.contains(&held) || (bound == Bound::Nothing && held.proof.is_none());
                assert_eq!(held.opens(bound), opens, "{bound:?} by {held:?}");
            }
        }
        assert_eq!(bare.binds(true), Bound::Nothing);
        assert_eq!(key(a).binds(true), Bound::Key(a));
        assert_eq!(certificate(a).binds(true), Bound::Certificate(a));
        assert_eq!(certificate(a).binds(false), Bound::Nothing);
        assert_eq!(both.binds(true), Bound::Key(a));
    }

    #[test]
    fn a_thumbprint_has_one_spelling() {
        let text = Thumbprint([7; 32]).to_string();
        assert_eq!(Thumbprint::parse(&text), Some(Thumbprint([7; 32])));
        for odd in ["", &text[1..], &format!("{text}="), &format!("{text}A"), &text.replace('w', "+")] {
            assert_eq!(Thumbprint::parse(odd), None, "{odd}");
        }
    }
}

//! Signing in: the authorization code with PKCE, pushed (PAR), bound to a key (DPoP), and the ID token that comes of it.
//!
//! Invariant: what comes back is taken only if it answers the question that was asked: the same state, the same issuer, a code
//! that only this verifier and this key redeem, and an ID token with this nonce.

use crate::ask::Ask;
use crate::chance;
use crate::error::{Error, OAuthError, SignatureFault};
use crate::exchange::Answer;
use crate::keep::{Keep, Kept};
use crate::keys::{Pair, hash};
use crate::session::Session;
use crate::shapes::Granted;
use crate::waxseal::{Shared, Waxseal, refused};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// How far the server's clock and ours may be apart, in seconds.
const CLOCKS_APART_S: i64 = 60;

/// A sign-in that has begun: keep it (it is serde) with the browser of the one who signs in, and nowhere else. It holds secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Begun {
    url: String,
    issuer: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: String,
    key: String,
}

impl Begun {
    /// Where to send her browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What comes back as `state`: by it, whoever has more than one sign-in under way finds the right one.
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Begun({})", self.issuer)
    }
}

/// What the token endpoint answers.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) expires_in: i64,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) grant_id: Option<String>,
    #[serde(default)]
    pub(crate) scope: String,
    #[serde(default)]
    pub(crate) authorization_details: Vec<Granted>,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct IdClaims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    at_hash: Option<String>,
    azp: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Waxseal {
    /// Begins a sign-in: pushes the request, and says where to send her browser. `redirect_uri` is one that is registered.
    pub async fn begin(&self, ask: &Ask, redirect_uri: &str) -> Result<Begun, Error> {
        let shared = &self.shared;
        let pair = Pair::generate()?;
        let (state, nonce, verifier) = (chance::secret()?, chance::secret()?, chance::secret()?);
        let challenge = hash(verifier.as_bytes());
        let (scope, jkt) = (ask.scopes.join(" "), pair.thumbprint());
        let details = ask.messages.as_ref().map(crate::ask::Messages::json);
        let mut fields = vec![
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", &jkt),
        ];
        fields.extend(details.as_deref().map(|details| ("authorization_details", details)));
        fields.extend(ask.prompt.map(|prompt| ("prompt", prompt)));
        if let Some(grant) = &ask.merge_into {
            fields.extend([("grant_management_action", "merge"), ("grant_id", grant)]);
        }
        let endpoint = &shared.metadata.pushed_authorization_request_endpoint;
        let answer = shared.post(endpoint, &fields, Some(&pair)).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let Pushed { request_uri } = answer.read()?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &shared.app.id)
            .append_pair("request_uri", &request_uri)
            .finish();
        Ok(Begun {
            url: format!("{}?{query}", shared.metadata.authorization_endpoint),
            issuer: shared.metadata.issuer.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state,
            nonce,
            verifier,
            key: pair.secret_text()?,
        })
    }

    /// Ends a sign-in with what came back: the query of the redirect address, with or without its question mark. The tokens are
    /// kept in `keep`.
    pub async fn finish(&self, begun: Begun, query: &str, keep: impl Keep) -> Result<Session, Error> {
        let shared = &self.shared;
        if begun.issuer != shared.metadata.issuer {
            return Err(Error::Callback("it was begun with another server"));
        }
        let code = begun.code(query)?;
        let pair = Pair::from_secret_text(&begun.key).ok_or(Error::Callback("its key cannot be read"))?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &begun.redirect_uri),
            ("code_verifier", &begun.verifier),
        ];
        let answer = shared.post(&shared.metadata.token_endpoint, &fields, Some(&pair)).await?;
        let told = told(&answer)?;
        let person = match told.id_token.as_deref() {
            Some(text) => Some(shared.person(text, Some(&begun.nonce), &told.access_token).await?),
            None => None,
        };
        let kept = Kept {
            issuer: begun.issuer,
            app: shared.app.id.clone(),
            key: begun.key,
            log_key: shared.log_key().await?.to_string(),
            person,
            grant: told.grant_id,
            granted: told.authorization_details,
            scope: told.scope,
            access: told.access_token,
            access_ends_at: shared.now() + told.expires_in,
            refresh: told.refresh_token,
        };
        let session = Session::new(shared.clone(), pair, kept, Arc::new(keep));
        session.store().await?;
        Ok(session)
    }

    /// Goes on with what was kept; `None` if nothing was, or what was kept is of another server or app.
    pub async fn resume(&self, keep: impl Keep) -> Result<Option<Session>, Error> {
        let keep: Arc<dyn Keep> = Arc::new(keep);
        let loading = keep.clone();
        let loaded = tokio::task::spawn_blocking(move || loading.load()).await;
        let Some(text) = loaded.map_err(|why| Error::Keep(why.to_string()))?? else { return Ok(None) };
        let kept = Kept::read(&text)?;
        if kept.issuer != self.shared.metadata.issuer || kept.app != self.shared.app.id {
            return Ok(None);
        }
        self.shared.same_log_key(&kept.log_key).await?;
        let pair = Pair::from_secret_text(&kept.key)
            .ok_or_else(|| Error::Keep("the key that was kept cannot be read".to_owned()))?;
        Ok(Some(Session::new(self.shared.clone(), pair, kept, keep)))
    }
}

impl Begun {
    /// The code in what came back, if it answers this very question.
    fn code(&self, query: &str) -> Result<String, Error> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let (mut code, mut state, mut iss, mut error, mut description) = (None, None, None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut code,
                "state" => &mut state,
                "iss" => &mut iss,
                "error" => &mut error,
                "error_description" => &mut description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Error::Callback("a parameter comes twice"));
            }
        }
        // What an attacker makes a browser bring along does not know the state.
        if state.as_deref() != Some(&self.state) {
            return Err(Error::Callback("its state is another one"));
        }
        // What another server sent us (RFC 9207).
        if iss.as_deref() != Some(&self.issuer) {
            return Err(Error::Callback("it is from another server"));
        }
        if let Some(error) = error {
            return Err(Error::OAuth(OAuthError { error, error_description: description }));
        }
        code.ok_or(Error::Callback("there is no code in it"))
    }
}

/// The tokens in an answer, if it has any; they must be bound to the key that asked.
pub(crate) fn told(answer: &Answer) -> Result<TokenAnswer, Error> {
    if !answer.status.is_success() {
        return Err(refused(answer));
    }
    let told: TokenAnswer = answer.read()?;
    if told.token_type.eq_ignore_ascii_case("DPoP") {
        Ok(told)
    } else {
        Err(Error::Unexpected("a token that is not bound to the key".to_owned()))
    }
}

impl Shared {
    /// Whom an ID token is about, if it is one for this app, of this moment, for this question (OpenID Connect Core 3.1.3.7).
    pub(crate) async fn person(
        &self,
        text: &str,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<String, Error> {
        let claims: IdClaims = self.jwks_for(text).await?.open(text, "JWT")?;
        let wrong = |what| Err(SignatureFault::Claim(what).into());
        let is_for_us = match &claims.aud {
            Audience::One(aud) => *aud == self.app.id,
            Audience::Many(all) => {
                all.contains(&self.app.id) && (all.len() == 1 || claims.azp.as_ref() == Some(&self.app.id))
            }
        };
        if claims.iss != self.metadata.issuer {
            return wrong("issuer");
        }
        if !is_for_us {
            return wrong("audience");
        }
        let now = self.now();
        if claims.exp <= now - CLOCKS_APART_S || claims.iat > now + CLOCKS_APART_S {
            return wrong("time");
        }
        if nonce.is_some() && claims.nonce.as_deref() != nonce {
            return wrong("nonce");
        }
        let hashed = digest(&SHA256, access_token.as_bytes());
        let half = BASE64URL_NOPAD.encode(hashed.as_ref().get(..16).unwrap_or_default());
        if claims.at_hash.is_some_and(|hash| hash != half) {
            return wrong("access token");
        }
        Ok(claims.sub)
    }
}

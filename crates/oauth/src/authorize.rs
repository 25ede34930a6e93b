//! The authorization endpoint: is this a request that a person should be asked about, and what must happen before she is?
//!
//! Invariant: nothing is ever sent to an address that is not registered for the app. Until client and redirect URI are
//! right, an error is a page; after that, it is a redirect with `error`, `state` and `iss`.

use crate::bound::Thumbprint;
use crate::client::{Client, ClientKind, Profile};
use crate::details::{self, Asked};
use crate::error::{ErrorCode, OAuthError, invalid_request};
use crate::metadata::Issuer;
use crate::params::Params;
use crate::{pkce, redirect};
use model::{AppId, GrantId, PersonId, Scopes, Time};
use serde::{Deserialize, Serialize};

/// The longest `state`, `nonce` and `login_hint`, in characters.
pub const ECHO_CHARS_MAX: usize = 512;

/// A request that is in order; JSON for keeping it until the person has answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Which app.
    pub client_id: AppId,
    /// Where to answer: registered for it.
    pub redirect_uri: String,
    /// What to send back as it came.
    pub state: Option<String>,
    /// The scopes that are known here; a ceiling may still take some away.
    #[serde(with = "scope_words")]
    pub scopes: Scopes,
    /// What it wants with the person's messages; none is a mere sign-in.
    pub asked: Option<Asked>,
    /// The S256 challenge.
    pub code_challenge: String,
    /// For the ID token.
    pub nonce: Option<String>,
    /// What must or must not be shown.
    pub prompt: Prompt,
    /// How many seconds ago the person may have signed in at most.
    pub max_age: Option<i64>,
    /// Who the app thinks she is: only a suggestion for the sign-in form.
    pub login_hint: Option<String>,
    /// Who she must be, if an ID token was sent along to say so.
    #[serde(default)]
    pub hinted: Option<Hinted>,
    /// What is to become of a grant that the app holds.
    #[serde(default)]
    pub manage: Manage,
    /// The key to which the code is bound: it is redeemed with a DPoP proof of it.
    #[serde(default)]
    pub dpop_jkt: Option<Thumbprint>,
}

/// Whom an `id_token_hint` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hinted {
    /// The person whom an ID token of ours is about.
    Person(PersonId),
    /// It is no ID token of ours: it breaks nothing, but answers nothing either.
    Nobody,
}

/// What an app wants done with a grant that it holds (Grant Management for OAuth 2.0).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manage {
    /// It leaves it to us.
    #[default]
    None,
    /// A grant of its own.
    Create,
    /// This grant, and what is asked.
    Merge(GrantId),
    /// What is asked, in the place of this grant.
    Replace(GrantId),
}

/// The values of `prompt`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// Show nothing.
    pub none: bool,
    /// Let her sign in anew.
    pub login: bool,
    /// Ask her.
    pub consent: bool,
    /// Let her say who she is: here the same as signing in anew.
    pub select_account: bool,
}

/// Why there is no request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rejected {
    /// Say it to the person, and send nothing anywhere.
    Page(PageError),
    /// Say it to the app. `uri` is the redirect; an endpoint that answers in JSON takes `error`.
    Back {
        /// What is wrong.
        error: OAuthError,
        /// The registered redirect URI with `error`, `state` and `iss`.
        uri: String,
    },
}

/// What the person is told when an app's link cannot be followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PageError {
    /// No such app.
    #[error(
        "The app that sent you here is not known. Go back to it and tell its makers that its client_id is wrong."
    )]
    ClientUnknown,
    /// Suspended or retired.
    #[error("The app that sent you here has been suspended or retired, so it cannot be let in.")]
    ClientNotLive,
    /// Not where it said it would be.
    #[error(
        "The app asks to be answered at an address that is not registered for it. You were not sent there."
    )]
    RedirectUnknown,
    /// A `request_uri` that leads nowhere.
    #[error(
        "The link that sent you here is over: it was answered, has expired, or belongs to another app. Go back to the app and try again."
    )]
    PushedUnknown,
    /// A signed request that is not in order.
    #[error(
        "The app that sent you here did not sign its request as it must. Go back to it and try again; if that does not help, tell its makers."
    )]
    RequestInvalid,
    /// `state` is too long to send back.
    #[error("The link that sent you here is too long to be answered. Go back to the app and try again.")]
    StateTooLong,
}

/// What becomes of a signed request that was not taken, so that nothing in it is believed: the app is told at the address that
/// stands beside it, if there is one and it is registered; otherwise the person is.
pub fn unsigned(params: &Params, client: &Client, issuer: &Issuer, error: OAuthError) -> Rejected {
    let registered = |uri: &&str| redirect::is_registered(&client.redirect_uris, uri);
    match params.value("redirect_uri").filter(registered) {
        Some(uri) if client.live => {
            let state = params.value("state").filter(|state| !too_long(state));
            Rejected::Back { uri: redirect::error(uri, state, issuer, &error), error }
        }
        _ => Rejected::Page(PageError::RequestInvalid),
    }
}

/// Decides on the parameters of an authorization request; `client` is what was found under its `client_id`.
pub fn authorize(params: &Params, client: Option<&Client>, issuer: &Issuer) -> Result<Request, Rejected> {
    let named = crate::client::client_id(params);
    let client =
        client.filter(|client| Some(client.id) == named).ok_or(Rejected::Page(PageError::ClientUnknown))?;
    let redirect_uri = params
        .value("redirect_uri")
        .filter(|uri| redirect::is_registered(&client.redirect_uris, uri))
        .ok_or(Rejected::Page(PageError::RedirectUnknown))?;
    if !client.live {
        return Err(Rejected::Page(PageError::ClientNotLive));
    }
    let state = params.value("state");
    if state.is_some_and(too_long) {
        return Err(Rejected::Page(PageError::StateTooLong));
    }
    check_profile(client).and_then(|()| read(params, client, redirect_uri, issuer)).map_err(|error| {
        let uri = redirect::error(redirect_uri, state, issuer, &error);
        Rejected::Back { error, uri }
    })
}

/// May this app send its request with the person (FAPI 2.0 5.3.2.2)?
fn check_profile(client: &Client) -> Result<(), OAuthError> {
    match client.profile {
        Profile::OAuth21 => Ok(()),
        Profile::Fapi2 => Err(invalid_request(
            "an app of the profile fapi2 pushes its requests: send this to /par, and the person here with the request_uri",
        )),
    }
}

/// Decides on the parameters of a request that `client`, which has proved itself, pushes. There is no browser yet, so all that
/// is wrong is told to the app.
pub(crate) fn pushed(params: &Params, client: &Client, issuer: &Issuer) -> Result<Request, OAuthError> {
    let redirect_uri = params.required("redirect_uri")?;
    if !redirect::is_registered(&client.redirect_uris, redirect_uri) {
        return Err(invalid_request("redirect_uri is not registered for this client"));
    }
    if params.value("state").is_some_and(too_long) {
        return Err(invalid_request("the state is longer than 512 characters"));
    }
    read(params, client, redirect_uri, issuer)
}

fn read(
    params: &Params,
    client: &Client,
    redirect_uri: &str,
    issuer: &Issuer,
) -> Result<Request, OAuthError> {
    if client.signs_requests && !params.is_signed() {
        return Err(invalid_request("this client signs its requests: send this as 'request' (RFC 9101)"));
    }
    refuse_unsupported(params)?;
    match params.required("response_type")? {
        "code" => {}
        _ => {
            return Err(OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                "the only response_type is 'code'",
            ));
        }
    }
    if params.value("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid_request("the only response_mode is 'query'"));
    }
    let nonce = params.value("nonce");
    if nonce.is_some_and(too_long) {
        return Err(invalid_request("the nonce is longer than 512 characters"));
    }
    check_resource(params, issuer)?;
    Ok(Request {
        client_id: client.id,
        redirect_uri: redirect_uri.to_owned(),
        state: params.value("state").map(str::to_owned),
        scopes: params.value("scope").map_or(Scopes::default(), Scopes::parse),
        asked: params.value("authorization_details").map(details::parse_request).transpose()?,
        code_challenge: challenge(params)?.to_owned(),
        nonce: nonce.map(str::to_owned),
        prompt: prompt(params.value("prompt"))?,
        max_age: max_age(params.value("max_age"))?,
        // A hint never breaks a request.
        login_hint: params.value("login_hint").filter(|hint| !too_long(hint)).map(str::to_owned),
        hinted: None,
        manage: manage(params, client)?,
        dpop_jkt: params.value("dpop_jkt").map(thumbprint).transpose()?,
    })
}

fn thumbprint(text: &str) -> Result<Thumbprint, OAuthError> {
    let why = "dpop_jkt must be the SHA-256 thumbprint of a key, in base64url";
    Thumbprint::parse(text).ok_or_else(|| invalid_request(why))
}

fn too_long(text: &str) -> bool {
    text.chars().count() > ECHO_CHARS_MAX
}

fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    let unsupported = [
        ("request_uri", ErrorCode::RequestUriNotSupported),
        // Of an app with keys it has been opened by now.
        ("request", ErrorCode::RequestNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ];
    match unsupported.into_iter().find(|(name, _)| params.value(name).is_some()) {
        Some((name, code)) => Err(OAuthError::new(code, format!("the parameter '{name}' is not supported"))),
        None => Ok(()),
    }
}

/// A token serves one place, and that is here (RFC 8707).
pub(crate) fn check_resource(params: &Params, issuer: &Issuer) -> Result<(), OAuthError> {
    if params.values("resource").all(|resource| resource == issuer.resource()) {
        Ok(())
    } else {
        Err(OAuthError::new(ErrorCode::InvalidTarget, format!("the only resource is {}", issuer.resource())))
    }
}

fn challenge(params: &Params) -> Result<&str, OAuthError> {
    let challenge = params.required("code_challenge")?;
    if params.value("code_challenge_method") != Some("S256") {
        return Err(invalid_request("code_challenge_method must be 'S256'"));
    }
    if !pkce::is_challenge(challenge) {
        return Err(invalid_request("code_challenge must be 43 characters of base64url"));
    }
    Ok(challenge)
}

fn prompt(text: Option<&str>) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    for word in text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(invalid_request(format!("the prompt '{word}' is not supported"))),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
        return Err(invalid_request("the prompt 'none' goes with no other"));
    }
    Ok(prompt)
}

/// A client that cannot prove itself may not say which grant it means: it might have read the id anywhere.
fn manage(params: &Params, client: &Client) -> Result<Manage, OAuthError> {
    let action = params.value("grant_management_action");
    let grant = params.value("grant_id");
    if (action.is_some() || grant.is_some()) && client.kind == ClientKind::Public {
        let why = "grant management is for clients that authenticate";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, why));
    }
    let named = || {
        let text = params.required("grant_id")?;
        let unknown = || OAuthError::new(ErrorCode::InvalidGrantId, "the grant_id is not known");
        text.parse().map_err(|_| unknown())
    };
    match (action, grant) {
        (None, None) => Ok(Manage::None),
        (None, Some(_)) => Err(invalid_request("grant_id needs a grant_management_action")),
        (Some("create"), None) => Ok(Manage::Create),
        (Some("create"), Some(_)) => {
            Err(invalid_request("the grant_management_action 'create' makes its own grant_id"))
        }
        (Some("merge"), _) => Ok(Manage::Merge(named()?)),
        (Some("replace"), _) => Ok(Manage::Replace(named()?)),
        (Some(_), _) => {
            Err(invalid_request("grant_management_action must be 'create', 'merge' or 'replace'"))
        }
    }
}

fn max_age(text: Option<&str>) -> Result<Option<i64>, OAuthError> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(seconds) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(seconds)),
        _ => Err(invalid_request("max_age must be a whole number of seconds")),
    }
}

/// What must happen next to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// She must sign in, or sign in anew.
    SignIn,
    /// She must be asked.
    Consent,
    /// She has answered: issue the code.
    Issue,
    /// Tell the app: a page would be needed, and it wanted none.
    Refuse(OAuthError),
}

impl Request {
    /// Decides the next step. `signed_in` is when the person at this browser signed in, and who she is; `asked_at` when the
    /// request came, `consented` whether she has answered this with yes.
    pub fn next(
        &self,
        signed_in: Option<(Time, PersonId)>,
        asked_at: Time,
        consented: bool,
        now: Time,
    ) -> Next {
        let refuse = |code, why| Next::Refuse(OAuthError::new(code, why));
        let is_fresh = signed_in.is_some_and(|(at, _)| self.is_fresh(at, asked_at, now));
        let is_other = signed_in.is_some_and(|(_, who)| match self.hinted {
            Some(Hinted::Person(hinted)) => hinted != who,
            Some(Hinted::Nobody) => self.prompt.none,
            None => false,
        });
        // Who signed in since the question came, and is still somebody else, will not become the one who is meant.
        if is_other && signed_in.is_some_and(|(at, _)| at >= asked_at) {
            return refuse(ErrorCode::LoginRequired, "another person is signed in than id_token_hint names");
        }
        match (is_fresh && !is_other, consented, self.prompt.none) {
            (true, true, _) => Next::Issue,
            (true, false, false) => Next::Consent,
            (true, false, true) => refuse(ErrorCode::ConsentRequired, "the person must be asked first"),
            (false, _, false) => Next::SignIn,
            (false, _, true) => refuse(ErrorCode::LoginRequired, "the person must sign in first"),
        }
    }

    /// Is she asked whatever she let before? So the app wants it; and an app that cannot prove itself is let in without her
    /// only where its address can be nobody else's (RFC 8252 8.6).
    pub fn is_always_shown(&self, is_public: bool) -> bool {
        self.prompt.consent || (is_public && !self.redirect_uri.starts_with("https:"))
    }

    /// Signed in since the request came is always fresh; before it, only as far as the request lets it be.
    fn is_fresh(&self, signed_in_at: Time, asked_at: Time, now: Time) -> bool {
        let anew = self.prompt.login || self.prompt.select_account;
        let young = self.max_age.is_none_or(|seconds| signed_in_at.plus_seconds(seconds) >= now);
        signed_in_at >= asked_at || (!anew && young)
    }

    /// The redirect that brings the app its code.
    pub fn success_uri(&self, issuer: &Issuer, code: &str) -> String {
        redirect::success(&self.redirect_uri, self.state.as_deref(), issuer, code)
    }

    /// The redirect that tells the app why there is none.
    pub fn error_uri(&self, issuer: &Issuer, error: &OAuthError) -> String {
        redirect::error(&self.redirect_uri, self.state.as_deref(), issuer, error)
    }

    /// What the app is told when the person says no.
    pub fn denied_uri(&self, issuer: &Issuer) -> String {
        self.error_uri(issuer, &OAuthError::new(ErrorCode::AccessDenied, "the person did not let the app in"))
    }
}

/// Scopes in JSON as their words.
mod scope_words {
    use model::Scopes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(scopes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        Ok(Scopes::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;

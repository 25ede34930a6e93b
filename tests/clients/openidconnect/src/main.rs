//! An app made with the crate `openidconnect`, driven by a test: one scenario a run.
//!
//! The first line on standard input is JSON with what the scenario needs. `open URL` on standard output asks the test to walk
//! a person through that address; the next line on standard input is the address at which she left the server. It ends with
//! 0, or with what went wrong.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
    CoreSubjectIdentifierType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::http::header::AUTHORIZATION;
use openidconnect::http::{Request, Response};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RevocationUrl, Scope, TokenIntrospectionResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::error::Error;
use std::io::{BufRead, Write};

const REDIRECT: &str = "http://127.0.0.1/callback";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the scenario is given.
#[derive(Deserialize)]
struct Given {
    url: String,
    client_id: String,
    client_secret: Option<String>,
    details: Value,
}

/// What the server says of itself beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct More {
    revocation_endpoint: RevocationUrl,
    introspection_endpoint: IntrospectionUrl,
}

impl AdditionalProviderMetadata for More {}

type Discovered = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Sends what the crate asks for; follows no redirects. It revokes tokens over https alone, even on loopback, so for that it is
/// told such an address, and here is the proxy that would end the TLS.
fn http(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (mut parts, body) = request.into_parts();
    let uri = parts.uri.to_string().replacen("https://127.0.0.1", "http://127.0.0.1", 1);
    parts.uri = uri.parse().map_err(openidconnect::http::Error::from)?;
    let request = Request::from_parts(parts, body);
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    let answer = ureq::Agent::new_with_config(config.build()).run(request)?;
    let (parts, mut body) = answer.into_parts();
    Ok(Response::from_parts(parts, body.read_to_vec()?))
}

/// The status of what the API answers to a token.
fn status(given: &Given, path: &str, token: &str) -> Outcome<u16> {
    let request =
        Request::get(format!("{}{path}", given.url)).header(AUTHORIZATION, format!("Bearer {token}"));
    Ok(http(request.body(Vec::new())?)?.status().as_u16())
}

fn walked(url: &str) -> Outcome<String> {
    println!("open {url}");
    std::io::stdout().flush()?;
    line()
}

fn line() -> Outcome<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn value(url: &str, name: &str) -> Outcome<String> {
    let url = openidconnect::url::Url::parse(url)?;
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.ok_or_else(|| format!("no {name} in {url}").into())
}

fn ensure(holds: bool, what: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(what.into()) }
}

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointMaybeSet, EndpointMaybeSet>;

fn discovered(given: &Given) -> Outcome<Client> {
    let found = Discovered::discover(&IssuerUrl::new(given.url.clone())?, &http)?;
    let more = found.additional_metadata().clone();
    let revocation = more.revocation_endpoint.as_str().replacen("http://", "https://", 1);
    let secret = given.client_secret.clone().map(ClientSecret::new);
    let client = CoreClient::from_provider_metadata(found, ClientId::new(given.client_id.clone()), secret);
    Ok(client
        .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned())?)
        .set_revocation_url(RevocationUrl::new(revocation)?)
        .set_introspection_url(more.introspection_endpoint))
}

fn run(given: &Given) -> Outcome<()> {
    let client = discovered(given)?;
    // Code and PKCE.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .add_scope(Scope::new("offline_access".to_owned()))
        .add_extra_param("authorization_details", given.details.to_string())
        .set_pkce_challenge(challenge)
        .url();
    let back = walked(url.as_str())?;
    ensure(back.starts_with(REDIRECT), &back)?;
    ensure(value(&back, "state")? == *state.secret(), "the state is another")?;
    ensure(value(&back, "iss")? == given.url, "the answer is another issuer's")?;
    let code = value(&back, "code")?;
    let wrong = client
        .exchange_code(AuthorizationCode::new(code.clone()))?
        .set_pkce_verifier(PkceCodeVerifier::new("x".repeat(43)))
        .request(&http);
    ensure(wrong.is_err(), "a code was redeemed with another verifier")?;
    let verified = verifier.secret().clone();
    let told = client
        .exchange_code(AuthorizationCode::new(code.clone()))?
        .set_pkce_verifier(verifier)
        .request(&http)?;

    // The ID token: signature, issuer, audience, time, nonce, and that it belongs to the access token.
    let checks: CoreIdTokenVerifier<'_> = client.id_token_verifier();
    let subject = identified(&told, &checks, &nonce)?;
    let about: CoreUserInfoClaims =
        client.user_info(told.access_token().clone(), Some(subject.clone()))?.request(&http)?;
    ensure(*about.subject() == subject, "userinfo tells of somebody else")?;
    ensure(about.preferred_username().is_some_and(|name| name.as_str() == "ada"), "userinfo knows no ada")?;
    ensure(
        status(given, "/v1/conversations", told.access_token().secret())? == 200,
        "the token opens nothing",
    )?;

    // Refreshed: the same person, a new access token.
    let refresh = told.refresh_token().ok_or("no refresh token")?;
    let fresh = client.exchange_refresh_token(refresh)?.request(&http)?;
    ensure(fresh.access_token().secret() != told.access_token().secret(), "the token is the same")?;
    if let Some(id_token) = fresh.id_token() {
        let again = id_token.claims(&checks, |nonce: Option<&Nonce>| match nonce {
            None => Ok(()),
            Some(_) => Err("a refreshed ID token has a nonce".to_owned()),
        })?;
        ensure(*again.subject() == subject, "refreshing made her somebody else")?;
    }
    if given.client_secret.is_some() {
        let worth = client.introspect(fresh.access_token()).request(&http)?;
        ensure(worth.active(), "introspection says that it is worth nothing")?;
        ensure(worth.client_id().is_some_and(|id| id.as_str() == given.client_id), "another app's")?;
    }

    // Revoked: nothing opens any more.
    let last = fresh.refresh_token().unwrap_or(refresh).clone();
    client.revoke_token(CoreRevocableToken::from(last.clone()))?.request(&http)?;
    ensure(
        status(given, "/v1/me", fresh.access_token().secret())? == 401,
        "a revoked token opens something",
    )?;
    ensure(client.exchange_refresh_token(&last)?.request(&http).is_err(), "a revoked token was refreshed")?;
    let again = client
        .exchange_code(AuthorizationCode::new(code))?
        .set_pkce_verifier(PkceCodeVerifier::new(verified))
        .request(&http);
    ensure(again.is_err(), "a code was redeemed twice")
}

/// Whom the ID token of an answer names, if all about it is in order.
fn identified(
    told: &CoreTokenResponse,
    checks: &CoreIdTokenVerifier<'_>,
    nonce: &Nonce,
) -> Outcome<openidconnect::SubjectIdentifier> {
    let id_token = told.id_token().ok_or("no ID token")?;
    ensure(id_token.claims(checks, &Nonce::new_random()).is_err(), "any nonce is taken")?;
    let claims = id_token.claims(checks, nonce)?;
    let hash = AccessTokenHash::from_token(
        told.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(checks)?,
    )?;
    ensure(
        claims.access_token_hash().is_none_or(|told| *told == hash),
        "it belongs to another access token",
    )?;
    Ok(claims.subject().clone())
}

fn main() {
    let outcome = line().and_then(|given| run(&serde_json::from_str(&given)?));
    if let Err(why) = outcome {
        let mut cause: Option<&dyn Error> = Some(&*why);
        while let Some(error) = cause {
            eprintln!("{error}");
            cause = error.source();
        }
        std::process::exit(1);
    }
}

//! What a token is worth now, as the app is told that holds it.
//!
//! Invariant: an access token is worth here what the gate would let through with it this moment, and no more.

use super::grants;
use super::refresh_tokens::{self, Judged};
use super::secret::{Secret, SecretKind};
use crate::engine::{Reads, Snap, params};
use crate::sealed::look;
use crate::tables::apps::Apps;
use crate::{Fault, Refusal, Vault};
use model::{AppId, Time};
use oauth::details;
use oauth::introspection::{Introspection, SignedIntrospection, Worth};
use oauth::token::TokenType;

/// The API takes access tokens, and is the issuer's own.
fn of_access(
    snap: &mut Snap<'_>,
    (apps, issuer): (&Apps, &str),
    hash: &[u8; 32],
    app: AppId,
    now: Time,
) -> Result<Option<Worth>, Refusal> {
    let caller = match look(snap, apps, hash, now) {
        Err(Refusal::Token) => return Ok(None),
        caller => caller?,
    };
    let Some((scopes, terms)) = caller.worth().filter(|_| caller.app() == app) else { return Ok(None) };
    let mut terms = terms.clone();
    if terms.reach.chosen.is_some() {
        terms.reach.chosen = Some(grants::chosen(snap, caller.grant())?);
    }
    let sql = "select t.at, f.at, g.purpose from access_tokens t join token_families f on f.id = t.family \
               join grants g on g.id = f.grant_id where t.hash = $1";
    let found = snap.one(sql, params![hash], |row| {
        Ok((Time::from_micros(row.int(0)?), Time::from_micros(row.int(1)?), row.text(2)?.to_owned()))
    })?;
    let gone = || Fault::Shape("a token has gone from a snapshot".to_owned());
    let (at, answered_at, purpose) = found.ok_or_else(gone)?;
    Ok(Some(Worth {
        iss: issuer.to_owned(),
        sub: caller.person(),
        client_id: app,
        aud: Some(issuer.to_owned()),
        scope: scopes.to_string(),
        token_type: Some(TokenType::of(caller.bound())),
        cnf: caller.bound().confirmation(),
        iat: at.seconds(),
        exp: caller.ends_at().seconds(),
        authorization_details: details::granted(&terms, &purpose, answered_at),
        grant_id: caller.grant(),
    }))
}

fn of_refresh(issuer: &str, app: AppId, judged: Judged) -> Worth {
    let (at, ends_at) = (judged.issued_at, judged.ends_at());
    let Judged { found, scopes, terms, bound: judged_bound, .. } = judged;
    Worth {
        iss: issuer.to_owned(),
        sub: found.grant.person,
        client_id: app,
        aud: None,
        scope: scopes.to_string(),
        token_type: None,
        cnf: judged_bound.confirmation(),
        iat: at.seconds(),
        exp: ends_at.seconds(),
        authorization_details: details::granted(&terms, &found.grant.purpose, found.answer.at),
        grant_id: found.grant.id,
    }
}

impl Vault {
    /// What a token is worth to this app, which has proved itself. Whatever the text is, there is an answer.
    pub async fn token_introspect(&self, app: AppId, token: &str) -> Result<Introspection, Refusal> {
        let access = self.access_token_hash(token).await?;
        let refresh = Secret::read(SecretKind::Refresh, token).map(|token| token.hash());
        if access.is_none() && refresh.is_none() {
            return Ok(Introspection::of(None));
        }
        let (now, apps, issuer) = (self.world.now(), self.apps.clone(), self.issuer.clone());
        let worth = self.engine.read("token_introspect", move |snap| -> Result<Option<Worth>, Refusal> {
            match (&access, &refresh) {
                (Some(hash), _) => of_access(snap, (&apps, &issuer), hash, app, now),
                (None, Some(hash)) => {
                    let found = refresh_tokens::exchangeable(snap, hash, app, now)?;
                    Ok(found.map(|judged| of_refresh(&issuer, app, judged)))
                }
                (None, None) => Ok(None),
            }
        });
        Ok(Introspection::of(worth.await?))
    }

    /// The same as a statement to this app that we sign (RFC 9701).
    pub async fn token_introspect_signed(&self, app: AppId, token: &str) -> Result<String, Refusal> {
        let answer = self.token_introspect(app, token).await?;
        let (issuer, now) = (self.issuer(), self.world.now());
        self.sign(&SignedIntrospection { issuer, app, now, answer: &answer }).await
    }
}

//! Codes, access tokens and refresh tokens: what `oauth::token` decided, carried out.
//!
//! Invariant: a code or a refresh token is spent in the transaction that issues what it is worth, so of two at once one
//! wins. Tokens hang on a family, a family on a grant: ending one ends all below it.

use super::consents::Facts;
use super::containments;
use super::events::{self, About};
use super::families::{self, Answer, answer_of_row};
use super::grants::{self, Grant};
use super::ids::{bytes16, id};
use super::keys::TokenMint;
use super::secret::{Secret, SecretKind};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, GrantId, GrantState, Scopes, Terms, Time, World};
use oauth::error::{ErrorCode, OAuthError};
use oauth::id_token::IdToken;
use oauth::token::{
    self, CodeRow, Redeem, Refresh, RefreshRow, RefreshState, TokenAnswer, TokenRequest, TokenType,
};

/// What the token endpoint answers when it does not issue.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TokenRefusal {
    /// In the words of OAuth.
    #[error("{0:?}")]
    OAuth(OAuthError),
    /// We broke.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

impl From<Fault> for TokenRefusal {
    fn from(fault: Fault) -> Self {
        TokenRefusal::Refusal(fault.into())
    }
}

/// Stores a code, for the family that its tokens will belong to.
pub(crate) fn insert_code(
    tx: &mut Tx<'_>,
    family: &[u8; 16],
    code: &Secret,
    facts: &Facts,
) -> Result<(), Fault> {
    let request = &facts.request;
    tx.put(
        "insert into codes (hash, family, app, redirect_uri, challenge, nonce, authed_at, at, ends_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            &code.hash(),
            family,
            request.client_id.as_bytes(),
            &request.redirect_uri,
            &request.code_challenge,
            request.nonce.as_deref(),
            facts.signed_in_at.micros(),
            facts.now.micros(),
            facts.now.plus_seconds(token::CODE_S).micros()
        ],
    )
}

/// The family of a code or token, and what else an answer is made of.
struct Found {
    family: [u8; 16],
    grant: Grant,
    answer: Answer,
    nonce: Option<String>,
}

/// What was issued, before it is signed.
struct Issued {
    found: Found,
    access: String,
    refresh: String,
    scopes: Scopes,
    terms: Terms,
    ends_at: Time,
}

fn issue(
    tx: &mut Tx<'_>,
    (world, mint): (&World, &TokenMint),
    found: Found,
    scopes: Scopes,
    terms: Terms,
) -> Result<Issued, Refusal> {
    let now = world.now();
    let (access, refresh) = (mint.token(world)?, Secret::new(SecretKind::Refresh, world));
    let family_ends_at = found.grant.terms.ends_at.min(found.answer.share.terms.ends_at);
    let ends_at = token::access_token_ends(family_ends_at, now);
    tx.put(
        "insert into access_tokens (hash, family, scopes, actions, at, ends_at) values ($1, $2, $3, $4, $5, $6)",
        params![
            &access.hash(),
            &found.family,
            scopes.bits(),
            terms.actions.bits(),
            now.micros(),
            ends_at.micros()
        ],
    )?;
    let refresh_ends = token::refresh_token_ends(family_ends_at, now).micros();
    tx.put(
        "insert into refresh_tokens (hash, family, at, ends_at) values ($1, $2, $3, $4)",
        params![&refresh.hash(), &found.family, now.micros(), refresh_ends],
    )?;
    let (access, refresh) = (access.into_clear(), refresh.into_clear());
    Ok(Issued { found, access, refresh, scopes, terms, ends_at })
}

type Outcome = Result<Issued, OAuthError>;

/// The grant of a row and the state that its tokens see: what is over for the family is over for the row.
fn grant_of(
    tx: &mut Tx<'_>,
    grant: GrantId,
    family_ended: bool,
    now: Time,
) -> Result<(Grant, GrantState), Refusal> {
    let grant = grants::find(tx, grant)?.ok_or(Refusal::NotFound)?;
    let app = super::apps::read(tx, grant.app)?.ok_or(Refusal::NotFound)?;
    let over = family_ended || grant.terms.ends_at <= now || !app.live_at(now);
    let state = if over { GrantState::Ended } else { grant.state };
    Ok((grant, state))
}

fn redeem(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    code: &str,
    proof: &token::CodeProof,
) -> Result<Outcome, Refusal> {
    let now = tools.0.now();
    let hash = Secret::read(SecretKind::Code, code).map(|code| code.hash());
    let row = match hash {
        None => None,
        Some(hash) => tx.one(
            &format!(
                "select t.family, t.app, t.redirect_uri, t.challenge, t.nonce, t.ends_at, t.used, f.grant_id, f.ended, \
                 exists (select 1 from containments h where {}), {} \
                 from codes t join token_families f on f.id = t.family join grants g on g.id = f.grant_id \
                 where t.hash = $1",
                containments::holds_token!(),
                families::ANSWER
            ),
            params![&hash],
            |row| {
                let code_row = CodeRow {
                    app: id(row, 1)?,
                    redirect_uri: row.text(2)?.to_owned(),
                    code_challenge: row.text(3)?.to_owned(),
                    expires_at: Time::from_micros(row.int(5)?),
                    used: row.int(6)? != 0,
                    grant: GrantState::Ended,
                };
                let (nonce, answer) = (row.opt_text(4)?.map(str::to_owned), answer_of_row(row, 10)?);
                let ended = row.int(8)? != 0 || row.int(9)? != 0;
                Ok((code_row, bytes16(row, 0)?, nonce, answer, id::<GrantId>(row, 7)?, ended))
            },
        )?,
    };
    let Some((code_row, family, nonce, answer, grant, ended)) = row else {
        let decision = token::redeem_code(None, app, proof, now);
        return Ok(Err(refused(decision)));
    };
    let (grant, state) = grant_of(tx, grant, ended, now)?;
    match token::redeem_code(Some(&CodeRow { grant: state, ..code_row }), app, proof, now) {
        Redeem::Issue => {}
        Redeem::Refuse(error) => return Ok(Err(error)),
        Redeem::RefuseAndRevoke(error) => {
            families::end(tx, &family, now)?;
            return Ok(Err(error));
        }
    }
    // Of two that redeem at once, one finds it unused.
    let sql = "update codes set used = 1 where hash = $1 and used = 0";
    if tx.execute(sql, params![hash.as_ref().map(|hash| hash.as_slice())])? == 0 {
        families::end(tx, &family, now)?;
        return Ok(Err(OAuthError::new(ErrorCode::InvalidGrant, "the code was used before")));
    }
    let (scopes, terms) = families::of_grant(&grant, &answer.share, now);
    let found = Found { family, grant, answer, nonce };
    Ok(Ok(issue(tx, tools, found, scopes, terms)?))
}

fn refused(decision: Redeem) -> OAuthError {
    match decision {
        Redeem::Refuse(error) | Redeem::RefuseAndRevoke(error) => error,
        Redeem::Issue => OAuthError::new(ErrorCode::InvalidGrant, "the code is not known"),
    }
}

/// What a refresh asks for beside the token.
struct Asks {
    scope: Option<String>,
    details: Option<oauth::details::Asked>,
}

/// A refresh token as it is found.
struct FoundRefresh {
    family: [u8; 16],
    used: bool,
    expires_at: Time,
    grant: GrantId,
    answer: Answer,
    family_ended: bool,
    signed_in: bool,
}

fn find_refresh(tx: &mut Tx<'_>, hash: &[u8; 32], now: Time) -> Result<Option<FoundRefresh>, Fault> {
    // What hangs on no session was let in from a device, and is not signed out with a browser.
    let sql = format!(
        "select t.family, t.used, t.ends_at, f.grant_id, f.ended, \
         (select count(*) from sessions s where s.id = f.session and s.ends_at > $1), \
         exists (select 1 from containments h where {}), {} \
         from refresh_tokens t join token_families f on f.id = t.family join grants g on g.id = f.grant_id \
         where t.hash = $2",
        containments::holds_token!(),
        families::ANSWER
    );
    tx.one(&sql, params![now.micros(), hash], |row| {
        let answer = answer_of_row(row, 7)?;
        Ok(FoundRefresh {
            family: bytes16(row, 0)?,
            used: row.int(1)? != 0,
            expires_at: Time::from_micros(row.int(2)?),
            grant: id(row, 3)?,
            family_ended: row.int(4)? != 0 || row.int(6)? != 0,
            signed_in: answer.session.is_none() || row.int(5)? != 0,
            answer,
        })
    })
}

fn rotate(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    presented: &str,
    asks: &Asks,
) -> Result<Outcome, Refusal> {
    let now = tools.0.now();
    let not_known = || OAuthError::new(ErrorCode::InvalidGrant, "the refresh token is not known");
    let Some(hash) = Secret::read(SecretKind::Refresh, presented).map(|token| token.hash()) else {
        return Ok(Err(not_known()));
    };
    let Some(row) = find_refresh(tx, &hash, now)? else { return Ok(Err(not_known())) };
    let FoundRefresh { family, used, expires_at, answer, signed_in, .. } = row;
    let (grant, grant_state) = grant_of(tx, row.grant, false, now)?;
    let (held_scopes, held) = families::of_grant(&grant, &answer.share, now);
    let over = row.family_ended || !(signed_in || held_scopes.has(Scopes::OFFLINE_ACCESS));
    let state = match (over, used) {
        (true, _) => RefreshState::Revoked,
        (false, true) => RefreshState::Used,
        (false, false) => RefreshState::Live,
    };
    let row =
        RefreshRow { app: grant.app, state, expires_at, grant: grant_state, grant_ends_at: held.ends_at };
    match token::refresh(Some(&row), app, now) {
        Refresh::Rotate => {}
        Refresh::Refuse(error) => return Ok(Err(error)),
        Refresh::RefuseAndRevokeFamily(error) => {
            families::end(tx, &family, now)?;
            return Ok(Err(error));
        }
    }
    let narrowed = token::narrow_scopes(held_scopes, asks.scope.as_deref());
    let terms = token::narrow_terms(&held, (grant.given_at, answer.at), asks.details.as_ref(), now);
    let (scopes, terms) = match (narrowed, terms) {
        (Ok(scopes), Ok(terms)) => (scopes, terms),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
    };
    // A token can carry fewer actions than its grant; the other axes are the grant's.
    if (Terms { actions: held.actions, ..terms.clone() }) != held {
        let why = "authorization_details: of a single token only 'actions' can be narrowed; send the rest as granted";
        return Ok(Err(OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why)));
    }
    let sql = "update refresh_tokens set used = 1 where hash = $1 and used = 0";
    if tx.execute(sql, params![&hash])? == 0 {
        families::end(tx, &family, now)?;
        return Ok(Err(OAuthError::new(ErrorCode::InvalidGrant, "the refresh token was used before")));
    }
    let found = Found { family, grant, answer, nonce: None };
    Ok(Ok(issue(tx, tools, found, scopes, terms)?))
}

impl Vault {
    /// Carries out a token request of an app that has proved itself.
    pub async fn token(&self, app: AppId, request: TokenRequest) -> Result<TokenAnswer, TokenRefusal> {
        let _under_way = self.answering.begin();
        let (world, mint) = (self.world.clone(), self.token_mint().await?);
        let issued = self
            .engine
            .write("token", move |tx| -> Result<Outcome, Refusal> {
                match &request {
                    TokenRequest::Code { code, proof } => redeem(tx, (&world, &mint), app, code, proof),
                    TokenRequest::Refresh { refresh_token, scope, details } => {
                        let asks = Asks { scope: scope.clone(), details: details.clone() };
                        rotate(tx, (&world, &mint), app, refresh_token, &asks)
                    }
                }
            })
            .await?
            .map_err(TokenRefusal::OAuth)?;
        self.answer(issued).await
    }

    async fn answer(&self, issued: Issued) -> Result<TokenAnswer, TokenRefusal> {
        let now = self.world.now();
        let Issued { found: Found { grant, answer, nonce, .. }, access, refresh, scopes, terms, ends_at } =
            issued;
        let id_token = match scopes.has(Scopes::OPENID) {
            false => None,
            true => {
                let claims = IdToken {
                    issuer: &self.issuer,
                    person: grant.person,
                    app: grant.app,
                    now,
                    signed_in_at: answer.authed_at,
                    nonce: nonce.as_deref(),
                    session: answer.session,
                    access_token: &access,
                };
                Some(self.sign_id_token(&claims).await?)
            }
        };
        Ok(TokenAnswer {
            access_token: access,
            token_type: TokenType::Bearer,
            expires_in: ends_at.seconds() - now.seconds(),
            refresh_token: Some(refresh),
            scope: scopes.to_string(),
            id_token,
            authorization_details: oauth::details::granted(&terms, &grant.purpose, answer.at),
            grant_id: grant.id,
        })
    }

    /// Revokes a token (RFC 7009) of an app that has proved itself: an access token alone, or with a refresh token its
    /// whole family. A token that is unknown, over, or another app's: nothing happens, and nothing is told.
    pub async fn token_revoke(&self, app: AppId, token: &str) -> Result<(), Refusal> {
        let access = self.access_token_hash(token).await?;
        let refresh = Secret::read(SecretKind::Refresh, token).map(|token| token.hash());
        let now = self.world.now();
        self.engine
            .write("token_revoke", move |tx| -> Result<(), Refusal> {
                if let Some(hash) = &refresh {
                    let sql = "select r.family from refresh_tokens r join token_families f on f.id = r.family \
                               join grants g on g.id = f.grant_id where r.hash = $1 and g.app = $2";
                    let family = tx.one(sql, params![hash, app.as_bytes()], |row| bytes16(row, 0))?;
                    if let Some(family) = family {
                        families::end(tx, &family, now)?;
                    }
                } else if let Some(hash) = &access {
                    let sql = "select f.id, f.grant_id from access_tokens t join token_families f on f.id = t.family \
                               join grants g on g.id = f.grant_id where t.hash = $1 and g.app = $2";
                    let found = tx.one(sql, params![hash, app.as_bytes()], |row| Ok((bytes16(row, 0)?, id(row, 1)?)))?;
                    if let Some((family, grant)) = found {
                        families::look_again(tx, &family)?;
                        tx.put("delete from access_tokens where hash = $1", params![hash])?;
                        events::standing(tx, About::Grant(grant), now)?;
                    }
                }
                Ok(())
            })
            .await
    }
}

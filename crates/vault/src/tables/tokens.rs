//! Codes and access tokens: what `oauth::token` decided, carried out.
//!
//! Invariant: a code is spent in the transaction that issues what it is worth, so of two at once one wins. Tokens hang on a family, a family on a grant: ending one ends all below it.

use super::apps::AppFacts;
use super::consents::Facts;
use super::containments;
use super::devices;
use super::events::{self, About};
use super::families::{self, Answer, answer_of_row};
use super::grants::{self, Grant};
use super::ids::{bytes16, id, opt_thumbprint};
use super::keys::TokenMint;
use super::notices::{self, Notice};
use super::refresh_tokens::{self, Asks};
use super::secret::{Secret, SecretKind};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, GrantId, GrantState, Scopes, Terms, Time, World};
use oauth::bound::{Binding, Bound};
use oauth::error::{ErrorCode, OAuthError};
use oauth::id_token::IdToken;
use oauth::token::{self, CodeRow, Redeem, TokenAnswer, TokenRequest, TokenType};

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
        "insert into codes (hash, family, app, redirect_uri, challenge, nonce, authed_at, at, ends_at, jkt) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &code.hash(),
            family,
            request.client_id.as_bytes(),
            &request.redirect_uri,
            &request.code_challenge,
            request.nonce.as_deref(),
            facts.signed_in_at.micros(),
            facts.now.micros(),
            facts.now.plus_seconds(token::CODE_S).micros(),
            request.dpop_jkt.as_ref().map(|key| &key.0)
        ],
    )
}

/// The family of a code or token, and what else an answer is made of.
pub(crate) struct Found {
    pub(crate) family: [u8; 16],
    pub(crate) grant: Grant,
    pub(crate) answer: Answer,
    pub(crate) nonce: Option<String>,
}

impl Found {
    /// When all of its tokens end.
    pub(crate) fn ends_at(&self) -> Time {
        self.grant.terms.ends_at.min(self.answer.share.terms.ends_at)
    }
}

/// What was issued, before it is signed.
pub(crate) struct Issued {
    found: Found,
    access: String,
    refresh: String,
    scopes: Scopes,
    terms: Terms,
    ends_at: Time,
    bound: Bound,
}

/// Issues an access token, to be told with this refresh token.
pub(crate) fn issue(
    tx: &mut Tx<'_>,
    (world, mint): (&World, &TokenMint),
    found: Found,
    (scopes, terms): (Scopes, Terms),
    refresh: Secret,
) -> Result<Issued, Refusal> {
    let now = world.now();
    let access = mint.token(world)?;
    let ends_at = token::access_token_ends(found.ends_at(), now);
    tx.put(
        "insert into access_tokens (hash, family, scopes, actions, at, ends_at, jkt, x5t) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            &access.hash(),
            &found.family,
            scopes.bits(),
            terms.actions.bits(),
            now.micros(),
            ends_at.micros(),
            mint.binding.access.key().as_ref().map(|key| &key.0),
            mint.binding.access.certificate().as_ref().map(|certificate| &certificate.0)
        ],
    )?;
    if mint.binding.refresh.is_bound() {
        let (key, certificate) = (mint.binding.refresh.key(), mint.binding.refresh.certificate());
        tx.put(
            "update refresh_tokens set jkt = $1, x5t = $2 where hash = $3",
            params![
                key.as_ref().map(|key| &key.0),
                certificate.as_ref().map(|certificate| &certificate.0),
                &refresh.hash()
            ],
        )?;
    }
    let (access, refresh) = (access.into_clear(), refresh.into_clear());
    Ok(Issued { found, access, refresh, scopes, terms, ends_at, bound: mint.binding.access })
}

pub(crate) type Outcome = Result<Issued, OAuthError>;

/// The grant of a row and the state that its tokens see: what is over for the family is over for the row.
pub(crate) fn grant_of(
    db: &mut impl Reads,
    grant: GrantId,
    family_ended: bool,
    now: Time,
) -> Result<(Grant, GrantState, AppFacts), Refusal> {
    let grant = grants::find(db, grant)?.ok_or(Refusal::NotFound)?;
    let app = super::apps::read(db, grant.app)?.ok_or(Refusal::NotFound)?;
    let over = family_ended || grant.terms.ends_at <= now || !app.live_at(now);
    let state = if over { GrantState::Ended } else { grant.state };
    Ok((grant, state, app))
}

/// Ends a family because something of it that works once came a second time, and tells the person.
pub(crate) fn reused(
    tx: &mut Tx<'_>,
    world: &World,
    family: &[u8; 16],
    grant: &Grant,
) -> Result<(), Refusal> {
    families::end(tx, family, world.now())?;
    Ok(notices::add(tx, world, grant.person, &Notice::Reused { app: grant.app })?)
}

fn redeem(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    (code, asks): (&str, Asks<'_>),
    proof: &token::CodeProof,
) -> Result<Outcome, Refusal> {
    let now = tools.0.now();
    let hash = Secret::read(SecretKind::Code, code).map(|code| code.hash());
    let row = match hash {
        None => None,
        Some(hash) => tx.one(
            &format!(
                "select t.family, t.app, t.redirect_uri, t.challenge, t.nonce, t.ends_at, t.used, f.grant_id, f.ended, \
                 exists (select 1 from containments h where {}), {}, t.jkt \
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
                let key = opt_thumbprint(row, 20)?;
                Ok(((code_row, key), bytes16(row, 0)?, nonce, answer, id::<GrantId>(row, 7)?, ended))
            },
        )?,
    };
    let Some(((code_row, key), family, nonce, answer, grant, ended)) = row else {
        let decision = token::redeem_code(None, app, proof, now);
        return Ok(Err(refused(decision)));
    };
    // Who does not hold the key cannot end what its holder got either.
    if key.is_some() && key != tools.1.binding.access.key() {
        return Ok(Err(token::code_key_missing()));
    }
    let (grant, state, _) = grant_of(tx, grant, ended, now)?;
    match token::redeem_code(Some(&CodeRow { grant: state, ..code_row }), app, proof, now) {
        Redeem::Issue => {}
        Redeem::Refuse(error) => return Ok(Err(error)),
        Redeem::RefuseAndRevoke(error) => {
            reused(tx, tools.0, &family, &grant)?;
            return Ok(Err(error));
        }
    }
    let (scopes, terms) = families::of_grant(&grant, &answer.share, now);
    // Who asks for too much has not used it up.
    let worth = match refresh_tokens::narrowed((scopes, &terms), (grant.given_at, answer.at), asks, now) {
        Ok(worth) => worth,
        Err(error) => return Ok(Err(error)),
    };
    // Of two that redeem at once, one finds it unused.
    let sql = "update codes set used = 1 where hash = $1 and used = 0";
    if tx.execute(sql, params![hash.as_ref().map(|hash| hash.as_slice())])? == 0 {
        reused(tx, tools.0, &family, &grant)?;
        return Ok(Err(OAuthError::new(ErrorCode::InvalidGrant, "the code was used before")));
    }
    let found = Found { family, grant, answer, nonce };
    let refresh = refresh_tokens::first(tx, tools.0, &found)?;
    Ok(Ok(issue(tx, tools, found, worth, refresh)?))
}

fn refused(decision: Redeem) -> OAuthError {
    match decision {
        Redeem::Refuse(error) | Redeem::RefuseAndRevoke(error) => error,
        Redeem::Issue => OAuthError::new(ErrorCode::InvalidGrant, "the code is not known"),
    }
}

impl Vault {
    /// Carries out a token request of an app that has proved itself.
    pub async fn token(&self, app: AppId, request: TokenRequest) -> Result<TokenAnswer, TokenRefusal> {
        self.token_bound(app, request, Binding::default()).await
    }

    /// The same, for an access token that is bound to what the app was shown to hold.
    pub async fn token_bound(
        &self,
        app: AppId,
        request: TokenRequest,
        binding: Binding,
    ) -> Result<TokenAnswer, TokenRefusal> {
        let _under_way = self.answering.begin();
        let (world, mint) = (self.world.clone(), self.token_mint().await?.bound_to(binding));
        let issued = self
            .engine
            .write("token", move |tx| -> Result<Outcome, Refusal> {
                match &request {
                    TokenRequest::Code { code, proof, details } => {
                        let asks = Asks { scope: None, details: details.as_ref() };
                        redeem(tx, (&world, &mint), app, (code, asks), proof)
                    }
                    TokenRequest::Refresh { refresh_token, scope, details } => {
                        let asks = Asks { scope: scope.as_deref(), details: details.as_ref() };
                        refresh_tokens::refresh(tx, (&world, &mint), app, refresh_token, asks)
                    }
                    TokenRequest::Device { device_code } => {
                        devices::redeem(tx, (&world, &mint), app, device_code)
                    }
                    // Issued by `app_token`: it hangs on no grant.
                    TokenRequest::Own => {
                        Ok(Err(OAuthError::new(ErrorCode::UnsupportedGrantType, "nobody is behind this")))
                    }
                }
            })
            .await?
            .map_err(TokenRefusal::OAuth)?;
        self.answer(issued).await
    }

    async fn answer(&self, issued: Issued) -> Result<TokenAnswer, TokenRefusal> {
        let now = self.world.now();
        let Issued {
            found: Found { grant, answer, nonce, .. },
            access,
            refresh,
            scopes,
            terms,
            ends_at,
            bound,
        } = issued;
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
                Some(self.sign(&claims).await?)
            }
        };
        Ok(TokenAnswer {
            access_token: access,
            token_type: TokenType::of(bound),
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
                    let sql = "delete from app_tokens where hash = $1 and app = $2";
                    tx.put(sql, params![hash, app.as_bytes()])?;
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

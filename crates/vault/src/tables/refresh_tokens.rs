//! Refresh tokens: what `oauth::token` decided of them, carried out.
//!
//! Invariants: one that works once is spent in the transaction that issues what it is worth, so of two at once one is the
//! second and gets no other successor than the first. Of a successor, too, only the hash is at rest: it comes of the token
//! before it and a seed, and who stole the database has no token, who stole a token no seed.

use super::containments;
use super::families::{self, Answer, answer_of_row};
use super::ids::{array32, bound_of_row, bytes16, id};
use super::keys::TokenMint;
use super::secret::{Secret, SecretKind};
use super::tokens::{Found, Outcome, grant_of, issue, reused};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal};
use model::{AppId, GrantId, Scopes, Terms, Time, World};
use oauth::bound::Bound;
use oauth::error::{ErrorCode, OAuthError};
use oauth::token::{self, Refresh, RefreshRow, RefreshState};

/// What is asked for beside a refresh token or a code.
#[derive(Clone, Copy)]
pub(crate) struct Asks<'a> {
    pub(crate) scope: Option<&'a str>,
    pub(crate) details: Option<&'a oauth::details::Asked>,
}

/// A refresh token as it is found.
struct Row {
    app: AppId,
    family: [u8; 16],
    state: RefreshState,
    seed: Option<[u8; 32]>,
    issued_at: Time,
    expires_at: Time,
    grant: GrantId,
    answer: Answer,
    signed_in: bool,
    bound: Bound,
}

impl Row {
    /// As `oauth` judges it, and its grant.
    fn judged(self, db: &mut impl Reads, now: Time) -> Result<Judged, Refusal> {
        let Row { family, state, seed, issued_at, expires_at, grant, answer, signed_in, bound, .. } = self;
        let (grant, grant_state, facts) = grant_of(db, grant, false, now)?;
        let (scopes, terms) = families::of_grant(&grant, &answer.share, now);
        let goes_on = signed_in || scopes.has(Scopes::OFFLINE_ACCESS);
        let row = RefreshRow {
            app: grant.app,
            state: if goes_on { state } else { RefreshState::Revoked },
            expires_at,
            grant: grant_state,
            grant_ends_at: terms.ends_at,
            is_bound: facts.kind.has_key() || bound.is_bound(),
        };
        let found = Found { family, grant, answer, nonce: None };
        Ok(Judged { row, found, seed, issued_at, scopes, terms, bound })
    }
}

/// A refresh token with all that it hangs on.
pub(crate) struct Judged {
    row: RefreshRow,
    pub(crate) found: Found,
    seed: Option<[u8; 32]>,
    pub(crate) issued_at: Time,
    pub(crate) scopes: Scopes,
    pub(crate) terms: Terms,
    pub(crate) bound: Bound,
}

impl Judged {
    /// When it ends by itself.
    pub(crate) fn ends_at(&self) -> Time {
        self.row.expires_at
    }
}

/// A refresh token that this app could exchange now.
pub(crate) fn exchangeable(
    db: &mut impl Reads,
    hash: &[u8; 32],
    app: AppId,
    now: Time,
) -> Result<Option<Judged>, Refusal> {
    // Another's costs no more to look at than one that is not there: the time tells nothing.
    let Some(row) = find(db, hash, now)?.filter(|row| row.app == app) else { return Ok(None) };
    let judged = row.judged(db, now)?;
    let worth = token::refresh(Some(&judged.row), app, now);
    Ok(matches!(worth, Refresh::Keep | Refresh::Rotate).then_some(judged))
}

fn find(db: &mut impl Reads, hash: &[u8; 32], now: Time) -> Result<Option<Row>, Fault> {
    // What hangs on no session was let in from a device, and is not signed out with a browser.
    let sql = format!(
        "select t.family, t.used, t.ends_at, f.grant_id, f.ended, \
         (select count(*) from sessions s where s.id = f.session and s.ends_at > $1), \
         exists (select 1 from containments h where {}), t.used_at, t.seed, \
         exists (select 1 from refresh_tokens n where n.hash = t.next and n.used = 0), t.at, {}, t.jkt, t.x5t, g.app \
         from refresh_tokens t join token_families f on f.id = t.family join grants g on g.id = f.grant_id \
         where t.hash = $2",
        containments::holds_line!(),
        families::ANSWER
    );
    db.one(&sql, params![now.micros(), hash], |row| {
        let answer = answer_of_row(row, 11)?;
        let is_over = row.int(4)? != 0 || row.int(6)? != 0;
        let at = row.opt_int(7)?.map_or(Time::EARLIEST, Time::from_micros);
        let state = match row.int(1)? {
            _ if is_over => RefreshState::Revoked,
            0 => RefreshState::Live,
            _ => RefreshState::Used { at, next_is_live: row.int(9)? != 0 },
        };
        Ok(Row {
            app: id(row, 23)?,
            family: bytes16(row, 0)?,
            state,
            seed: row.opt_blob(8)?.map(|_| array32(row, 8)).transpose()?,
            issued_at: Time::from_micros(row.int(10)?),
            expires_at: Time::from_micros(row.int(2)?),
            grant: id(row, 3)?,
            signed_in: answer.session.is_none() || row.int(5)? != 0,
            bound: bound_of_row(row, 21)?,
            answer,
        })
    })
}

fn insert(tx: &mut Tx<'_>, secret: &Secret, found: &Found, now: Time) -> Result<(), Fault> {
    let ends_at = token::refresh_token_ends(found.ends_at(), now);
    let sql = "insert into refresh_tokens (hash, family, at, ends_at) values ($1, $2, $3, $4)";
    tx.put(sql, params![&secret.hash(), &found.family, now.micros(), ends_at.micros()])
}

/// The first one of a family.
pub(crate) fn first(tx: &mut Tx<'_>, world: &World, found: &Found) -> Result<Secret, Fault> {
    let secret = Secret::new(SecretKind::Refresh, world);
    insert(tx, &secret, found, world.now())?;
    Ok(secret)
}

/// Spends one for the next; `None` if somebody did so since it was looked at.
fn rotate(
    tx: &mut Tx<'_>,
    world: &World,
    presented: &Secret,
    found: &Found,
) -> Result<Option<Secret>, Fault> {
    let (seed, now) = (world.random::<32>(), world.now());
    let next = presented.next(SecretKind::Refresh, &seed);
    let sql =
        "update refresh_tokens set used = 1, used_at = $1, seed = $2, next = $3 where hash = $4 and used = 0";
    if tx.execute(sql, params![now.micros(), &seed, &next.hash(), &presented.hash()])? == 0 {
        return Ok(None);
    }
    insert(tx, &next, found, now)?;
    Ok(Some(next))
}

/// What an access token may carry of what the family may.
pub(crate) fn narrowed(
    (scopes, held): (Scopes, &Terms),
    answered: (Time, Time),
    asks: Asks<'_>,
    now: Time,
) -> Result<(Scopes, Terms), OAuthError> {
    let scopes = token::narrow_scopes(scopes, asks.scope)?;
    let terms = token::narrow_terms(held, answered, asks.details, now)?;
    // A token can carry fewer actions than its grant; the other axes are the grant's.
    if (Terms { actions: held.actions, ..terms.clone() }) != *held {
        let why = "authorization_details: of a single token only 'actions' can be narrowed; send the rest as granted";
        return Err(OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why));
    }
    Ok((scopes, terms))
}

/// What a refresh token is worth to this app, and no other.
pub(crate) fn refresh(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    presented: &str,
    asks: Asks<'_>,
) -> Result<Outcome, Refusal> {
    let Some(presented) = Secret::read(SecretKind::Refresh, presented) else { return Ok(Err(not_known())) };
    // Of two at once the second finds it used only after the first has committed: then it looks once more.
    for _ in 0..2 {
        if let Some(outcome) = attempt(tx, tools, app, &presented, asks)? {
            return Ok(outcome);
        }
    }
    Err(Refusal::Changed)
}

fn not_known() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, "the refresh token is not known")
}

fn attempt(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    presented: &Secret,
    asks: Asks<'_>,
) -> Result<Option<Outcome>, Refusal> {
    let now = tools.0.now();
    let Some(row) = find(tx, &presented.hash(), now)? else { return Ok(Some(Err(not_known()))) };
    let Judged { row, found, seed, scopes, terms, bound, .. } = row.judged(tx, now)?;
    // Who does not hold the key cannot end what its holder has.
    if row.app == app && bound.is_bound() && bound != tools.1.binding.refresh {
        return Ok(Some(Err(token::refresh_key_missing())));
    }
    let worth = token::refresh(Some(&row), app, now);
    match worth {
        Refresh::Keep | Refresh::Rotate | Refresh::Again => {}
        Refresh::Refuse(error) => return Ok(Some(Err(error))),
        Refresh::RefuseAndRevokeFamily(error) => {
            reused(tx, tools.0, &found.family, &found.grant)?;
            return Ok(Some(Err(error)));
        }
    }
    let answered = (found.grant.given_at, found.answer.at);
    let narrowed = match narrowed((scopes, &terms), answered, asks, now) {
        Ok(narrowed) => narrowed,
        Err(error) => return Ok(Some(Err(error))),
    };
    let refresh = match (worth, seed) {
        (Refresh::Keep, _) => {
            let ends_at = token::refresh_token_ends(found.ends_at(), now);
            let sql = "update refresh_tokens set ends_at = $1 where hash = $2";
            tx.put(sql, params![ends_at.micros(), &presented.hash()])?;
            Some(presented.clone())
        }
        (Refresh::Again, Some(seed)) => {
            let next = presented.next(SecretKind::Refresh, &seed);
            // Whoever is told it again must hold what it was bound to, and binds it to nothing else.
            if find(tx, &next.hash(), now)?.is_none_or(|next| next.bound != tools.1.binding.refresh) {
                return Ok(Some(Err(token::refresh_key_missing())));
            }
            Some(next)
        }
        _ => rotate(tx, tools.0, presented, &found)?,
    };
    match refresh {
        Some(refresh) => Ok(Some(Ok(issue(tx, tools, found, narrowed, refresh)?))),
        None => Ok(None),
    }
}

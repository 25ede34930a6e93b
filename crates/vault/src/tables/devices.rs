//! Devices that ask to be let in, and the person who types their code (RFC 8628).
//!
//! Invariant: a question belongs to whoever typed its code first, and what comes of it to the device that was told the
//! device code: once, in the transaction that marks it used.

use super::consents::{self, Facts};
use super::families::{self, Answer, answer_of_row};
use super::ids::{id, opt_id};
use super::keys::TokenMint;
use super::secret::{Secret, SecretKind};
use super::tokens::{self, Found, Outcome};
use super::{authorizations, containments, refresh_tokens};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{AppId, AuthorizationId, GrantId, PersonId, Time, World};
use oauth::authorize::Request;
use oauth::consent::Agreed;
use oauth::device::{self, DEVICE_S, DeviceRow, DeviceState, INTERVAL_S, Poll};
use oauth::error::{ErrorCode, OAuthError};

/// How long a code that is over is still known, so that its device is told that it is over: an hour.
const REMEMBERED_S: i64 = 3_600;

/// A device that waits, as the person is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The code that it shows.
    pub user_code: String,
    /// From where it asks.
    pub address: Option<String>,
    /// What it says it is.
    pub agent: String,
    /// When it asked.
    pub asked_at: Time,
}

/// The device behind a question, if it is one's; nobody but who typed its code finds it.
pub(crate) fn of_question(
    db: &mut impl Reads,
    question: AuthorizationId,
    person: PersonId,
) -> Result<Option<Device>, Refusal> {
    let sql = "select user_code, address, agent, at, person from devices where question = $1";
    let found = db.one(sql, params![question.as_bytes()], |row| {
        let device = Device {
            user_code: row.text(0)?.to_owned(),
            address: row.opt_text(1)?.map(str::to_owned),
            agent: row.text(2)?.to_owned(),
            asked_at: Time::from_micros(row.int(3)?),
        };
        Ok((device, opt_id::<PersonId>(row, 4)?))
    })?;
    match found {
        None => Ok(None),
        Some((device, Some(typed_by))) if typed_by == person => Ok(Some(device)),
        Some(_) => Err(Refusal::NotFound),
    }
}

fn answer(
    tx: &mut Tx<'_>,
    question: AuthorizationId,
    (state, family): (DeviceState, Option<[u8; 16]>),
    now: Time,
) -> Result<(), Fault> {
    let sql = "update devices set state = $1, answered_at = $2, family = $3 where question = $4";
    let family = family.as_ref().map(|family| family.as_slice());
    tx.put(sql, params![state.as_str(), now.micros(), family, question.as_bytes()])
}

/// Forgets codes that are long over, at most so many. How many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql = "delete from devices where hash in (select hash from devices where ends_at < $1 limit $2)";
    tx.execute(sql, params![now.plus_seconds(-REMEMBERED_S).micros(), most])
}

/// What a device code is worth: its tokens, once she has answered with yes.
pub(crate) fn redeem(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    app: AppId,
    device_code: &str,
) -> Result<Outcome, Refusal> {
    let now = tools.0.now();
    let hash = Secret::read(SecretKind::Device, device_code).map(|code| code.hash());
    let held = match &hash {
        // Of two that ask at once, the second sees what the first has done.
        Some(hash) => tx.execute("update devices set app = app where hash = $1", params![hash])? > 0,
        None => false,
    };
    let (Some(hash), true) = (hash, held) else { return Ok(Err(refused(device::poll(None, app, now)))) };
    let sql =
        "select app, state, answered_at, ends_at, interval_s, polled_at, family from devices where hash = $1";
    let found = tx.one(sql, params![&hash], |row| {
        let answered_at = Time::from_micros(row.opt_int(2)?.unwrap_or_default());
        let state = match row.text(1)? {
            "waiting" => DeviceState::Waiting,
            "allowed" => DeviceState::Allowed(answered_at),
            "used" => DeviceState::Used,
            _ => DeviceState::Denied,
        };
        let device = DeviceRow {
            app: id(row, 0)?,
            state,
            expires_at: Time::from_micros(row.int(3)?),
            interval_s: row.int(4)?,
            polled_at: row.opt_int(5)?.map(Time::from_micros),
        };
        Ok((device, row.opt_blob(6)?.map(<[u8; 16]>::try_from)))
    })?;
    let (row, family) = found.unzip();
    match device::poll(row.as_ref(), app, now) {
        Poll::Issue => {}
        Poll::Refuse(error) => return Ok(Err(error)),
        Poll::Wait(error, interval_s) => {
            let sql = "update devices set polled_at = $1, interval_s = $2 where hash = $3";
            tx.put(sql, params![now.micros(), interval_s, &hash])?;
            return Ok(Err(error));
        }
    }
    tx.put("update devices set state = $1 where hash = $2", params![DeviceState::Used.as_str(), &hash])?;
    let gone = || Fault::Shape("a device was let in, but nothing stands of it".to_owned());
    let family = family.flatten().and_then(Result::ok).ok_or_else(gone)?;
    issue(tx, tools, family, now)
}

fn issue(
    tx: &mut Tx<'_>,
    tools: (&World, &TokenMint),
    family: [u8; 16],
    now: Time,
) -> Result<Outcome, Refusal> {
    let sql = format!(
        "select f.grant_id, f.ended, exists (select 1 from containments h where {}), {} from token_families f \
         join token_families t on t.id = f.id join grants g on g.id = f.grant_id where f.id = $1",
        containments::holds_token!(),
        families::ANSWER
    );
    let found = tx.one(&sql, params![&family], |row| {
        let ended = row.int(1)? != 0 || row.int(2)? != 0;
        Ok((id::<GrantId>(row, 0)?, ended, answer_of_row(row, 3)?))
    })?;
    let (grant, ended, answer) = found.ok_or(Refusal::NotFound)?;
    let (grant, state, _) = tokens::grant_of(tx, grant, ended, now)?;
    if matches!(state, model::GrantState::Ended | model::GrantState::Spent) {
        return Ok(Err(OAuthError::new(ErrorCode::InvalidGrant, "the grant has ended")));
    }
    let worth = families::of_grant(&grant, &answer.share, now);
    let found = Found { family, grant, answer, nonce: None };
    let refresh = refresh_tokens::first(tx, tools.0, &found)?;
    Ok(Ok(tokens::issue(tx, tools, found, worth, refresh)?))
}

fn refused(poll: Poll) -> OAuthError {
    match poll {
        Poll::Refuse(error) | Poll::Wait(error, _) => error,
        Poll::Issue => OAuthError::new(ErrorCode::InvalidGrant, "the device code is not known"),
    }
}

impl Vault {
    /// Keeps what a device asks for until a person has typed its code and answered. The device code and the code that it
    /// shows come back.
    pub async fn device_add(
        &self,
        request: &Request,
        address: Option<String>,
        agent: &str,
    ) -> Result<(String, String), Refusal> {
        let (world, now) = (self.world.clone(), self.world.now());
        let code = Secret::new(SecretKind::Device, &world);
        let (hash, app, request) = (code.hash(), request.client_id, request.clone());
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(200).collect();
        let user_code = self
            .engine
            .write("device_add", move |tx| -> Result<String, Refusal> {
                let question = AuthorizationId::new(&world);
                let ends_at = now.plus_seconds(DEVICE_S);
                authorizations::insert(tx, question, &request, (now, ends_at))?;
                // One in 25,600,000,000 may be taken; another is drawn then.
                for _ in 0..8 {
                    let user_code = device::user_code(world.random());
                    let taken = tx.execute(
                        "insert into devices (hash, user_code, question, app, address, agent, state, interval_s, at, ends_at) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (user_code) do nothing",
                        params![
                            &hash,
                            &user_code,
                            question.as_bytes(),
                            app.as_bytes(),
                            address.as_deref(),
                            &agent,
                            DeviceState::Waiting.as_str(),
                            INTERVAL_S,
                            now.micros(),
                            ends_at.micros()
                        ],
                    )?;
                    if taken > 0 {
                        return Ok(user_code);
                    }
                }
                Err(Fault::Overloaded.into())
            })
            .await?;
        Ok((code.into_clear(), user_code))
    }

    /// A person types the code that a device shows: the question is hers from now on. Unknown, too old, answered, or
    /// somebody else's by now are all the same `NotFound`.
    pub async fn device_typed(&self, own: &Own, user_code: &str) -> Result<AuthorizationId, Refusal> {
        let (person, now, user_code) = (own.person(), self.world.now(), user_code.to_owned());
        self.engine
            .write("device_typed", move |tx| -> Result<_, Refusal> {
                let sql = "update devices set person = $1 where user_code = $2 and state = $3 and ends_at > $4 \
                           and (person is null or person = $1) returning question";
                let waiting = DeviceState::Waiting.as_str();
                let found =
                    tx.one(sql, params![person.as_bytes(), &user_code, waiting, now.micros()], |row| id(row, 0))?;
                found.ok_or(Refusal::NotFound)
            })
            .await
    }

    /// The person lets a device in, as `decide` says; the device fetches what comes of it.
    pub async fn device_allow<F>(
        &self,
        own: &Own,
        question: AuthorizationId,
        decide: F,
    ) -> Result<(), Refusal>
    where
        F: Fn(&Facts) -> Result<Agreed, Refusal> + Send + 'static,
    {
        let (world, now, who) = (self.world.clone(), self.world.now(), (own.person(), own.session()));
        self.engine
            .write("device_allow", move |tx| -> Result<(), Refusal> {
                let facts = consents::take(tx, who, question, now)?;
                facts.device.as_ref().ok_or(Refusal::NotFound)?;
                let agreed = decide(&facts)?;
                let grant = consents::settle(tx, &world, who.0, facts.app.id, &agreed)?;
                // It hangs on no session: whoever signs out here does not turn the television off.
                let share = agreed.share;
                let answer = Answer { session: None, authed_at: facts.signed_in_at, at: now, share };
                let family = families::insert(tx, &world, grant.id, &answer)?;
                Ok(self::answer(tx, question, (DeviceState::Allowed(now), Some(family)), now)?)
            })
            .await
    }

    /// The person does not let a device in.
    pub async fn device_deny(&self, own: &Own, question: AuthorizationId) -> Result<(), Refusal> {
        let (now, person) = (self.world.now(), own.person());
        self.engine
            .write("device_deny", move |tx| -> Result<(), Refusal> {
                of_question(tx, question, person)?.ok_or(Refusal::NotFound)?;
                authorizations::waiting(tx, question, now)?;
                authorizations::remove(tx, question)?;
                Ok(answer(tx, question, (DeviceState::Denied, None), now)?)
            })
            .await
    }
}

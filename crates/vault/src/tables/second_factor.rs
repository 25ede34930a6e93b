//! One-time codes of an app, and recovery codes on paper: the second factor beside a password.
//!
//! Invariant: a code is used once. Recovery codes are shown when they are made and never again: their hashes are stored, all
//! of a set with one salt, so that comparing with ten costs one hash. The secret of one-time codes is stored as it is.

use super::attempts::Count;
use super::notices::{self, Notice};
use super::passwords::{Hasher, salt_of};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use factors::recovery::{CODE_BYTES, CODES, fold, spell};
use factors::totp::{SECRET_BYTES, step_of};
use model::{PersonId, Time, World};

/// How she can show that it is her, besides passkeys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when one-time codes are asked for, if they are.
    pub codes_since: Option<Time>,
    /// Recovery codes that are not used.
    pub recovery_codes: i64,
}

/// A code that is right, and what using it up changes.
pub(crate) enum Code {
    Step(i64),
    Recovery(String),
}

/// What codes are compared with.
pub(crate) struct Known {
    totp: Option<([u8; SECRET_BYTES], i64)>,
    recovery: Vec<String>,
}

impl Known {
    /// Whether it is one of hers. Takes as long as a hash if it may be a recovery code.
    pub(crate) fn holds(&self, hasher: &Hasher<'_>, typed: &str, now: Time) -> Option<Code> {
        if let Some((secret, last)) = &self.totp
            && let Some(step) = step_of(secret, typed, now.seconds(), Some(*last))
        {
            return Some(Code::Step(step));
        }
        let typed = fold(typed)?;
        let hashed = hasher.hash(&typed, &salt_of(self.recovery.first()?)?).ok()?;
        self.recovery.contains(&hashed).then_some(Code::Recovery(hashed))
    }
}

/// What codes of a person are compared with.
pub(crate) fn known(db: &mut impl Reads, person: PersonId) -> Result<Known, Fault> {
    let sql = "select secret, last_step from totp where person = $1 and confirmed_at is not null";
    let totp = db.one(sql, params![person.as_bytes()], |row| {
        let secret =
            row.blob(0)?.try_into().map_err(|_| Fault::Shape("a secret of one-time codes".into()))?;
        Ok((secret, row.int(1)?))
    })?;
    let sql = "select hash from recovery_codes where person = $1";
    let recovery = db.all(sql, params![person.as_bytes()], |row| Ok(row.text(0)?.to_owned()))?;
    Ok(Known { totp, recovery })
}

/// Is a code asked for beside the password?
pub(crate) fn is_on(db: &mut impl Reads, person: PersonId) -> Result<bool, Fault> {
    let sql = "select confirmed_at from totp where person = $1 and confirmed_at is not null";
    Ok(db.one(sql, params![person.as_bytes()], |row| row.int(0))?.is_some())
}

/// Uses a code up. Of two that come with the same one, the second is refused.
pub(crate) fn spend(tx: &mut Tx<'_>, world: &World, person: PersonId, code: &Code) -> Result<(), Refusal> {
    let spent = match code {
        Code::Step(step) => {
            let sql = "update totp set last_step = $1 where person = $2 and last_step < $1 and confirmed_at is not null";
            tx.execute(sql, params![*step, person.as_bytes()])?
        }
        Code::Recovery(hash) => {
            let sql = "delete from recovery_codes where person = $1 and hash = $2";
            let spent = tx.execute(sql, params![person.as_bytes(), hash])?;
            let sql = "select count(*) from recovery_codes where person = $1";
            let left = tx.one(sql, params![person.as_bytes()], |row| row.int(0))?.unwrap_or(0);
            notices::add(tx, world, person, &Notice::RecoveryCodeUsed { left })?;
            spent
        }
    };
    if spent == 0 { Err(Refusal::Code) } else { Ok(()) }
}

/// A set of codes: as they are shown, and as they are stored.
struct Set {
    shown: Vec<String>,
    stored: Vec<String>,
}

fn store_set(tx: &mut Tx<'_>, person: PersonId, stored: &[String], now: Time) -> Result<(), Fault> {
    tx.put("delete from recovery_codes where person = $1", params![person.as_bytes()])?;
    for hash in stored {
        let sql = "insert into recovery_codes (person, hash, made_at) values ($1, $2, $3)";
        tx.put(sql, params![person.as_bytes(), hash, now.micros()])?;
    }
    Ok(())
}

/// Refuses who has no one-time codes.
fn if_on(db: &mut impl Reads, person: PersonId) -> Result<(), Refusal> {
    if is_on(db, person)? {
        return Ok(());
    }
    Err(Refusal::Conflict("recovery codes go with one-time codes; set those up first".into()))
}

impl Vault {
    /// How she can show that it is her, besides passkeys.
    pub async fn second_factor(&self, own: &Own) -> Result<SecondFactor, Refusal> {
        let person = own.person();
        self.engine
            .read("second_factor", move |snap| -> Result<_, Refusal> {
                let sql = "select confirmed_at from totp where person = $1";
                let since = snap.one(sql, params![person.as_bytes()], |row| row.opt_int(0))?.flatten();
                let sql = "select count(*) from recovery_codes where person = $1";
                let codes = snap.one(sql, params![person.as_bytes()], |row| row.int(0))?;
                Ok(SecondFactor {
                    codes_since: since.map(Time::from_micros),
                    recovery_codes: codes.unwrap_or(0),
                })
            })
            .await
    }

    /// Begins to set up one-time codes, with a secret for her app. Nothing is asked for until it is confirmed; whoever begins
    /// again before that gets another secret.
    pub async fn codes_begin(&self, own: &Own) -> Result<(), Refusal> {
        let (person, session) = (own.person(), own.session());
        let (now, secret) = (self.world.now(), self.world.random::<SECRET_BYTES>());
        self.engine
            .write("codes_begin", move |tx| -> Result<_, Refusal> {
                sessions::hold(tx, session)?;
                let sql = "insert into totp (person, secret, created_at) values ($1, $2, $3) on conflict (person) \
                           do update set secret = excluded.secret, created_at = excluded.created_at \
                           where totp.confirmed_at is null";
                match tx.execute(sql, params![person.as_bytes(), &secret, now.micros()])? {
                    0 => Err(Refusal::Conflict("one-time codes are set up already".into())),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// The secret that waits to be confirmed, if she has begun.
    pub async fn codes_begun(&self, own: &Own) -> Result<Option<[u8; SECRET_BYTES]>, Refusal> {
        let person = own.person();
        self.engine
            .read("codes_begun", move |snap| -> Result<_, Refusal> {
                let sql = "select secret from totp where person = $1 and confirmed_at is null";
                let found = snap.one(sql, params![person.as_bytes()], |row| Ok(row.blob(0)?.to_vec()))?;
                Ok(found.and_then(|secret| secret.try_into().ok()))
            })
            .await
    }

    /// Her app shows the right code, so from now on one is asked for. Her recovery codes come back, to be shown once.
    pub async fn codes_confirm(&self, own: &Own, code: &str) -> Result<Vec<String>, Refusal> {
        let (person, session, now, world) =
            (own.person(), own.session(), self.world.now(), self.world.clone());
        let secret = self.codes_begun(own).await?.ok_or(Refusal::NotFound)?;
        let step = step_of(&secret, code, now.seconds(), None).ok_or(Refusal::Code)?;
        let Set { shown, stored } = self.recovery_set(person).await?;
        self.engine
            .write("codes_confirm", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                // It is still this secret that waits: she may have begun again, or confirmed, elsewhere.
                let sql = "update totp set confirmed_at = $1, last_step = $2 \
                           where person = $3 and confirmed_at is null and secret = $4";
                if tx.execute(sql, params![now.micros(), step, person.as_bytes(), &secret])? == 0 {
                    return Err(Refusal::NotFound);
                }
                store_set(tx, person, &stored, now)?;
                Ok(notices::add(tx, &world, person, &Notice::CodesOn {})?)
            })
            .await?;
        Ok(shown)
    }

    /// No code is asked for any more, and recovery codes open nothing.
    pub async fn codes_end(&self, own: &Own) -> Result<(), Refusal> {
        let (person, session, world) = (own.person(), own.session(), self.world.clone());
        self.engine
            .write("codes_end", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let sql = "select confirmed_at from totp where person = $1";
                let was = tx.one(sql, params![person.as_bytes()], |row| row.opt_int(0))?.flatten();
                tx.put("delete from totp where person = $1", params![person.as_bytes()])?;
                tx.put("delete from halves where person = $1", params![person.as_bytes()])?;
                tx.put("delete from recovery_codes where person = $1", params![person.as_bytes()])?;
                match was {
                    Some(_) => Ok(notices::add(tx, &world, person, &Notice::CodesOff {})?),
                    None => Ok(()),
                }
            })
            .await
    }

    /// A new set of recovery codes, to be shown once. Those before open nothing any more.
    pub async fn recovery_codes_make(&self, own: &Own) -> Result<Vec<String>, Refusal> {
        let (person, session, now) = (own.person(), own.session(), self.world.now());
        // Looked at before anything is hashed, and again in the transaction that counts.
        self.engine.read("codes_on", move |snap| if_on(snap, person)).await?;
        let (world, Set { shown, stored }) = (self.world.clone(), self.recovery_set(person).await?);
        self.engine
            .write("recovery_codes_make", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                if_on(tx, person)?;
                store_set(tx, person, &stored, now)?;
                Ok(notices::add(tx, &world, person, &Notice::RecoveryCodesMade {})?)
            })
            .await?;
        Ok(shown)
    }

    async fn recovery_set(&self, person: PersonId) -> Result<Set, Refusal> {
        let _ = self.count(Count::hashed(person)).await?;
        let shown: Vec<String> = (0..CODES).map(|_| spell(&self.world.random::<CODE_BYTES>())).collect();
        let (folded, salt) = (shown.clone(), self.world.random::<16>());
        let place = self.hashing_place()?;
        let hashed = self.off_thread(place, move |hasher| -> Result<Vec<String>, Fault> {
            folded.iter().map(|code| hasher.hash(&fold(code).unwrap_or_default(), &salt)).collect()
        });
        Ok(Set { stored: hashed.await??, shown })
    }
}

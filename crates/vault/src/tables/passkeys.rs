//! Passkeys: keys on a person's devices, each of which opens her account by itself.
//!
//! Invariant: a challenge is given out to one browser for one purpose, and taken before what answers it is looked at: it
//! serves once, whatever came of it. What a passkey must prove is decided in `factors`; here is only which are whose. Who
//! names no account learns of none.

use super::attempts::{self, Count};
use super::browsers::Visit;
use super::ids::id;
use super::notices::{self, Notice};
use super::secret::{Secret, SecretKind, sha256};
use super::sessions;
use super::sign_in::{Cookies, begin};
use crate::engine::{Reads, Row, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use factors::passkey::{
    CHALLENGE_BYTES, Known, Party, PasskeyInvalid, Seen, Sent, SentSigned, challenge_of, register, sign_in,
};
use model::{PersonId, Time, World, person_name};

/// How long a challenge waits for its answer, in seconds: 5 minutes.
pub const CHALLENGE_S: i64 = 300;
/// How many passkeys a person can have.
pub const PASSKEYS_MAX: i64 = 20;

/// A passkey, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id, which the authenticator chose.
    pub id: Vec<u8>,
    /// What she calls it.
    pub name: String,
    /// Made when.
    pub created_at: Time,
    /// Last used when.
    pub used_at: Option<Time>,
    /// It lives on more than one device.
    pub is_backed_up: bool,
    /// When its count went back: there may be a copy of it that should not be.
    pub copied_at: Option<Time>,
}

/// What a browser is asked for to make a passkey.
#[derive(Debug, Clone)]
pub struct PasskeyWanted {
    /// What is to be signed.
    pub challenge: [u8; CHALLENGE_BYTES],
    /// For whom.
    pub party: Party,
    /// Whose it will be.
    pub person: PersonId,
    /// Her handle.
    pub handle: String,
    /// Her name.
    pub name: String,
    /// Those that she has already.
    pub known: Vec<Vec<u8>>,
}

/// What a browser is asked to sign.
#[derive(Debug, Clone)]
pub struct PasskeyAsked {
    /// What is to be signed.
    pub challenge: [u8; CHALLENGE_BYTES],
    /// For whom.
    pub party: Party,
    /// With which passkeys; with none: whichever there is.
    pub known: Vec<Vec<u8>>,
}

/// What a challenge is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    New = 1,
    SignIn = 2,
    Again = 3,
}

/// A passkey as it is stored.
struct Stored {
    person: PersonId,
    key: Vec<u8>,
    sign_count: u32,
    backup_eligible: bool,
}

fn invalid(why: PasskeyInvalid) -> Refusal {
    Refusal::Invalid(why.to_string())
}

/// No such passkey, or not any more, or not of this person: one answer.
fn unknown() -> Refusal {
    Refusal::Invalid("this passkey opens no account here, or was removed; sign in in another way".into())
}

/// A challenge as it is stored, with the browser and the purpose that it was given out for. `browser` is what its forms carry.
fn challenge_hashes(challenge: &[u8], purpose: Purpose, browser: &str) -> ([u8; 32], [u8; 32]) {
    let purpose = [purpose as u8];
    (sha256(&[b"challenge", challenge]), sha256(&[b"challenge for", &purpose, browser.as_bytes()]))
}

fn stored(row: &Row<'_>) -> Result<Stored, Fault> {
    let sign_count = row.int(2)?;
    Ok(Stored {
        person: id(row, 0)?,
        key: row.blob(1)?.to_vec(),
        sign_count: u32::try_from(sign_count).map_err(|_| Fault::Shape("a count of signatures".into()))?,
        backup_eligible: row.int(3)? != 0,
    })
}

fn ids(db: &mut impl Reads, person: PersonId) -> Result<Vec<Vec<u8>>, Fault> {
    let sql = "select id from passkeys where person = $1 order by created_at, id";
    db.all(sql, params![person.as_bytes()], |row| Ok(row.blob(0)?.to_vec()))
}

/// Forgets challenges that nobody answered, at most so many. How many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql =
        "delete from challenges where hash in (select hash from challenges where ends_at <= $1 limit $2)";
    tx.execute(sql, params![now.micros(), most])
}

/// Notes that a passkey has signed. Refused if it has gone meanwhile.
fn used(
    tx: &mut Tx<'_>,
    world: &World,
    (passkey, person): (&[u8], PersonId),
    seen: Seen,
) -> Result<(), Refusal> {
    let now = world.now().micros();
    // Two that sign at once may be noted in any order: the count never goes back here.
    let sql = "update passkeys set sign_count = case when sign_count < $1 then $1 else sign_count end, \
               backed_up = $2, used_at = $3, copied_at = coalesce($4, copied_at) \
               where id = $5 and person = $6 returning name";
    let (backed_up, copied) = (i64::from(seen.backed_up), seen.may_be_copied.then_some(now));
    let count = i64::from(seen.sign_count);
    let name = tx.one(sql, params![count, backed_up, now, copied, passkey, person.as_bytes()], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    let name = name.ok_or_else(unknown)?;
    if seen.may_be_copied {
        tracing::warn!(%person, "the count of a passkey went back: there may be a copy of it");
        notices::add(tx, world, person, &Notice::PasskeyCopied { name })?;
    }
    Ok(())
}

impl Vault {
    /// For whom passkeys are made here. None where browsers make none: at an address of numbers.
    pub fn passkey_party(&self) -> Option<Party> {
        Party::of(self.issuer())
    }

    fn party(&self) -> Result<Party, Refusal> {
        self.passkey_party().ok_or_else(|| {
            Refusal::Conflict(
                "browsers make no passkeys for an address of numbers; reach this server by its name".into(),
            )
        })
    }

    async fn challenge(
        &self,
        purpose: Purpose,
        browser: &str,
        (visit, hers): (&Visit, Option<PersonId>),
    ) -> Result<[u8; CHALLENGE_BYTES], Refusal> {
        let (challenge, now) = (self.world.random::<CHALLENGE_BYTES>(), self.world.now());
        let (hash, bound) = challenge_hashes(&challenge, purpose, browser);
        let counts = Count::challenge(visit.from, hers);
        self.engine
            .write("challenge", move |tx| -> Result<(), Refusal> {
                attempts::enter(tx, &counts, now)?;
                let sql = "insert into challenges (hash, bound, ends_at) values ($1, $2, $3)";
                Ok(tx.put(sql, params![&hash, &bound, now.plus_seconds(CHALLENGE_S).micros()])?)
            })
            .await?;
        Ok(challenge)
    }

    /// Takes the challenge that was answered, if it was given out to this browser for this.
    async fn answered(
        &self,
        purpose: Purpose,
        browser: &str,
        client_data: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let challenge = challenge_of(client_data).map_err(invalid)?;
        let (hash, bound) = challenge_hashes(&challenge, purpose, browser);
        let now = self.world.now().micros();
        let taken = self
            .engine
            .write("challenge_take", move |tx| -> Result<u64, Refusal> {
                let sql = "delete from challenges where hash = $1 and bound = $2 and ends_at > $3";
                Ok(tx.execute(sql, params![&hash, &bound, now])?)
            })
            .await?;
        if taken == 1 { Ok(challenge) } else { Err(invalid(PasskeyInvalid::Challenge)) }
    }

    /// Begins to make a passkey. `browser` is what the forms of this browser carry.
    pub async fn passkey_new_begin(
        &self,
        own: &Own,
        browser: &str,
        visit: &Visit,
    ) -> Result<PasskeyWanted, Refusal> {
        let (person, party) = (own.person(), self.party()?);
        let (handle, name, known) = self
            .engine
            .read("passkey_new", move |snap| -> Result<_, Refusal> {
                let sql = "select handle, name from persons where id = $1";
                let found = snap.one(sql, params![person.as_bytes()], |row| {
                    Ok((row.opt_text(0)?.unwrap_or_default().to_owned(), row.text(1)?.to_owned()))
                })?;
                let (handle, name) = found.ok_or(Refusal::SignedOut)?;
                Ok((handle, name, ids(snap, person)?))
            })
            .await?;
        let challenge = self.challenge(Purpose::New, browser, (visit, Some(own.person()))).await?;
        Ok(PasskeyWanted { challenge, party, person, handle, name, known })
    }

    /// Adds the passkey that her browser made, under a name of hers.
    pub async fn passkey_add(&self, own: &Own, browser: &str, made: &str, name: &str) -> Result<(), Refusal> {
        let (person, session, party, world) =
            (own.person(), own.session(), self.party()?, self.world.clone());
        let name = person_name(name).map_err(|why| Refusal::Invalid(why.to_string()))?;
        let sent = Sent::created(made).map_err(invalid)?;
        let challenge = self.answered(Purpose::New, browser, &sent.says.client_data).await?;
        let new =
            register(&party, &challenge, &sent.says.client_data, &sent.says.attestation).map_err(invalid)?;
        if new.id != sent.id {
            return Err(invalid(PasskeyInvalid::Unreadable));
        }
        self.engine
            .write("passkey_add", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let sql = "select count(*) from passkeys where person = $1";
                let has = tx.one(sql, params![person.as_bytes()], |row| row.int(0))?.unwrap_or(0);
                if has >= PASSKEYS_MAX {
                    return Err(Refusal::Conflict(format!(
                        "you have {PASSKEYS_MAX} passkeys already; remove one that you do not use"
                    )));
                }
                let sql = "insert into passkeys (id, person, public_key, name, sign_count, backup_eligible, backed_up, \
                           created_at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing";
                let (eligible, backed_up) = (i64::from(new.backup_eligible), i64::from(new.backed_up));
                let count = i64::from(new.sign_count);
                let now = world.now().micros();
                let columns =
                    params![&new.id, person.as_bytes(), &new.key, &name, count, eligible, backed_up, now];
                if tx.execute(sql, columns)? == 0 {
                    return Err(Refusal::Conflict("this passkey is registered already".into()));
                }
                Ok(notices::add(tx, &world, person, &Notice::PasskeyAdded { name: name.clone() })?)
            })
            .await
    }

    /// Begins to sign in with a passkey; nobody is named.
    pub async fn passkey_sign_in_begin(&self, browser: &str, visit: &Visit) -> Result<PasskeyAsked, Refusal> {
        let party = self.party()?;
        let challenge = self.challenge(Purpose::SignIn, browser, (visit, None)).await?;
        Ok(PasskeyAsked { challenge, party, known: Vec::new() })
    }

    /// Signs in whose passkey has signed. Nothing else is asked for: the device has made sure that it is she.
    pub async fn passkey_sign_in(
        &self,
        browser: &str,
        signed: &str,
        visit: Visit,
    ) -> Result<Cookies, Refusal> {
        let (passkey, person, seen) = self.passkey_signed(Purpose::SignIn, browser, signed, None).await?;
        let world = self.world.clone();
        self.engine
            .write("passkey_sign_in", move |tx| -> Result<Cookies, Refusal> {
                used(tx, &world, (&passkey, person), seen)?;
                begin(tx, &world, person, &visit, false)
            })
            .await
    }

    /// Begins to prove again that it is her, with a passkey of hers.
    pub async fn passkey_again_begin(
        &self,
        own: &Own,
        browser: &str,
        visit: &Visit,
    ) -> Result<PasskeyAsked, Refusal> {
        let (person, party) = (own.person(), self.party()?);
        let known =
            self.engine.read("passkey_ids", move |snap| -> Result<_, Refusal> { Ok(ids(snap, person)?) });
        let known = known.await?;
        if known.is_empty() {
            return Err(Refusal::Conflict("you have no passkey yet".into()));
        }
        let challenge = self.challenge(Purpose::Again, browser, (visit, Some(own.person()))).await?;
        Ok(PasskeyAsked { challenge, party, known })
    }

    /// She proves again that it is her, with a passkey. The session goes on under the new cookie that comes back.
    pub async fn passkey_sign_in_again(
        &self,
        own: &Own,
        browser: &str,
        signed: &str,
    ) -> Result<String, Refusal> {
        let (hers, session) = (own.person(), own.session());
        let (passkey, person, seen) =
            self.passkey_signed(Purpose::Again, browser, signed, Some(hers)).await?;
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("passkey_sign_in_again", move |tx| -> Result<String, Refusal> {
                used(tx, &world, (&passkey, person), seen)?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::renew(tx, session, &cookie, now)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// What was signed holds: by which passkey, whose it is, and what was seen of it.
    async fn passkey_signed(
        &self,
        purpose: Purpose,
        browser: &str,
        signed: &str,
        hers: Option<PersonId>,
    ) -> Result<(Vec<u8>, PersonId, Seen), Refusal> {
        let party = self.party()?;
        let sent: Sent<SentSigned> = Sent::signed(signed).map_err(invalid)?;
        let challenge = self.answered(purpose, browser, &sent.says.client_data).await?;
        let passkey = sent.id.clone();
        let found = self
            .engine
            .read("passkey", move |snap| -> Result<_, Refusal> {
                let sql =
                    "select person, public_key, sign_count, backup_eligible from passkeys where id = $1";
                Ok(snap.one(sql, params![&passkey], stored)?)
            })
            .await?;
        let Some(stored) = found else {
            tracing::info!("a passkey that is not known was shown");
            return Err(unknown());
        };
        // Who named nobody must be named by the passkey; who is signed in need not be.
        let told = match (&sent.says.person, hers) {
            (None, None) => false,
            (None, Some(_)) => true,
            (Some(told), _) => told.as_slice() == stored.person.as_bytes().as_slice(),
        };
        if !told || hers.is_some_and(|hers| hers != stored.person) {
            tracing::info!("a passkey was shown as another person's");
            return Err(unknown());
        }
        let known = Known {
            key: &stored.key,
            sign_count: stored.sign_count,
            backup_eligible: stored.backup_eligible,
        };
        let seen = sign_in(&party, &challenge, known, &sent.says).map_err(|why| {
            tracing::info!(person = %stored.person, %why, "a passkey was refused");
            invalid(why)
        })?;
        Ok((sent.id, stored.person, seen))
    }

    /// Her passkeys, oldest first.
    pub async fn passkeys(&self, own: &Own) -> Result<Vec<Passkey>, Refusal> {
        let person = own.person();
        self.engine
            .read("passkeys", move |snap| -> Result<_, Refusal> {
                let sql = "select id, name, created_at, used_at, backed_up, copied_at from passkeys \
                           where person = $1 order by created_at, id";
                Ok(snap.all(sql, params![person.as_bytes()], |row| {
                    Ok(Passkey {
                        id: row.blob(0)?.to_vec(),
                        name: row.text(1)?.to_owned(),
                        created_at: Time::from_micros(row.int(2)?),
                        used_at: row.opt_int(3)?.map(Time::from_micros),
                        is_backed_up: row.int(4)? != 0,
                        copied_at: row.opt_int(5)?.map(Time::from_micros),
                    })
                })?)
            })
            .await
    }

    /// Calls one of her passkeys by another name.
    pub async fn passkey_rename(&self, own: &Own, passkey: Vec<u8>, name: &str) -> Result<(), Refusal> {
        let (person, session) = (own.person(), own.session());
        let name = person_name(name).map_err(|why| Refusal::Invalid(why.to_string()))?;
        self.engine
            .write("passkey_rename", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let sql = "update passkeys set name = $1 where id = $2 and person = $3";
                match tx.execute(sql, params![&name, &passkey, person.as_bytes()])? {
                    0 => Err(Refusal::NotFound),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// Removes one of her passkeys, unless nothing else would let her in.
    pub async fn passkey_remove(&self, own: &Own, passkey: Vec<u8>) -> Result<(), Refusal> {
        let (person, session, world) = (own.person(), own.session(), self.world.clone());
        self.engine
            .write("passkey_remove", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                // The person is held: of two that remove two passkeys at once, the second sees what the first has left.
                let sql = "update persons set handle = handle where id = $1 returning password";
                let password = tx.one(sql, params![person.as_bytes()], |row| Ok(row.opt_text(0)?.is_some()))?;
                let sql = "delete from passkeys where id = $1 and person = $2 returning name";
                let name = tx
                    .one(sql, params![&passkey, person.as_bytes()], |row| Ok(row.text(0)?.to_owned()))?
                    .ok_or(Refusal::NotFound)?;
                if password != Some(true) && ids(tx, person)?.is_empty() {
                    return Err(Refusal::Conflict(
                        "this is the last thing that lets you in; set a password first, or add another passkey".into(),
                    ));
                }
                Ok(notices::add(tx, &world, person, &Notice::PasskeyRemoved { name })?)
            })
            .await
    }
}

#[cfg(test)]
#[path = "passkeys_tests.rs"]
mod tests;

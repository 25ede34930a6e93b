//! Friends and requests to be friends.
//!
//! Invariant: friendship is mutual: two rows, written and deleted together.

use super::ids::id;
use super::notices::{self, Notice};
use crate::engine::{Reads, Row, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{Handle, PersonId, Time};
use serde::Serialize;

/// The most requests of one person that wait for an answer at a time.
const REQUESTS_MAX: i64 = 500;

/// Someone as others see her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Face {
    /// Who.
    pub id: PersonId,
    /// The handle; a guest has none.
    pub handle: Option<String>,
    /// The name.
    pub name: String,
}

/// A friend, or someone on the way to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friend {
    /// Who.
    pub face: Face,
    /// Friends since, or asked when.
    pub since: Time,
}

/// The friends of a person, and the requests to and from her.
#[derive(Debug, Clone, Default)]
pub struct FriendList {
    /// Friends, by name.
    pub friends: Vec<Friend>,
    /// Who asks her: the first 500.
    pub asking: Vec<Friend>,
    /// Whom she asked.
    pub asked: Vec<Friend>,
}

/// Columns id, handle, name.
pub(crate) fn face(row: &Row<'_>) -> Result<Face, Fault> {
    Ok(Face { id: id(row, 0)?, handle: row.opt_text(1)?.map(str::to_owned), name: row.text(2)?.to_owned() })
}

/// Are they friends?
pub(crate) fn are_friends(db: &mut impl Reads, one: PersonId, other: PersonId) -> Result<bool, Fault> {
    let found = db.one(
        "select since from friends where person = $1 and friend = $2",
        params![one.as_bytes(), other.as_bytes()],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// Makes them friends.
pub(crate) fn befriend(tx: &mut Tx<'_>, one: PersonId, other: PersonId, at: Time) -> Result<(), Fault> {
    for (person, friend) in [(one, other), (other, one)] {
        tx.put(
            "insert into friends (person, friend, since) values ($1, $2, $3) on conflict do nothing",
            params![person.as_bytes(), friend.as_bytes(), at.micros()],
        )?;
        request_over(tx, person, friend, at)?;
    }
    Ok(())
}

/// A request is answered or taken back, and with it what was told of it. Whether there was one.
fn request_over(tx: &mut Tx<'_>, sender: PersonId, receiver: PersonId, at: Time) -> Result<bool, Fault> {
    let sql = "delete from friend_requests where sender = $1 and receiver = $2";
    let gone = tx.execute(sql, params![sender.as_bytes(), receiver.as_bytes()])?;
    notices::take_back(tx, receiver, &Notice::FriendAsked { by: sender }, at)?;
    Ok(gone > 0)
}

/// All her requests are over, and those to her.
pub(crate) fn requests_over(tx: &mut Tx<'_>, person: PersonId, at: Time) -> Result<(), Fault> {
    let sql = "select sender, receiver from friend_requests where sender = $1 or receiver = $1";
    for (sender, receiver) in tx.all(sql, params![person.as_bytes()], |row| Ok((id(row, 0)?, id(row, 1)?)))? {
        request_over(tx, sender, receiver, at)?;
    }
    Ok(())
}

/// The friends of a person that an app with the scope `friends` may see.
pub(crate) const VISIBLE: &str = "select p.id, p.handle, p.name from friends f join persons p on p.id = f.friend \
    where f.person = $1 and p.hidden = 0 order by p.name, p.id";

impl Vault {
    /// The friends of the person for whom an app acts, without those who hid themselves from apps.
    pub async fn friends_of_caller(&self, caller: &crate::Caller) -> Result<Vec<Face>, Refusal> {
        caller.require(model::Scopes::FRIENDS, "friends")?;
        let person = caller.person();
        self.engine
            .read("friends_of_caller", move |snap| Ok(snap.all(VISIBLE, params![person.as_bytes()], face)?))
            .await
    }

    /// Her friends and requests.
    pub async fn friends(&self, own: &Own) -> Result<FriendList, Refusal> {
        let me = own.person();
        self.engine
            .read("friends", move |snap| -> Result<_, Refusal> {
                let mut list = |sql| {
                    let one = |row: &Row<'_>| {
                        Ok(Friend { face: face(row)?, since: Time::from_micros(row.int(3)?) })
                    };
                    snap.all(sql, params![me.as_bytes()], one)
                };
                Ok(FriendList {
                    friends: list(
                        "select p.id, p.handle, p.name, f.since from friends f join persons p on p.id = f.friend \
                         where f.person = $1 order by p.name, p.id",
                    )?,
                    asking: list(
                        "select p.id, p.handle, p.name, r.at from friend_requests r join persons p on p.id = r.sender \
                         where r.receiver = $1 order by r.at limit 500",
                    )?,
                    asked: list(
                        "select p.id, p.handle, p.name, r.at from friend_requests r join persons p on p.id = r.receiver \
                         where r.sender = $1 order by r.at",
                    )?,
                })
            })
            .await
    }

    /// Asks someone to be her friend. If that one asks her already, they are friends at once.
    pub async fn friend_ask(&self, own: &Own, handle: &Handle) -> Result<(), Refusal> {
        let (world, me, now, handle) = (self.world.clone(), own.person(), self.world.now(), handle.clone());
        self.engine
            .write("friend_ask", move |tx| -> Result<(), Refusal> {
                let other = super::people::by_handle(tx, &handle)?.ok_or(Refusal::NotFound)?;
                if other == me {
                    return Err(Refusal::Invalid("this is your own handle".into()));
                }
                if are_friends(tx, me, other)? {
                    return Ok(());
                }
                let asks_me = tx.one(
                    "select at from friend_requests where sender = $1 and receiver = $2",
                    params![other.as_bytes(), me.as_bytes()],
                    |row| row.int(0),
                )?;
                if asks_me.is_some() {
                    return Ok(befriend(tx, me, other, now)?);
                }
                let sql = "select count(*) from friend_requests where sender = $1";
                let waiting = tx.one(sql, params![me.as_bytes()], |row| row.int(0))?.unwrap_or(0);
                if waiting >= REQUESTS_MAX {
                    return Err(Refusal::Conflict(format!(
                        "{waiting} people have not answered you yet; wait, or take a request back"
                    )));
                }
                let asked = tx.execute(
                    "insert into friend_requests (sender, receiver, at) values ($1, $2, $3) on conflict do nothing",
                    params![me.as_bytes(), other.as_bytes(), now.micros()],
                )?;
                if asked > 0 {
                    notices::add(tx, &world, other, &Notice::FriendAsked { by: me })?;
                }
                Ok(())
            })
            .await
    }

    /// Answers a request to her, or takes back one of hers (`yes` is then without effect).
    pub async fn friend_answer(&self, own: &Own, other: PersonId, yes: bool) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("friend_answer", move |tx| -> Result<(), Refusal> {
                let asked = request_over(tx, other, me, now)?;
                if yes && asked {
                    return Ok(befriend(tx, me, other, now)?);
                }
                let taken_back = request_over(tx, me, other, now)?;
                if asked || taken_back { Ok(()) } else { Err(Refusal::NotFound) }
            })
            .await
    }

    /// Ends a friendship. Conversations stay.
    pub async fn friend_remove(&self, own: &Own, other: PersonId) -> Result<(), Refusal> {
        let me = own.person();
        self.engine
            .write("friend_remove", move |tx| -> Result<(), Refusal> {
                let mut removed = 0;
                for (person, friend) in [(me, other), (other, me)] {
                    removed += tx.execute(
                        "delete from friends where person = $1 and friend = $2",
                        params![person.as_bytes(), friend.as_bytes()],
                    )?;
                }
                if removed == 0 { Err(Refusal::NotFound) } else { Ok(()) }
            })
            .await
    }
}

//! Friends and requests to be friends.
//!
//! Invariant: friendship is mutual: two rows, written and deleted together.

use super::ids::id;
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
        tx.put(
            "delete from friend_requests where sender = $1 and receiver = $2",
            params![person.as_bytes(), friend.as_bytes()],
        )?;
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
        let (me, now, handle) = (own.person(), self.world.now(), handle.clone());
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
                tx.put(
                    "insert into friend_requests (sender, receiver, at) values ($1, $2, $3) on conflict do nothing",
                    params![me.as_bytes(), other.as_bytes(), now.micros()],
                )?;
                Ok(())
            })
            .await
    }

    /// Answers a request to her, or takes back one of hers (`yes` is then without effect).
    pub async fn friend_answer(&self, own: &Own, other: PersonId, yes: bool) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("friend_answer", move |tx| -> Result<(), Refusal> {
                let asked = tx.execute(
                    "delete from friend_requests where sender = $1 and receiver = $2",
                    params![other.as_bytes(), me.as_bytes()],
                )?;
                if yes && asked > 0 {
                    return Ok(befriend(tx, me, other, now)?);
                }
                let taken_back = tx.execute(
                    "delete from friend_requests where sender = $1 and receiver = $2",
                    params![me.as_bytes(), other.as_bytes()],
                )?;
                if asked + taken_back == 0 { Err(Refusal::NotFound) } else { Ok(()) }
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

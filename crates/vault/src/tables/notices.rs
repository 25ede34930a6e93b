//! What a person was told: once something is decided in a transaction, she is told in the same one.
//!
//! Invariant: a notice holds ids and words of ours, never a word of a message. It is gone after [`NOTICE_KEPT_S`] (those on
//! acts of staff stay), and with the person. Whoever has something to tell adds a variant to [`Notice`], calls [`add`] in the transaction that does it,
//! and says it in a sentence in `pages/notices.rs`.

use super::friends::{Face, face};
use super::ids::id;
use super::secret::sha256;
use crate::engine::{Reads, Row, Snap, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{AppId, GrantId, NoticeId, PersonId, Time, World};
use serde::{Deserialize, Serialize};

/// How long a notice is kept, read or not, in seconds: a year.
pub const NOTICE_KEPT_S: i64 = 365 * 24 * 3600;
/// Unread notices are counted up to here.
const UNREAD_MAX: i64 = 100;

/// What happened, with its particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "particulars", rename_all = "snake_case")]
pub enum Notice {
    /// Whoever runs the server took a copy of all that she can read.
    StaffExport {
        /// The reason that they gave.
        why: String,
    },
    /// Whoever runs the server took the evidence of what was done to her things.
    StaffReport {
        /// The reason that they gave.
        why: String,
    },
    /// Whoever runs the server made a link that sets a new password.
    StaffRecovery {
        /// The reason that they gave.
        why: String,
    },
    /// A new password was set with such a link.
    PasswordRecovered {},
    /// An app read for the first time. This and the next three she asked to be told.
    FirstRead {
        /// Which app.
        app: AppId,
    },
    /// An app deleted for the first time.
    FirstDelete {
        /// Which app.
        app: AppId,
    },
    /// An app did more in a day than she named. Told once a day and app.
    Often {
        /// Which app.
        app: AppId,
        /// The number that she named.
        most: i64,
    },
    /// An app did something in the hours that she named. Told once a day and app.
    AtNight {
        /// Which app.
        app: AppId,
    },
    /// Somebody asks to be her friend.
    FriendAsked {
        /// Who.
        by: PersonId,
    },
    /// Whoever runs the server ended what an app could do, for many people at once.
    Contained {
        /// Which app.
        app: AppId,
        /// The reason that they gave.
        why: String,
    },
    /// A code or token of an app that works once came a second time, so somebody may have copied it: what hung on it has
    /// ended. Told once a day and app.
    Reused {
        /// Which app.
        app: AppId,
    },
    /// An app lost what it had not used for long; she can let it have that again.
    Lapsed {
        /// Which app.
        app: AppId,
        /// Under which grant.
        grant: GrantId,
        /// Which actions, as bits.
        actions: i64,
    },
    /// The date has come on which an app, or a part of what it may do, was to end.
    Retired {
        /// Which app.
        app: AppId,
        /// Under which grant.
        grant: GrantId,
        /// Which actions, as bits; the whole app if there are neither these nor kinds.
        actions: i64,
        /// Which kinds of content, as bits.
        kinds: i64,
    },
    /// A grant that was not used for long has ended.
    LapsedWhole {
        /// Of which app.
        app: AppId,
        /// Which.
        grant: GrantId,
    },
    /// An app deleted messages for her. Told once a day and app.
    Deleted {
        /// Which app.
        app: AppId,
    },
    /// She, or somebody, signed in in a browser that was not known. Told once a day and kind of browser.
    SignedIn {
        /// What the browser says it is.
        agent: String,
    },
    /// Somebody who knew her password typed a code that was wrong, in a browser that is not known. Told once a day.
    CodeWrong {},
    /// Her password was changed.
    PasswordChanged {},
    /// A passkey was added.
    PasskeyAdded {
        /// What she called it.
        name: String,
    },
    /// A passkey was removed.
    PasskeyRemoved {
        /// What she called it.
        name: String,
    },
    /// The count of a passkey went back, so there may be a copy of it. Told once a day and name.
    PasskeyCopied {
        /// What she calls it.
        name: String,
    },
    /// One-time codes are asked for from now on.
    CodesOn {},
    /// They are not any more.
    CodesOff {},
    /// New recovery codes were made; those before are void.
    RecoveryCodesMade {},
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: i64,
    },
}

impl Notice {
    /// What makes two notices the same one, told again with a higher count.
    fn sameness(&self, at: Time) -> Option<Vec<u8>> {
        let today = |what: &[u8]| Some([what, at.date().as_bytes()].concat());
        match self {
            Notice::FriendAsked { by } => Some(by.as_bytes().to_vec()),
            Notice::Deleted { app }
            | Notice::Reused { app }
            | Notice::Often { app, .. }
            | Notice::AtNight { app } => today(app.as_bytes()),
            Notice::SignedIn { agent } => today(agent.as_bytes()),
            Notice::PasskeyCopied { name } => today(name.as_bytes()),
            Notice::CodeWrong {} => today(b""),
            _ => None,
        }
    }

    /// The person whom it is about, besides the one who is told.
    fn person(&self) -> Option<PersonId> {
        if let Notice::FriendAsked { by } = self { Some(*by) } else { None }
    }

    /// The app that it is about.
    fn app(&self) -> Option<AppId> {
        match self {
            Notice::Deleted { app }
            | Notice::FirstRead { app }
            | Notice::FirstDelete { app }
            | Notice::Often { app, .. }
            | Notice::AtNight { app }
            | Notice::Contained { app, .. }
            | Notice::Lapsed { app, .. }
            | Notice::LapsedWhole { app, .. }
            | Notice::Retired { app, .. }
            | Notice::Reused { app } => Some(*app),
            _ => None,
        }
    }
}

/// A notice as it is shown.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its id.
    pub id: NoticeId,
    /// What happened.
    pub notice: Notice,
    /// How often, if it is told once for several times.
    pub count: i64,
    /// When, the last time.
    pub at: Time,
    /// She has not said yet that she has read it.
    pub is_unread: bool,
    /// The person whom it is about, as she is called now.
    pub person: Option<Face>,
    /// The app that it is about, as it is called now.
    pub app: Option<String>,
}

/// A notice as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    kind: &'a str,
    #[serde(borrow)]
    particulars: &'a serde_json::value::RawValue,
}

fn key(kind: &str, notice: &Notice, at: Time) -> Option<NoticeId> {
    let sameness = notice.sameness(at)?;
    let hash = sha256(&[b"notice", kind.as_bytes(), &sameness]);
    hash.first_chunk().map(|&first| NoticeId::from_bytes(first))
}

/// Tells a person, in the transaction that does what she is told.
pub(crate) fn add(tx: &mut Tx<'_>, world: &World, person: PersonId, notice: &Notice) -> Result<(), Fault> {
    let at = world.now();
    let json = serde_json::to_string(notice).map_err(shape)?;
    let Stored { kind, particulars } = serde_json::from_str(&json).map_err(shape)?;
    let id = key(kind, notice, at).unwrap_or_else(|| NoticeId::new(world));
    tx.put(
        "insert into notices (person, id, kind, particulars, at) values ($1, $2, $3, $4, $5) \
         on conflict (person, id) do update set count = notices.count + 1, at = excluded.at, read = 0",
        params![person.as_bytes(), id.as_bytes(), kind, particulars.get(), at.micros()],
    )
}

/// Takes back what need not be read any more. Only for notices of which there is one at a time.
pub(crate) fn take_back(tx: &mut Tx<'_>, person: PersonId, notice: &Notice, at: Time) -> Result<(), Fault> {
    let json = serde_json::to_string(notice).map_err(shape)?;
    let Stored { kind, .. } = serde_json::from_str(&json).map_err(shape)?;
    match key(kind, notice, at) {
        Some(id) => {
            let sql = "delete from notices where person = $1 and id = $2";
            tx.put(sql, params![person.as_bytes(), id.as_bytes()])
        }
        None => Ok(()),
    }
}

/// Forgets what is older than [`NOTICE_KEPT_S`], at most so many. How many. That staff looked is never forgotten.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let before = now.plus_seconds(-NOTICE_KEPT_S).micros();
    let sql = "select person, id from notices where at < $1 and kind not in ('staff_export', 'staff_report', \
               'staff_recovery') limit $2";
    let old =
        tx.all(sql, params![before, most], |row| Ok((id::<PersonId>(row, 0)?, id::<NoticeId>(row, 1)?)))?;
    for (person, notice) in &old {
        let sql = "delete from notices where person = $1 and id = $2 and at < $3";
        tx.put(sql, params![person.as_bytes(), notice.as_bytes(), before])?;
    }
    Ok(old.len() as u64)
}

fn shape(error: serde_json::Error) -> Fault {
    Fault::Shape(format!("a notice: {error}"))
}

/// Columns id, kind, particulars, count, at, read. None for a kind that only a newer program knows.
fn told(row: &Row<'_>) -> Result<Option<Told>, Fault> {
    let particulars = serde_json::from_str(row.text(2)?).map_err(shape)?;
    let json = serde_json::to_string(&Stored { kind: row.text(1)?, particulars }).map_err(shape)?;
    let Ok(notice) = serde_json::from_str(&json) else { return Ok(None) };
    Ok(Some(Told {
        id: id(row, 0)?,
        notice,
        count: row.int(3)?,
        at: Time::from_micros(row.int(4)?),
        is_unread: row.int(5)? == 0,
        person: None,
        app: None,
    }))
}

/// Who and what it is about, as they are called now.
fn call_by_name(snap: &mut Snap<'_>, told: &mut Told) -> Result<(), Fault> {
    if let Some(person) = told.notice.person() {
        let sql = "select id, handle, name from persons where id = $1";
        told.person = snap.one(sql, params![person.as_bytes()], face)?;
    }
    if let Some(app) = told.notice.app() {
        let sql = "select name from apps where id = $1";
        told.app = snap.one(sql, params![app.as_bytes()], |row| Ok(row.text(0)?.to_owned()))?;
    }
    Ok(())
}

impl Vault {
    /// What she was told, newest first; `before` names the last notice of the part before.
    pub async fn notices(
        &self,
        own: &Own,
        before: Option<NoticeId>,
        limit: i64,
    ) -> Result<Vec<Told>, Refusal> {
        let person = own.person();
        self.engine
            .read("notices", move |snap| -> Result<_, Refusal> {
                let (mut at, mut under) = (Time::LATEST.micros(), [0xff; 16]);
                if let Some(before) = before {
                    let sql = "select at from notices where person = $1 and id = $2";
                    let found =
                        snap.one(sql, params![person.as_bytes(), before.as_bytes()], |row| row.int(0))?;
                    at = found.ok_or(Refusal::NotFound)?;
                    under = *before.as_bytes();
                }
                let sql = "select id, kind, particulars, count, at, read from notices where person = $1 \
                           and (at < $2 or (at = $2 and id < $3)) order by at desc, id desc limit $4";
                let found = snap.all(sql, params![person.as_bytes(), at, &under, limit], told)?;
                let mut found: Vec<Told> = found.into_iter().flatten().collect();
                for told in &mut found {
                    call_by_name(snap, told)?;
                }
                Ok(found)
            })
            .await
    }

    /// She has read what she was told up to this notice.
    pub async fn notices_read(&self, own: &Own, until: NoticeId) -> Result<(), Refusal> {
        let person = own.person();
        self.engine
            .write("notices_read", move |tx| -> Result<(), Refusal> {
                let sql = "select at from notices where person = $1 and id = $2";
                let found = tx.one(sql, params![person.as_bytes(), until.as_bytes()], |row| row.int(0))?;
                // It may have been taken back while she read.
                let Some(at) = found else { return Ok(()) };
                let sql = "update notices set read = 1 where person = $1 and read = 0 and at <= $2";
                Ok(tx.put(sql, params![person.as_bytes(), at])?)
            })
            .await
    }

    /// How she is called, and how many notices she has not read (at most 100 are counted): for the frame of every page.
    pub async fn viewer(&self, own: &Own) -> Result<(Face, i64), Refusal> {
        let (viewer, is_told) = self.viewer_now(own).await?;
        if is_told {
            return Ok(viewer);
        }
        self.containments_tell(own).await?;
        Ok(self.viewer_now(own).await?.0)
    }

    /// The same, and whether she has been told of every containment.
    async fn viewer_now(&self, own: &Own) -> Result<((Face, i64), bool), Refusal> {
        let person = own.person();
        self.engine
            .read("viewer", move |snap| -> Result<_, Refusal> {
                let sql = "select id, handle, name, (select count(*) from \
                           (select 1 from notices where person = $1 and read = 0 limit $2) n), \
                           containments_told, (select max(n) from containments) from persons where id = $1";
                let found = snap.one(sql, params![person.as_bytes(), UNREAD_MAX], |row| {
                    let is_told = row.int(4)? >= row.opt_int(5)?.unwrap_or(0);
                    Ok(((face(row)?, row.int(3)?), is_told))
                })?;
                found.ok_or(Refusal::NotFound)
            })
            .await
    }
}

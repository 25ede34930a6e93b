//! Containment: the operator ends every token and grant of an app, of a span of time, or of all, by storing one row.
//!
//! Invariants: nothing is counted or touched per grant, so a million grants end as fast as one. Whoever lets something
//! through asks for these rows in the query that it asks anyway, and once more where it writes. A grant remembers how many
//! containments it has come after, so one given anew is free, and a clock that is wrong frees none.

use super::app_registry;
use super::ids::id;
use super::notices::{self, Notice};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use ledger::record::AppEvent;
use model::{AppId, PersonId, Time, World};
use serde_json::json;

/// In SQL: is the grant `g` contained by `h`?
macro_rules! holds_grant {
    () => {
        "(h.app is null or h.app = g.app) and h.n > g.era \
        and (h.whole = 1 or (g.given_at >= h.issued_from and g.given_at <= h.issued_until))"
    };
}
pub(crate) use holds_grant;

/// In SQL: is the token or code `t` of the grant `g` contained by `h`, whatever becomes of the grant?
macro_rules! holds_token {
    () => {
        "(h.app is null or h.app = g.app) and h.whole = 0 and t.at >= h.issued_from and t.at <= h.issued_until"
    };
}
pub(crate) use holds_token;

/// In SQL: did the token `t` come after the beginning of the span of `h`, and within it, or by way of a refresh token that was
/// issued within it? Whoever had got hold of that one has what came of it.
macro_rules! is_of_span {
    () => {
        "h.whole = 0 and t.at >= h.issued_from and (t.at <= h.issued_until or exists (select 1 from refresh_tokens l \
        where l.family = t.family and l.at >= h.issued_from and l.at <= h.issued_until))"
    };
}
pub(crate) use is_of_span;

/// In SQL: is the access or refresh token `t` of the grant `g` contained by `h`, whatever becomes of the grant?
macro_rules! holds_line {
    () => {
        concat!("(h.app is null or h.app = g.app) and ", $crate::tables::containments::is_of_span!())
    };
}
pub(crate) use holds_line;

/// In SQL: is the access token `t`, or its grant `g`, contained by `h`?
macro_rules! holds_either {
    () => {
        concat!(
            "(h.app is null or h.app = g.app) and ((h.n > g.era \
            and (h.whole = 1 or (g.given_at >= h.issued_from and g.given_at <= h.issued_until))) or (",
            $crate::tables::containments::is_of_span!(),
            "))"
        )
    };
}
pub(crate) use holds_either;

/// In SQL: ends the families of refresh tokens that are to be forgotten ($1: what has ended by then) and by which a containment
/// knows what came of them: it would else let that go with them.
pub(crate) const END_LINES: &str = concat!(
    "update token_families set ended = 1 where ended = 0 and id in (select t.family from refresh_tokens t \
    join token_families f on f.id = t.family join grants g on g.id = f.grant_id \
    where t.ends_at < $1 and exists (select 1 from containments h where ",
    holds_line!(),
    "))"
);

/// In SQL: the number of the containment that ended the grant `g`; null if none did.
macro_rules! ended_by {
    () => {
        concat!(
            "(case when g.state in ('active', 'paused') then (select min(h.n) from containments h where ",
            $crate::tables::containments::holds_grant!(),
            ") end)"
        )
    };
}
pub(crate) use ended_by;

/// What is to end.
#[derive(Debug, Clone)]
pub struct Containment {
    /// Of this app; `None`: of every one.
    pub app: Option<AppId>,
    /// What was given or issued from the first to the second moment; `None`: whatever was until now.
    pub issued: Option<(Time, Time)>,
    /// Why, for everyone to read.
    pub why: String,
}

/// That a grant was contained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contained {
    /// When.
    pub at: Time,
    /// Why, in the operator's words.
    pub why: String,
}

/// How many there are.
pub(crate) fn era(db: &mut impl Reads) -> Result<i64, Fault> {
    let sql = "select max(n) from containments";
    Ok(db.one(sql, params![], |row| row.opt_int(0))?.flatten().unwrap_or(0))
}

/// What a containment says.
pub(crate) fn find(db: &mut impl Reads, n: i64) -> Result<Option<Contained>, Fault> {
    db.one("select at, why from containments where n = $1", params![n], |row| {
        Ok(Contained { at: Time::from_micros(row.int(0)?), why: row.text(1)?.to_owned() })
    })
}

/// Each app that holds any grant; its history tells what happened to it.
fn apps_with_grants(tx: &mut Tx<'_>) -> Result<Vec<AppId>, Fault> {
    let sql =
        "select a.id from apps a where exists (select 1 from grants g where g.app = a.id) order by a.id";
    tx.all(sql, params![], |row| id(row, 0))
}

fn contain(tx: &mut Tx<'_>, containment: &Containment, now: Time) -> Result<(), Refusal> {
    let Containment { app, issued, why } = containment;
    let n = era(tx)? + 1;
    let (from, until) = issued.unwrap_or((Time::EARLIEST, now));
    tx.put(
        "insert into containments (n, app, whole, issued_from, issued_until, at, why) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            n,
            app.as_ref().map(AppId::as_bytes),
            issued.is_none(),
            from.micros(),
            until.micros(),
            now.micros(),
            why.as_str()
        ],
    )?;
    let terms = issued.map(|(from, until)| json!({"issued_between": [from.to_string(), until.to_string()]}));
    let apps = match app {
        Some(app) => vec![*app],
        None => apps_with_grants(tx)?,
    };
    for app in apps {
        app_registry::note(tx, app, AppEvent::Contained, now, terms.clone(), Some(why))?;
    }
    Ok(())
}

/// Tells a person what she was not told yet: of each of her grants that a containment ended. Of two that tell her at the
/// same time, one does.
fn tell(tx: &mut Tx<'_>, world: &World, person: PersonId) -> Result<(), Fault> {
    let sql = "select containments_told from persons where id = $1";
    let told = tx.one(sql, params![person.as_bytes()], |row| row.int(0))?.unwrap_or(0);
    let era = era(tx)?;
    let sql = "update persons set containments_told = $1 where id = $2 and containments_told = $3";
    if told >= era || tx.execute(sql, params![era, person.as_bytes(), told])? == 0 {
        return Ok(());
    }
    // Of several the first has ended it; and a grant that had ended before was not ended by any.
    let sql = concat!(
        "select distinct k.n, k.why, g.app from grants g \
         join containments k on k.n = (select min(h.n) from containments h where ",
        holds_grant!(),
        ") where g.person = $1 and k.n > $2 and g.ends_at > k.at \
         and (g.state in ('active', 'paused') or g.changed_at > k.at) order by k.n"
    );
    let found =
        tx.all(sql, params![person.as_bytes(), told], |row| Ok((row.text(1)?.to_owned(), id(row, 2)?)))?;
    for (why, app) in found {
        notices::add(tx, world, person, &Notice::Contained { app, why })?;
    }
    Ok(())
}

impl Vault {
    /// Ends every token and grant that the containment names. When this returns, none of them opens anything on any node,
    /// whoever still had an answer from this node has it, and what it was telling webhooks of these apps is broken off. `false`: a transaction that was under way when it was
    /// stored has not ended yet, and may still succeed.
    pub async fn contain(&self, containment: Containment) -> Result<bool, Refusal> {
        let now = self.world.now();
        if let Some((from, until)) = containment.issued {
            if from > until {
                return Err(Refusal::Invalid("the span ends before it begins".to_owned()));
            }
            if until > now {
                let why = "the span ends in the future: what is to be given then cannot be contained now";
                return Err(Refusal::Invalid(why.to_owned()));
            }
        }
        let app = containment.app;
        self.engine.write("contain", move |tx| contain(tx, &containment, now)).await?;
        let settled = self.settled().await?;
        // Whoever tells webhooks heard of it with the commit.
        self.exchanges.out(app).await;
        Ok(settled)
    }

    /// Tells her which of her grants the operator ended, if there is something to tell.
    pub(crate) async fn containments_tell(&self, own: &Own) -> Result<(), Refusal> {
        let (world, person) = (self.world.clone(), own.person());
        self.engine.write("containments_tell", move |tx| Ok(tell(tx, &world, person)?)).await
    }
}

//! The access record: written in the transaction of the act, and the only way to what the act touches.
//!
//! Invariants: `Record::write` counts the use in the grant only if grant, app and token are still exactly as the gate saw
//! them, so a revocation that was acknowledged cannot be outrun; a `Record` holds the transaction, so a message can be
//! stored or deleted only after its record; `Committed` exists only after the commit, and opens what was read before it.

use super::counted::in_ledger;
use super::permit::{Act, Permit};
use crate::answering::UnderWay;
use crate::engine::{Reads, Snap, Tx, params};
use crate::tables::ids::array32;
use crate::tables::{containments, grants, once, queue};
use crate::{Fault, Refusal, Vault};
use ledger::commitment::{Salt, SaltKey, Seal, commit_access};
use ledger::entry::Entry;
use ledger::record::{AccessRecord, GrantActor, GrantEvent, Outcome};
use model::{Action, AppId, ConversationId, GrantId, Time};
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

/// What one act touched.
#[derive(Clone, Copy, Default)]
pub(super) struct Touched {
    pub(super) conversation: Option<ConversationId>,
    pub(super) first_seq: Option<i64>,
    pub(super) last_seq: Option<i64>,
    pub(super) count: i64,
    pub(super) withheld: i64,
}

impl Touched {
    /// One message.
    pub(super) fn one(conversation: ConversationId, seq: i64) -> Self {
        Touched {
            conversation: Some(conversation),
            first_seq: Some(seq),
            last_seq: Some(seq),
            count: 1,
            withheld: 0,
        }
    }
}

/// An access record as it is kept.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) grant: GrantId,
    pub(super) n: i64,
    pub(super) app: AppId,
    pub(super) action: Action,
    pub(super) touched: Touched,
    pub(super) at: Time,
    pub(super) salt: Salt,
    pub(super) seal: Seal,
}

/// A number that counts from 1.
pub(super) fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Written {
    /// Nothing touched is `none`: the act was allowed, and found nothing to do.
    fn outcome(touched: &Touched) -> Outcome {
        if touched.count == 0 { Outcome::Nothing } else { Outcome::Done }
    }

    /// The canonical record of docs/ledger.md.
    pub(super) fn record(&self) -> AccessRecord {
        AccessRecord {
            grant: self.grant.to_string(),
            n: unsigned(self.n),
            app: self.app.to_string(),
            action: in_ledger(self.action),
            conversation: self.touched.conversation.map(|id| id.to_string()),
            first_seq: self.touched.first_seq.map(unsigned),
            last_seq: self.touched.last_seq.map(unsigned),
            count: unsigned(self.touched.count),
            withheld: unsigned(self.touched.withheld),
            at: self.at.to_string(),
            outcome: Written::outcome(&self.touched),
        }
    }
}

/// Proof that the access record is in the transaction, and the only way on through it.
pub(super) struct Record<'t, 'c, A> {
    pub(super) tx: &'t mut Tx<'c>,
    pub(super) written: Written,
    of: PhantomData<A>,
}

const USE_GRANT: &str = concat!(
    "update grants as g set used = used + 1, used_at = $1, \
    state = case when uses = used + 1 then 'spent' else state end \
    where id = $2 and version = $3 and state = 'active' and ends_at > $1 and (uses is null or used < uses) \
    and exists (select 1 from access_tokens t join token_families f on f.id = t.family where t.hash = $4 \
    and f.ended = 0 and not exists (select 1 from containments h where ",
    containments::holds_either!(),
    ")) and exists (select 1 from apps a where a.id = g.app and a.version = $5 and a.state = 'live') \
    returning used, salt_key, state"
);

const NUMBER_IN_PERSON: &str =
    "update person_counts set accesses = accesses + 1 where person = $1 returning accesses, salt_key";

const KEEP: &str = "insert into access (grant_id, n, person_n, action, conversation, first_seq, last_seq, count, withheld, at, outcome, leaf) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl<'t, 'c, A: Act> Record<'t, 'c, A> {
    /// Counts the use, numbers it, sends its entry to the log and keeps the record.
    pub(super) fn write(tx: &'t mut Tx<'c>, permit: &Permit<A>, touched: Touched) -> Result<Self, Refusal> {
        let at = permit.now;
        let used = tx.one(
            USE_GRANT,
            params![
                at.micros(),
                permit.grant.as_bytes(),
                permit.grant_version,
                &permit.token,
                permit.app_facts.version
            ],
            |row| Ok((row.int(0)?, array32(row, 1)?, row.text(2)? == "spent")),
        )?;
        let (n, grant_key, spent) = used.ok_or(Refusal::Changed)?;
        let numbered = tx.one(NUMBER_IN_PERSON, params![permit.person.as_bytes()], |row| {
            Ok((row.int(0)?, array32(row, 1)?))
        })?;
        let gone = || Fault::Shape(format!("{} has gone", permit.person));
        let (person_n, person_key) = numbered.ok_or_else(gone)?;
        let written = Written {
            grant: permit.grant,
            n,
            app: permit.app,
            action: A::ACTION,
            touched,
            at,
            salt: SaltKey(grant_key).access(unsigned(n)),
            seal: SaltKey(person_key).person(unsigned(person_n)).seal(),
        };
        let commitment = commit_access(&written.record(), &written.salt, &written.seal)?;
        let entry = Entry::Access(commitment);
        let leaf = queue::push(tx, queue::ACCESS, permit.grant.as_bytes(), n, &entry, at)?;
        tx.put(
            KEEP,
            params![
                permit.grant.as_bytes(),
                n,
                person_n,
                A::ACTION as i64,
                touched.conversation.as_ref().map(ConversationId::as_bytes),
                touched.first_seq,
                touched.last_seq,
                touched.count,
                touched.withheld,
                at.micros(),
                Written::outcome(&touched).as_str(),
                leaf
            ],
        )?;
        if spent {
            grants::note(tx, permit.grant, GrantEvent::Ended, GrantActor::Spent, at)?;
        }
        Ok(Record { tx, written, of: PhantomData })
    }

    /// The body of the transaction is done with it.
    pub(super) fn close(self) -> Closed<A> {
        Closed { written: self.written, of: PhantomData }
    }
}

/// A record whose transaction has not committed yet: good for nothing but being committed.
pub(super) struct Closed<A> {
    written: Written,
    of: PhantomData<fn() -> A>,
}

/// A record that is durable. While it lasts, its answer is on its way.
pub(super) struct Committed<A> {
    pub(super) written: Written,
    _under_way: UnderWay,
    of: PhantomData<fn() -> A>,
}

/// What was read before its record is durable. Only `Committed` opens it.
pub(super) struct Sealed<T> {
    value: T,
    pub(super) touched: Touched,
}

impl<T> Sealed<T> {
    /// Seals an answer, and notes what of people's it touches.
    pub(super) fn new(value: T, touched: Touched) -> Self {
        Sealed { value, touched }
    }

    pub(super) fn open<A>(self, _: &Committed<A>) -> T {
        self.value
    }
}

/// What an app gets for a spent permit: the answer, and the signed receipt for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened<T> {
    /// The answer.
    pub answer: T,
    /// The compact JWS for the header `Waxseal-Receipt`.
    pub receipt: String,
}

impl Vault {
    /// Runs a body that writes the record of `permit`, and vouches for the commit. With `spend_each` the only maker of
    /// `Committed`.
    pub(super) async fn spend<A, T, F>(
        &self,
        name: &'static str,
        permit: Permit<A>,
        mut body: F,
    ) -> Result<(T, Committed<A>), Refusal>
    where
        A: Act,
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>, &Permit<A>) -> Result<(T, Closed<A>), Refusal> + Send + 'static,
    {
        let _under_way = self.answering.begin();
        let act = move |tx: &mut Tx<'_>| {
            once::spend(tx, permit.once.as_ref())?;
            body(tx, &permit)
        };
        let (value, closed) = self.engine.write(name, act).await?;
        Ok((value, Committed { written: closed.written, _under_way, of: PhantomData }))
    }

    /// Writes the records of many permits in one transaction, which is queued when this returns. A permit that is no longer
    /// good is refused for itself alone: nothing was stored for it, for that is the first thing that a record looks at.
    pub(super) fn spend_each<A: Act>(
        &self,
        name: &'static str,
        permits: Vec<(Permit<A>, Touched)>,
    ) -> impl Future<Output = Result<Vec<Result<Committed<A>, Refusal>>, Refusal>> + use<A> {
        let under_way = self.answering.begin();
        let pending = self.engine.write(name, move |tx| -> Result<Vec<_>, Refusal> {
            let mut closed = Vec::with_capacity(permits.len());
            for (permit, touched) in &permits {
                closed.push(match Record::write(tx, permit, *touched) {
                    Ok(record) => Ok(record.close()),
                    Err(Refusal::Changed) => Err(Refusal::Changed),
                    Err(broken) => return Err(broken),
                });
            }
            Ok(closed)
        });
        async move {
            let closed = pending.await?;
            let commit = |closed: Closed<A>| Committed {
                written: closed.written,
                _under_way: under_way.clone(),
                of: PhantomData,
            };
            Ok(closed.into_iter().map(|closed| closed.map(commit)).collect())
        }
    }

    /// Reads: selects from a snapshot beside all other readers, seals the answer, makes the record durable, opens it.
    pub(super) async fn read_sealed<A, T, F>(
        &self,
        (select_name, record_name): (&'static str, &'static str),
        permit: Permit<A>,
        mut select: F,
    ) -> Result<Opened<T>, Refusal>
    where
        A: Act,
        T: Send + 'static,
        F: FnMut(&mut Snap<'_>, &Permit<A>) -> Result<Sealed<T>, Refusal> + Send + 'static,
    {
        let mut slot = Some(permit);
        let (permit, sealed) = self
            .engine
            .read(select_name, move |snap| -> Result<_, Refusal> {
                let permit = slot.as_ref().ok_or(Refusal::Changed)?;
                let sealed = select(snap, permit)?;
                Ok((slot.take(), sealed))
            })
            .await?;
        let touched = sealed.touched;
        let body =
            move |tx: &mut Tx<'_>, permit: &Permit<A>| Ok(((), Record::write(tx, permit, touched)?.close()));
        let ((), committed) = self.spend(record_name, permit.ok_or(Refusal::Changed)?, body).await?;
        let answer = sealed.open(&committed);
        self.hand_out(committed, answer)
    }

    /// Hands an answer out with its receipt, and counts the permit as spent.
    pub(super) fn hand_out<A, T>(&self, committed: Committed<A>, answer: T) -> Result<Opened<T>, Refusal> {
        let receipt = self.sign_receipt(&committed.written)?;
        self.spent.fetch_add(1, Ordering::Relaxed);
        Ok(Opened { answer, receipt })
    }

    /// How many permits were spent since start, and how many access records there are: tests hold the two together.
    pub async fn permits_spent_and_records(&self) -> Result<(u64, u64), Fault> {
        let records = self
            .engine
            .read("count_records", |snap| -> Result<i64, Fault> {
                Ok(snap.one("select count(*) from access", params![], |row| row.int(0))?.unwrap_or(0))
            })
            .await?;
        Ok((self.spent.load(Ordering::Relaxed), u64::try_from(records).unwrap_or(0)))
    }
}

/// Notes where the entry of an access stands in the log, if it had to wait for its place.
pub(crate) fn note_leaf(tx: &mut Tx<'_>, grant: &[u8; 16], n: i64, index: i64) -> Result<(), Fault> {
    tx.put("update access set leaf = $1 where grant_id = $2 and n = $3", params![index, grant, n])
}

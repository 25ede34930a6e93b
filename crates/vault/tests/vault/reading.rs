//! The SQL predicates against the pure rule: in random worlds every read path shows what `model::allow` says, and no more.
//!
//! Invariant: every message carries a marker of its own, and no answer of any kind holds the marker of a withheld one.

#[path = "reading/facts.rs"]
mod facts;
#[path = "reading/following.rs"]
mod following;
#[path = "reading/worlds.rs"]
mod worlds;

use crate::house::{House, START, Somebody, Tokens, open_ceiling, open_terms, words};
use facts::{Facts, Line, Said, Talk};
use model::{Action, AppId, Content, ConversationId, GrantState, Kind, PersonId, Reach, Terms, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use vault::{
    DeleteMessage, ListConversations, Opened, Page, ReadMessages, Refusal, SeeConversation, SendMessage,
    StartConversation,
};
use worlds::{Fate, LOOK_H, Spec, Starter, holds};

type Checked = Result<(), TestCaseError>;

const CASES: u32 = 48;

/// Every marker that a text holds.
fn markers(text: &str) -> BTreeSet<String> {
    text.split('«')
        .skip(1)
        .filter_map(|rest| rest.split_once('»'))
        .map(|(marker, _)| marker.to_owned())
        .collect()
}

fn content(kind: Kind, marker: &str) -> Content {
    match kind {
        Kind::Text => words(&format!("«{marker}»")),
        Kind::Card => Content::Card {
            kind: "film".to_owned(),
            title: format!("«{marker}»"),
            url: Some("https://film.example/1".to_owned()),
            image: None,
            note: Some(format!("seen, «{marker}»")),
        },
        Kind::Receipt => Content::Receipt {
            amount: "12.50".to_owned(),
            currency: "EUR".to_owned(),
            reference: Some(format!("«{marker}»")),
            note: None,
        },
    }
}

fn at(hour: i64) -> Time {
    START.plus_seconds(hour * 3600)
}

/// A world that stands in the vault, and the facts of it.
struct Built {
    facts: Facts,
    people: Vec<Somebody>,
    tokens: Tokens,
}

async fn started(
    house: &House,
    spec: &worlds::Talk,
    people: &[Somebody],
    apps: &[Tokens; 2],
) -> ConversationId {
    let others: Vec<PersonId> =
        (1..people.len()).filter(|&who| holds(spec.others << 1, who)).map(|who| people[who].id).collect();
    let others = if others.is_empty() { vec![people[1].id] } else { others };
    let title = Some("talk".to_owned());
    let tokens = match spec.starter {
        Starter::Person => return house.vault().own_start(&people[0].own, others, title).await.unwrap(),
        Starter::App => &apps[0],
        Starter::OtherApp => &apps[1],
    };
    let permit = house.permit(tokens, StartConversation { others, title }).await.unwrap();
    house.vault().start_conversation(permit).await.unwrap().answer.id
}

async fn member(house: &House, people: &[Somebody], who: usize, talk: ConversationId) -> usize {
    // Whoever is not in the conversation leaves it to the one who gives the grant.
    let who = who % people.len();
    if house.vault().own_conversation(&people[who].own, talk).await.is_ok() { who } else { 0 }
}

async fn say(house: &House, people: &[Somebody], talk: &mut Talk, say: &worlds::Say, marker: String) {
    let author = member(house, people, say.author, talk.id).await;
    let kind = Kind::EACH[say.kind];
    let vault = house.vault();
    let seq = vault.own_send(&people[author].own, talk.id, content(kind, &marker), &marker).await.unwrap();
    let sent_at = house.now();
    let (mut everyone, mut hidden) = (false, false);
    if let Some((who, restored)) = say.deleted_by {
        let who = member(house, people, who, talk.id).await;
        vault.own_delete(&people[who].own, talk.id, seq).await.unwrap();
        if restored {
            vault.own_restore(&people[who].own, talk.id, seq).await.unwrap();
        } else {
            everyone = who == author;
            hidden = who == 0 && author != 0;
        }
    }
    talk.said.push(Said {
        seq,
        author: people[author].id,
        kind,
        sent_at,
        marker,
        deleted_for_everyone: everyone,
        hidden_from_her: hidden,
    });
    talk.last_at = sent_at;
}

/// Gives the grant, in the hour of the world in which it is given.
async fn give(
    house: &House,
    spec: &Spec,
    people: &[Somebody],
    app: AppId,
    talks: &[Talk],
) -> (Terms, Tokens) {
    let asked = &spec.terms;
    let chosen = talks.iter().filter(|talk| talk.chosen).map(|talk| talk.id).collect();
    let terms = Terms {
        actions: asked.actions,
        reach: Reach { started_only: asked.started_only, chosen: asked.chosen_only.then_some(chosen) },
        since: asked.since,
        kinds: asked.kinds,
        ends_at: at(asked.ends_h),
        uses: asked.uses,
    };
    let tokens = house.let_in(&people[0], app, &terms).await;
    (terms, tokens)
}

/// The wishes of the others, and who is in it no more.
async fn wish(house: &House, spec: &Spec, people: &[Somebody], facts: &mut Facts) {
    let vault = house.vault();
    for (who, somebody) in people.iter().enumerate() {
        if holds(spec.words_out_everywhere, who) {
            vault.wish_everywhere(&somebody.own, true, false).await.unwrap();
        }
    }
    for (talk, plan) in facts.talks.iter_mut().zip(&spec.talks) {
        for (who, somebody) in people.iter().enumerate() {
            let is_in = vault.own_conversation(&somebody.own, talk.id).await.is_ok();
            let here = is_in && holds(plan.words_out, who);
            if here {
                vault.wish_words_out(&somebody.own, talk.id, true).await.unwrap();
            }
            if is_in && (here || holds(spec.words_out_everywhere, who)) {
                talk.keep_out.push(somebody.id);
            }
            if is_in && holds(plan.locks, who) {
                vault.wish_lock(&somebody.own, talk.id, true).await.unwrap();
                talk.locked = true;
            }
            if is_in && holds(plan.left, who) {
                let (talk, person) = (house.blob(talk.id.as_bytes()), house.blob(somebody.id.as_bytes()));
                let left = format!(
                    "update participants set left_at = 1 where conversation = {talk} and person = {person}"
                );
                house.sql(&left).await;
            }
            if holds(plan.left, who) && who == 0 {
                talk.she_is_in = false;
            }
        }
    }
}

async fn build(house: &House, spec: &Spec, number: u64) -> Built {
    house.clock.set(at(0));
    let vault = house.vault();
    let mut people = Vec::new();
    for who in 0..spec.people {
        people.push(house.person(&format!("case{number:x}.{}", ["ada", "bob", "cem", "dee"][who])).await);
    }
    for other in &people[1..] {
        vault.person_befriend(&people[0].handle, &other.handle).await.unwrap();
    }
    let app = house.app("Jukebox", &open_ceiling()).await;
    let other_app = house.app("Teller", &open_ceiling()).await;
    let starters = [
        house.let_in(&people[0], app, &open_terms()).await,
        house.let_in(&people[0], other_app, &open_terms()).await,
    ];
    let mut talks = Vec::new();
    for plan in &spec.talks {
        let started_via = match plan.starter {
            Starter::Person => None,
            Starter::App => Some(app),
            Starter::OtherApp => Some(other_app),
        };
        let id = started(house, plan, &people, &starters).await;
        let (keep_out, said) = (Vec::new(), Vec::new());
        let (locked, she_is_in, chosen) = (false, true, plan.chosen);
        talks.push(Talk { id, she_is_in, started_via, locked, chosen, keep_out, said, last_at: at(0) });
    }
    let mut says: Vec<(i64, usize, &worlds::Say)> = Vec::new();
    for (talk, plan) in spec.talks.iter().enumerate() {
        says.extend(plan.says.iter().map(|say| (say.at_h, talk, say)));
    }
    says.sort_by_key(|(hour, talk, _)| (*hour, *talk));
    let mut given = None;
    for (count, (hour, talk, plan)) in says.into_iter().enumerate() {
        if hour >= spec.given_h && given.is_none() {
            house.clock.set(at(spec.given_h));
            given = Some(give(house, spec, &people, app, &talks).await);
        }
        house.clock.set(at(hour));
        say(house, &people, &mut talks[talk], plan, format!("m{number}.{count}")).await;
    }
    house.clock.set(at(spec.given_h));
    let (terms, tokens) = match given {
        Some(given) => given,
        None => give(house, spec, &people, app, &talks).await,
    };
    let mut facts = Facts {
        person: people[0].id,
        app,
        app_live: true,
        ceiling: spec.ceiling.clone(),
        terms,
        state: GrantState::Active,
        given_at: at(spec.given_h),
        used: 0,
        talks,
    };
    wish(house, spec, &people, &mut facts).await;
    // A fresh token, while there may still be one.
    house.clock.set(at(LOOK_H).plus_seconds(-10));
    let tokens = house.refresh(&tokens).await.unwrap_or(tokens);
    vault.app_ceiling(app, &oauth::details::ceiling_json(&spec.ceiling)).await.unwrap();
    befall(house, spec.fate, &people[0], &tokens, &mut facts).await;
    house.clock.set(at(LOOK_H));
    Built { facts, people, tokens }
}

async fn befall(house: &House, fate: Fate, person: &Somebody, tokens: &Tokens, facts: &mut Facts) {
    let vault = house.vault();
    match fate {
        Fate::Nothing => {}
        Fate::Paused => {
            vault.grant_pause(&person.own, tokens.grant, true).await.unwrap();
            facts.state = GrantState::Paused;
        }
        Fate::Revoked => {
            vault.grant_revoke(&person.own, tokens.grant).await.unwrap();
            facts.state = GrantState::Ended;
        }
        Fate::Suspended => {
            vault.app_suspend(tokens.app, "a test").await.unwrap();
            facts.app_live = false;
        }
        Fate::Retired => {
            vault.app_retire(tokens.app, at(LOOK_H)).await.unwrap();
            facts.app_live = false;
        }
    }
}

/// How an act that reaches into one conversation must end, as far as the rule goes.
fn same_refusal<T: std::fmt::Debug>(
    outcome: Result<T, Refusal>,
    expected: Refusal,
    what: &dyn std::fmt::Debug,
) -> Checked {
    match outcome {
        Err(refusal) => prop_assert_eq!(refusal, expected, "{:?}", what),
        Ok(answer) => {
            prop_assert!(false, "{:?} is to be refused ({}), and answered {:?}", what, expected, answer)
        }
    }
    Ok(())
}

/// The lines of a page as an app reads them.
fn lines(items: &str) -> Vec<Line> {
    let items: Vec<serde_json::Value> = serde_json::from_str(items).unwrap();
    let line = |item: &serde_json::Value| {
        let told = match item.get("withheld") {
            Some(reason) => {
                assert_eq!(
                    item.as_object().unwrap().len(),
                    2,
                    "a placeholder says its seq and its reason only"
                );
                let known = ["deleted", "window", "kind", "author"];
                Err(*known.iter().find(|word| *word == reason).unwrap())
            }
            None => Ok(markers(&item["content"].to_string()).pop_first().unwrap()),
        };
        (item["seq"].as_i64().unwrap(), told)
    };
    items.iter().map(line).collect()
}

/// One world under examination.
struct Exam<'a> {
    house: &'a House,
    built: Built,
}

impl Exam<'_> {
    /// Nothing in an answer but what the rule shows: whatever shape the answer has.
    fn nothing_leaks(&self, answer: &str) -> Checked {
        let facts = &self.built.facts;
        let mut shown = BTreeSet::new();
        if let Ok(limits) =
            facts.allow(Action::Read, at(LOOK_H)).or_else(|_| facts.allow(Action::List, at(LOOK_H)))
        {
            for talk in facts.talks.iter().filter(|talk| facts.reaches(&limits, talk)) {
                let visible = talk.said.iter().filter(|said| facts.shows(&limits, talk, said).is_ok());
                shown.extend(visible.map(|said| said.marker.clone()));
            }
        }
        let leaked: Vec<String> = markers(answer).difference(&shown).cloned().collect();
        prop_assert!(leaked.is_empty(), "withheld words in an answer: {:?}", leaked);
        Ok(())
    }

    /// Counts the act, and holds the record of it to what was handed out.
    async fn recorded(&mut self, action: Action, touched: (Option<i64>, Option<i64>, i64, i64)) -> Checked {
        self.built.facts.used += 1;
        let own = &self.built.people[0].own;
        let newest = self.house.vault().accesses_of_own(own, self.built.tokens.grant, None, 1).await.unwrap();
        let newest = &newest[0];
        prop_assert_eq!(newest.n, i64::try_from(self.built.facts.used).unwrap());
        prop_assert_eq!(newest.action, action.as_str());
        prop_assert_eq!((newest.first_seq, newest.last_seq, newest.count, newest.withheld), touched);
        prop_assert_eq!(newest.outcome.as_str(), if touched.2 == 0 { "none" } else { "ok" });
        Ok(())
    }

    /// Asks the gate; if the rule says no, so must it, in the same word.
    async fn permit<A: vault::Act + std::fmt::Debug>(
        &self,
        ask: A,
    ) -> Result<Option<(vault::Permit<A>, model::Limits)>, TestCaseError> {
        let expected = self.built.facts.allow(A::ACTION, self.house.now());
        let what = format!("{ask:?}");
        match (self.house.permit(&self.built.tokens, ask).await, expected) {
            (Ok(permit), Ok(limits)) => Ok(Some((permit, limits))),
            (Err(Refusal::Token), Err(model::No::App | model::No::Ended)) => Ok(None),
            (Err(Refusal::Token), Err(model::No::Expired)) => Ok(None),
            (Err(Refusal::Token), Err(_)) => {
                // The token may go before the gate is asked: but only with the grant's own end.
                prop_assert!(self.built.facts.terms.ends_at <= self.house.now());
                Ok(None)
            }
            (Err(Refusal::No(no)), Err(expected)) => {
                prop_assert_eq!(no, expected);
                Ok(None)
            }
            (outcome, expected) => {
                prop_assert!(false, "{}: the gate says {:?}, the rule {:?}", what, outcome.err(), expected);
                Ok(None)
            }
        }
    }

    async fn list(&mut self, limit: i64) -> Checked {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let Some((permit, limits)) = self.permit(ListConversations { after, limit }).await? else {
                return Ok(());
            };
            let expected = self.built.facts.list(&limits);
            let Opened { answer, .. } = self.house.vault().list_conversations(permit).await.unwrap();
            self.nothing_leaks(&answer.items)?;
            let items: Vec<serde_json::Value> = serde_json::from_str(&answer.items).unwrap();
            let count = i64::try_from(items.len()).unwrap();
            listed.extend(
                items.iter().map(|item| item["id"].as_str().unwrap().parse::<ConversationId>().unwrap()),
            );
            prop_assert_eq!(&listed[..], &expected[..listed.len().min(expected.len())]);
            self.recorded(Action::List, (None, None, count, 0)).await?;
            after = match &answer.next {
                Some(next) => {
                    let (micros, id) = next.split_once('.').unwrap();
                    Some((Time::from_micros(micros.parse().unwrap()), id.parse().unwrap()))
                }
                None => {
                    prop_assert_eq!(listed, expected);
                    return Ok(());
                }
            };
        }
    }

    async fn see(&mut self, at: usize) -> Checked {
        let conversation = self.built.facts.talks[at].id;
        let Some((permit, limits)) = self.permit(SeeConversation { conversation }).await? else {
            return Ok(());
        };
        let outcome = self.house.vault().see_conversation(permit).await;
        if !self.built.facts.reaches(&limits, &self.built.facts.talks[at]) {
            return same_refusal(outcome, Refusal::NotFound, &"see");
        }
        let answer = outcome.unwrap().answer;
        self.nothing_leaks(&answer)?;
        let seen: serde_json::Value = serde_json::from_str(&answer).unwrap();
        prop_assert_eq!(seen["id"].as_str().unwrap(), conversation.to_string());
        self.recorded(Action::List, (None, None, 1, 0)).await
    }

    async fn page(&mut self, at: usize, page: Page) -> Checked {
        let conversation = self.built.facts.talks[at].id;
        let Some((permit, limits)) = self.permit(ReadMessages { conversation, page }).await? else {
            return Ok(());
        };
        let outcome = self.house.vault().read_messages(permit).await;
        let facts = &self.built.facts;
        let talk = &facts.talks[at];
        if !facts.reaches(&limits, talk) {
            return same_refusal(outcome, Refusal::NotFound, &page);
        }
        let answer = outcome.unwrap().answer;
        self.nothing_leaks(&answer.items)?;
        let expected = facts.page(&limits, talk, page);
        prop_assert_eq!(lines(&answer.items), &expected[..], "{:?}", page);
        // There is a next page exactly when there are messages beyond this one, in the direction of the page.
        let (first, last) = (expected.first().map(|line| line.0), expected.last().map(|line| line.0));
        let forward = page.after.is_some() && page.before.is_none();
        let beyond = |seq: i64| match forward {
            true => last.is_some_and(|last| seq > last),
            false => first.is_some_and(|first| seq < first && seq > page.after.unwrap_or(0)),
        };
        let next =
            if forward { last } else { first }.filter(|_| talk.said.iter().any(|said| beyond(said.seq)));
        prop_assert_eq!(answer.next, next.map(|seq| seq.to_string()), "{:?}", page);
        let count = i64::try_from(expected.iter().filter(|line| line.1.is_ok()).count()).unwrap();
        let withheld = i64::try_from(expected.len()).unwrap() - count;
        self.recorded(Action::Read, (first, last, count, withheld)).await
    }

    async fn preview(&self) -> Checked {
        let facts = &self.built.facts;
        let Ok(limits) = facts.allow(Action::Read, self.house.now()) else { return Ok(()) };
        let chosen = facts.talks.iter().filter(|talk| talk.chosen).map(|talk| talk.id).collect();
        let own = &self.built.people[0].own;
        let counted = self.house.vault().own_preview(own, limits.clone(), chosen).await.unwrap();
        prop_assert_eq!((counted.messages, counted.with_messages), facts.preview(&limits));
        Ok(())
    }

    async fn delete(&mut self, at: usize, seq: i64) -> Checked {
        let conversation = self.built.facts.talks[at].id;
        let Some((permit, limits)) = self.permit(DeleteMessage { conversation, seq }).await? else {
            return Ok(());
        };
        let outcome = self.house.vault().delete_message(permit).await;
        let facts = &self.built.facts;
        let talk = &facts.talks[at];
        let said = talk.said.iter().position(|said| said.seq == seq);
        let Some(said) = said.filter(|_| facts.reaches(&limits, talk)) else {
            return same_refusal(outcome, Refusal::NotFound, &"delete");
        };
        let count = match facts.shows(&limits, talk, &talk.said[said]) {
            Ok(()) => 1,
            Err(model::Withheld::Deleted) => 0,
            Err(withheld) => return same_refusal(outcome, Refusal::Withheld(withheld), &"delete"),
        };
        prop_assert!(outcome.is_ok());
        let person = facts.person;
        let said = &mut self.built.facts.talks[at].said[said];
        if count == 1 && said.author == person {
            said.deleted_for_everyone = true;
        } else if count == 1 {
            said.hidden_from_her = true;
        }
        self.recorded(Action::Delete, (Some(seq), Some(seq), count, 0)).await
    }

    async fn send(&mut self, at: usize, kind: Kind, marker: &str) -> Checked {
        let conversation = self.built.facts.talks[at].id;
        let ask = || SendMessage { conversation, content: content(kind, marker), key: marker.to_owned() };
        let allowed = self.built.facts.allow(Action::Send, self.house.now());
        if let Ok(limits) = &allowed
            && let Err(no) = limits.sends(kind)
        {
            return same_refusal(
                self.house.permit(&self.built.tokens, ask()).await,
                Refusal::No(no),
                &"send",
            );
        }
        let Some((permit, limits)) = self.permit(ask()).await? else { return Ok(()) };
        let outcome = self.house.vault().send_message(permit).await;
        if !self.built.facts.reaches(&limits, &self.built.facts.talks[at]) {
            return same_refusal(outcome, Refusal::NotFound, &"send");
        }
        let sent = outcome.unwrap().answer;
        let (person, now) = (self.built.facts.person, self.house.now());
        let talk = &mut self.built.facts.talks[at];
        let seq = talk.said.last().map_or(0, |said| said.seq) + 1;
        prop_assert_eq!((sent.seq, sent.again), (seq, false));
        talk.last_at = now;
        talk.said.push(Said {
            seq,
            author: person,
            kind,
            sent_at: now,
            marker: marker.to_owned(),
            deleted_for_everyone: false,
            hidden_from_her: false,
        });
        self.recorded(Action::Send, (Some(seq), Some(seq), 1, 0)).await
    }

    async fn examine(&mut self, number: u64) -> Checked {
        for limit in [50, 2, 1] {
            self.list(limit).await?;
        }
        self.preview().await?;
        for at in 0..self.built.facts.talks.len() {
            self.see(at).await?;
            let last = self.built.facts.talks[at].said.len() as i64;
            for limit in [200, 3, 1] {
                self.page(at, Page { limit, ..Page::default() }).await?;
                self.page(at, Page { limit, before: Some(last / 2 + 1), after: None }).await?;
                self.page(at, Page { limit, before: None, after: Some(last / 3) }).await?;
                self.page(at, Page { limit, before: Some(last), after: Some(1) }).await?;
            }
            for seq in 0..=last + 1 {
                self.page(at, Page { limit: 1, before: Some(seq + 1), after: Some(seq - 1) }).await?;
            }
            self.follow(at).await?;
            for seq in (1..=last + 1).step_by(2) {
                self.delete(at, seq).await?;
            }
            self.page(at, Page { limit: 200, ..Page::default() }).await?;
            for (number_of_kind, &kind) in Kind::EACH.iter().enumerate() {
                self.send(at, kind, &format!("s{number}.{at}.{number_of_kind}")).await?;
            }
            self.page(at, Page { limit: 200, ..Page::default() }).await?;
            self.follow(at).await?;
        }
        self.preview().await?;
        self.list(50).await
    }
}

fn hold_to_the_rule(house: &House) {
    let number = AtomicU64::new(0);
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let handle = tokio::runtime::Handle::current();
    let outcome = runner.run(&worlds::spec(), |spec| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        handle.block_on(async {
            let built = build(house, &spec, number).await;
            Exam { house, built }.examine(number).await
        })
    });
    if let Err(failed) = outcome {
        panic!("{failed}");
    }
    let (spent, records) = handle.block_on(house.vault().permits_spent_and_records()).unwrap();
    assert_eq!(spent, records, "permits spent = records written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_path_shows_what_the_rule_says_on_sqlite() {
    let house = House::on_sqlite();
    tokio::task::spawn_blocking(move || hold_to_the_rule(&house)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_path_shows_what_the_rule_says_on_postgres() {
    let Some(house) = House::on_postgres() else { return };
    tokio::task::spawn_blocking(move || hold_to_the_rule(&house)).await.unwrap();
}

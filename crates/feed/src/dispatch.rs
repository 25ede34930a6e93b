//! The dispatcher: takes hints, finds whom they concern, and tells them.
//!
//! Invariant: of one conversation there is one telling at a time, so that its events go out in their order. Changed standings
//! come first.

use crate::follower::{Follower, Mode};
use crate::{Inner, is_live, lock};
use bus::Ears;
use model::{ConversationId, Hint, PersonId, Time};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::{Ask, FollowConversation, FollowMessages, Heard, Refusal, Wants};

/// How often there is a look at data to which others write too: a hint may have been lost.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How many hints are taken in one go.
const HINTS_MAX: usize = 4096;

/// Who is to be told of a conversation.
#[derive(Default)]
pub(crate) struct Hinted {
    followers: HashMap<u64, Arc<Follower>>,
    typing: Vec<PersonId>,
    telling: bool,
}

/// Hints that were taken together.
#[derive(Default)]
struct Heap {
    conversations: HashSet<ConversationId>,
    typing: HashMap<ConversationId, Vec<PersonId>>,
    standings: HashSet<Hint>,
    missed: bool,
}

impl Heap {
    fn add(&mut self, hint: Option<Hint>) {
        match hint {
            None => self.missed = true,
            Some(Hint::Conversation { conversation, .. }) => {
                self.conversations.insert(conversation);
            }
            Some(Hint::Typing { conversation, person }) => {
                let typing = self.typing.entry(conversation).or_default();
                if !typing.contains(&person) {
                    typing.push(person);
                }
            }
            Some(hint @ (Hint::Grant(_) | Hint::App(_))) => {
                self.standings.insert(hint);
            }
        }
    }
}

/// What a look at the data told already, so that the next look tells what is new.
#[derive(Default)]
struct Looked {
    numbers: HashMap<ConversationId, i64>,
    /// Each change: a second one of the same grant, some seconds later, is news as well.
    standings: HashSet<(Hint, Time)>,
}

impl Looked {
    /// Those of the hints that were not told by the look before.
    fn news(&mut self, hints: Vec<(Hint, Time)>) -> Vec<Hint> {
        let before = std::mem::take(self);
        let mut news = Vec::new();
        for (hint, at) in hints {
            let is_known = match hint {
                Hint::Conversation { conversation, n } => {
                    self.numbers.insert(conversation, n);
                    before.numbers.get(&conversation).is_some_and(|told| *told >= n)
                }
                hint => {
                    self.standings.insert((hint, at));
                    before.standings.contains(&(hint, at))
                }
            };
            if !is_known {
                news.push(hint);
            }
        }
        news
    }
}

/// Dispatches until the feed is closed.
pub(crate) async fn run(inner: Arc<Inner>, mut ears: Ears) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = Looked::default();
    while !inner.closed.load(Ordering::Acquire) {
        let mut heap = Heap::default();
        tokio::select! {
            heard = ears.next() => match heard {
                Some(hint) => heap.add(hint),
                None => return,
            },
            _ = looks.tick(), if inner.vault.is_shared() => {
                match inner.vault.hints_lately().await {
                    Ok(hints) => looked.news(hints).into_iter().for_each(|hint| heap.add(Some(hint))),
                    Err(refusal) => tracing::debug!(%refusal, "what is new could not be looked up"),
                }
            }
            () = inner.closing.notified() => return,
        }
        let mut taken = 0;
        while let Some(hint) = ears.waiting().filter(|_| taken < HINTS_MAX) {
            heap.add(hint);
            taken += 1;
        }
        inner.handle(heap).await;
    }
}

impl Inner {
    async fn handle(self: &Arc<Self>, heap: Heap) {
        let Heap { conversations, typing, standings, missed } = heap;
        self.look_at(standings, missed);
        {
            let registry = lock(&self.registry);
            conversations.iter().for_each(|id| registry.bells_of(*id).for_each(|bell| bell.ring()));
            if missed {
                registry.bells().for_each(|bell| bell.ring());
            }
            if !registry.has_followers() {
                return;
            }
        }
        if missed {
            self.everyone_catches_up();
        }
        let all: HashSet<ConversationId> = conversations.iter().chain(typing.keys()).copied().collect();
        if all.is_empty() {
            return;
        }
        match self.vault.people_in(all.into_iter().collect()).await {
            Ok(people) => {
                for (conversation, people) in people {
                    let typing = typing.get(&conversation).map_or(&[] as &[_], Vec::as_slice);
                    self.hint(conversation, &people, typing);
                }
            }
            Err(refusal) => {
                tracing::debug!(%refusal, "whom a hint concerns could not be looked up");
                self.everyone_catches_up();
            }
        }
    }

    /// Whose standing changed is looked at anew.
    fn look_at(self: &Arc<Self>, standings: HashSet<Hint>, missed: bool) {
        let mut concerned: Vec<Arc<Follower>> = Vec::new();
        {
            let registry = lock(&self.registry);
            for hint in standings.iter().filter(|_| !missed) {
                match hint {
                    Hint::Grant(grant) => concerned.extend(registry.of_grant(*grant).iter().cloned()),
                    Hint::App(app) => concerned.extend(registry.of_app(*app).cloned()),
                    _ => {}
                }
            }
            if missed {
                concerned.extend(registry.all().cloned());
            }
        }
        for follower in concerned {
            tokio::spawn(self.clone().stand(follower));
        }
    }

    fn everyone_catches_up(self: &Arc<Self>) {
        let live: Vec<_> = lock(&self.registry).all().filter(|one| is_live(one)).cloned().collect();
        live.into_iter().for_each(|follower| self.fall_back(follower));
    }

    /// The streams of these people are to be told of a conversation.
    fn hint(self: &Arc<Self>, conversation: ConversationId, people: &[PersonId], typing: &[PersonId]) {
        let mut concerned: Vec<Arc<Follower>> = Vec::new();
        {
            let registry = lock(&self.registry);
            people.iter().for_each(|person| concerned.extend(registry.of_person(*person).iter().cloned()));
        }
        self.tell_soon(conversation, concerned, typing);
    }

    /// Puts streams down to be told of a conversation, and sees that somebody does.
    pub(crate) fn tell_soon(
        self: &Arc<Self>,
        conversation: ConversationId,
        followers: Vec<Arc<Follower>>,
        typing: &[PersonId],
    ) {
        if followers.is_empty() {
            return;
        }
        let now = self.vault.world().now();
        let mut hinted = lock(&self.hinted);
        let there = hinted.entry(conversation).or_default();
        for follower in followers {
            if there.followers.contains_key(&follower.number) {
                continue;
            }
            follower.state().hinted(now);
            there.followers.insert(follower.number, follower);
        }
        for person in typing {
            if !there.typing.contains(person) {
                there.typing.push(*person);
            }
        }
        if !std::mem::replace(&mut there.telling, true) {
            tokio::spawn(self.clone().tell_of(conversation));
        }
    }

    /// Tells of a conversation until nobody is left who is to be told.
    async fn tell_of(self: Arc<Self>, conversation: ConversationId) {
        loop {
            // Never closed, so never an error.
            let _turn = self.telling.acquire().await;
            let (followers, typing) = {
                let mut hinted = lock(&self.hinted);
                let Some(there) = hinted.get_mut(&conversation) else { return };
                if there.followers.is_empty() {
                    hinted.remove(&conversation);
                    return;
                }
                let followers: Vec<_> = there.followers.drain().map(|(_, follower)| follower).collect();
                (followers, std::mem::take(&mut there.typing))
            };
            let now = self.vault.world().now();
            let mut ready = Vec::with_capacity(followers.len());
            for follower in followers {
                let mut state = follower.state();
                let lags = state.lags(now);
                state.unhinted();
                let mode = state.mode;
                drop(state);
                match mode {
                    Mode::Live if lags => self.fall_back(follower),
                    Mode::Live => ready.push((follower, i64::MAX)),
                    _ => {}
                }
            }
            if !ready.is_empty() {
                self.tell(conversation, typing, ready, Mode::Live).await;
            }
        }
    }

    /// Tells streams of a conversation, each up to its number. Those that could not be told are dealt with here.
    pub(crate) async fn tell(
        self: &Arc<Self>,
        conversation: ConversationId,
        typing: Vec<PersonId>,
        followers: Vec<(Arc<Follower>, i64)>,
        mode: Mode,
    ) {
        let now = self.vault.world().now();
        let (mut asked, mut asks, mut troubled) = (Vec::new(), Vec::new(), Vec::new());
        for (follower, until) in followers {
            let (caller, after) = {
                let state = follower.state();
                (state.caller.clone(), state.after(conversation))
            };
            match self.ask(&caller, conversation, now) {
                Ok((messages, permit)) => {
                    follower.state().asking += 1;
                    asks.push(Ask {
                        messages,
                        conversation: permit,
                        after,
                        until,
                        wants: Wants::ALL,
                        most: usize::MAX,
                    });
                    asked.push(follower);
                }
                Err(_) => troubled.push(follower),
            }
        }
        let mut behind: Vec<Arc<Follower>> = Vec::new();
        let told = self.vault.follow(conversation, typing, asks, |at, heard| {
            let follower = &asked[at];
            match heard {
                Ok(heard) if heard.more && mode == Mode::Live => {
                    take_in(follower, conversation, heard, mode, now);
                    behind.push(follower.clone());
                }
                Ok(heard) => take_in(follower, conversation, heard, mode, now),
                Err(_) => troubled.push(follower.clone()),
            }
        });
        let outcome = told.await;
        for follower in &asked {
            let mut state = follower.state();
            state.asking -= 1;
            if state.asking == 0 && std::mem::take(&mut state.look_after) {
                tokio::spawn(self.clone().stand(follower.clone()));
            }
        }
        if let Err(refusal) = outcome {
            tracing::debug!(%refusal, "a conversation could not be told of");
            // Those who were told know their place; the others look back from theirs.
            asked.into_iter().filter(|_| mode == Mode::Live).for_each(|follower| self.fall_back(follower));
        }
        for follower in troubled {
            self.clone().stand(follower.clone()).await;
            if mode == Mode::Live && is_live(&follower) {
                self.fall_back(follower);
            }
        }
        // More than one batch: at the pace of whoever takes it.
        behind.into_iter().for_each(|follower| self.fall_back(follower));
    }

    /// Asks the gate for the next batch.
    fn ask(
        &self,
        caller: &vault::Caller,
        conversation: ConversationId,
        now: model::Time,
    ) -> Result<(Option<vault::Permit<FollowMessages>>, vault::Permit<FollowConversation>), Refusal> {
        let caller = caller.at(now)?;
        let permit = caller.permit(FollowConversation { conversation })?;
        Ok((caller.permit(FollowMessages { conversation }).ok(), permit))
    }
}

/// A stream takes what it was told.
fn take_in(follower: &Follower, conversation: ConversationId, heard: Heard, mode: Mode, now: model::Time) {
    let mut state = follower.state();
    if state.mode != mode {
        return;
    }
    state.told(conversation, heard.upto, now);
    if let Some(opened) = heard.events
        && !state.put_events(conversation, opened.answer, opened.receipt)
    {
        tracing::debug!(grant = %follower.grant, "a stream did not take what it was told, and was cut");
        return;
    }
    if mode == Mode::Live && !state.has_hints() {
        state.told_all(now);
    }
}

//! A share: one card, proposed by an app, that a person sends to friends whom she picked on our page.
//!
//! Invariant: it is her own act. The app gets nothing by it: no grant, no record, no conversation that counts as started by
//! it; its name stands beside the card, so that everyone sees where the card came from.

use super::Own;
use super::own::{Said, open_direct, say};
use super::send::Keyed;
use crate::tables::apps;
use crate::tables::friends::are_friends;
use crate::{Refusal, Vault};
use model::{AppId, Content, ConversationId, MessageId, PersonId};

/// To how many friends one share can go.
pub const SHARE_FRIENDS_MAX: usize = 50;

impl Vault {
    /// Sends the card to each of these friends, in the conversation with that friend, all or none of them. The same `key`
    /// sends once to each.
    pub async fn own_share(
        &self,
        own: &Own,
        app: AppId,
        friends: Vec<PersonId>,
        card: Content,
        key: &str,
    ) -> Result<Vec<(ConversationId, i64)>, Refusal> {
        if friends.len() > SHARE_FRIENDS_MAX {
            return Err(Refusal::Invalid(format!(
                "one share goes to at most {SHARE_FRIENDS_MAX} friends; pick fewer"
            )));
        }
        let (person, now) = (own.person(), self.world.now());
        let new_ids = |_| (ConversationId::new(&self.world), MessageId::new(&self.world));
        let ids: Vec<_> = friends.iter().map(new_ids).collect();
        let key = key.to_owned();
        self.say_once("own_share", move |tx| {
            let facts = apps::read(tx, app)?.ok_or(Refusal::NotFound)?;
            if !facts.live_at(now) {
                let why = "the app that sent you here has been suspended or retired".to_owned();
                return Err(Refusal::Conflict(why));
            }
            let mut sent = Vec::with_capacity(friends.len());
            for (&friend, &(conversation, message)) in friends.iter().zip(&ids) {
                if !are_friends(tx, person, friend)? {
                    return Err(Refusal::NotFriends);
                }
                let conversation = open_direct(tx, conversation, (person, friend), now)?;
                let key = format!("share {key} {friend}");
                let keyed = Keyed::new(*person.as_bytes(), &key, conversation, &card, now)?;
                let said = Said { message, person, via: Some(app), content: &card };
                sent.push((conversation, say(tx, &keyed, conversation, &said)?));
            }
            Ok(sent)
        })
        .await
    }
}

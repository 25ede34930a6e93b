//! Following a conversation, held to the same rule as reading it.

use super::{Checked, Exam, lines, markers};
use model::Action;
use proptest::prelude::*;
use vault::{After, Ask, Event, FollowConversation, FollowMessages, Heard, Page};

impl Exam<'_> {
    /// Tells a stream everything that ever happened in a conversation, and holds it to what the rule shows now.
    pub(super) async fn follow(&mut self, at: usize) -> Checked {
        let conversation = self.built.facts.talks[at].id;
        let Some((permit, limits)) = self.permit(FollowConversation { conversation }).await? else {
            return Ok(());
        };
        let messages = self.permit(FollowMessages { conversation }).await?.map(|(permit, _)| permit);
        let reads = messages.is_some();
        let ask = Ask {
            messages,
            conversation: permit,
            after: After::Number(0),
            until: i64::MAX,
            wants: vault::Wants::ALL,
            most: usize::MAX,
        };
        let mut heard: Vec<Heard> = Vec::new();
        let told = self.house.vault().follow(conversation, Vec::new(), vec![ask], |stream, told| {
            assert_eq!(stream, 0);
            heard.push(told.unwrap());
        });
        told.await.unwrap();
        prop_assert_eq!(heard.len(), 1);
        let told = heard.remove(0);
        prop_assert!(!told.more, "more than a test can tell");
        let events = told.events.map(|opened| opened.answer).unwrap_or_default();
        let facts = &self.built.facts;
        let talk = &facts.talks[at];
        if !facts.reaches(&limits, talk) {
            let all_gone = events.iter().all(|event| &*event.json == gone(conversation).as_str());
            prop_assert!(all_gone && events.len() <= 1, "beyond reach: {:?}", events);
            if !events.is_empty() {
                self.recorded(Action::List, (None, None, 0, 0)).await?;
            }
            return Ok(());
        }
        for event in &events {
            self.nothing_leaks(&event.json)?;
        }
        if !reads {
            prop_assert!(events.iter().all(|event| matches!(event.name, "read" | "conversation")));
            return self.recorded(Action::List, (None, None, 1, 0)).await;
        }
        let sent: Vec<&Event> = events.iter().filter(|event| event.name == "message").collect();
        let shown: Vec<_> = sent.iter().map(|event| line(event)).collect();
        let page = Page { limit: 200, before: None, after: Some(0) };
        prop_assert_eq!(shown, facts.page(&limits, talk, page));
        let of_messages = ["message", "restored", "deleted"];
        let about: Vec<_> =
            events.iter().filter(|event| of_messages.contains(&event.name)).map(line).collect();
        if about.is_empty() {
            return self.recorded(Action::List, (None, None, 1, 0)).await;
        }
        let seqs = || about.iter().map(|(seq, _)| *seq);
        let count = about.iter().filter(|(_, told)| told.is_ok()).count();
        let touched = (seqs().min(), seqs().max(), count as i64, (about.len() - count) as i64);
        self.recorded(Action::Read, touched).await
    }
}

fn gone(conversation: model::ConversationId) -> String {
    format!(r#"{{"id":"{conversation}","gone":true}}"#)
}

/// An event as a line of a page; a placeholder also says where it is.
fn line(event: &Event) -> super::facts::Line {
    let placeholder = markers(&event.json).is_empty();
    let json = match placeholder {
        true => {
            let (_, rest) = event.json.split_once(',').unwrap();
            format!("[{{{rest}]")
        }
        false => format!("[{}]", event.json),
    };
    lines(&json).remove(0)
}

//! What a session can do at `/v1`: one function a route, each with its receipt checked where there has to be one.
//!
//! Invariant: an id goes into a path escaped, so nothing that it holds leads to another route.

use crate::chance;
use crate::error::Error;
use crate::exchange::{Answer, Sending};
use crate::receipt::{About, Checked};
use crate::session::Session;
use crate::shapes::{Access, Content, Conversation, Grant, Item, Me, Message, Page, Person};
use http::Method;
use http::header::HeaderName;
use ledger::record::Action;
use serde_json::json;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: &str = "idempotency-replayed";
const LIST: &[Action] = &[Action::List];
const READ: &[Action] = &[Action::Read];
const SEND: &[Action] = &[Action::Send];
const DELETE: &[Action] = &[Action::Delete];

/// Messages of a conversation that are yet to be asked for.
#[derive(Debug, Clone)]
pub struct Reading<'s> {
    session: &'s Session,
    conversation: String,
}

impl Session {
    fn get(&self, path: &str) -> Sending {
        Sending::get(self.own.shared.url(path))
    }

    async fn ask(&self, path: &str) -> Result<Answer, Error> {
        self.own.send(&self.get(path)).await
    }

    /// For whom this acts.
    pub async fn me(&self) -> Result<Me, Error> {
        self.ask("/v1/me").await?.read()
    }

    /// Her friends who did not hide themselves from apps. Needs the scope `friends`.
    pub async fn friends(&self) -> Result<Vec<Person>, Error> {
        Ok(self.ask("/v1/friends").await?.read::<Page<Person>>()?.items)
    }

    /// The grant as it stands: what may be done, how often it was used, what of it never was.
    pub async fn grant(&self) -> Result<Grant, Error> {
        self.ask("/v1/grant").await?.read()
    }

    /// Gives the grant back: it ends at once, and what is kept here is forgotten.
    pub async fn hand_back(&self) -> Result<(), Error> {
        self.own.send(&Sending::new(Method::DELETE, self.own.shared.url("/v1/grant"))).await?;
        self.own.forget().await
    }

    /// What this app did under this grant, newest first: the very records that receipts sign.
    pub async fn accesses(&self, cursor: Option<&str>) -> Result<Page<Access>, Error> {
        self.ask(&paged("/v1/access", cursor)).await?.read()
    }

    /// Conversations within reach, newest activity first. Needs the action `list`.
    pub async fn conversations(&self, cursor: Option<&str>) -> Result<Checked<Page<Conversation>>, Error> {
        let answer = self.ask(&paged("/v1/conversations", cursor)).await?;
        let page: Page<Conversation> = answer.read()?;
        let about = About { counts: Some((page.items.len(), 0)), ..About::new(LIST, None) };
        let receipt = self.checked(&answer, &about, false).await?;
        Ok(Checked { answer: page, receipt })
    }

    /// One conversation. Needs the action `list`.
    pub async fn conversation(&self, id: &str) -> Result<Checked<Conversation>, Error> {
        let answer = self.ask(&path(&["conversations", id])).await?;
        let about = About { counts: Some((1, 0)), ..About::new(LIST, Some(id)) };
        let receipt = self.checked(&answer, &about, false).await?;
        Ok(Checked { answer: answer.read()?, receipt })
    }

    /// Starts a conversation with friends of hers, each by id or by handle (`@ada`). Needs the action `send`.
    pub async fn start(
        &self,
        participants: &[&str],
        title: Option<&str>,
    ) -> Result<Checked<Conversation>, Error> {
        let body = json!({"participants": participants, "title": title});
        let answer = self.own.send(&Sending::json(self.own.shared.url("/v1/conversations"), &body)).await?;
        let conversation: Conversation = answer.read()?;
        let receipt = self.checked(&answer, &About::new(SEND, Some(&conversation.id)), false).await?;
        Ok(Checked { answer: conversation, receipt })
    }

    /// The messages of a conversation: say which. Needs the action `read`.
    pub fn messages(&self, conversation: &str) -> Reading<'_> {
        Reading { session: self, conversation: conversation.to_owned() }
    }

    /// One message, or the placeholder for it. Needs the action `read`.
    pub async fn message(&self, conversation: &str, seq: i64) -> Result<Checked<Item>, Error> {
        let answer = self.ask(&path(&["conversations", conversation, "messages", &seq.to_string()])).await?;
        let item: Item = answer.read()?;
        let about = about(conversation, std::slice::from_ref(&item));
        let receipt = self.checked(&answer, &about, false).await?;
        Ok(Checked { answer: item, receipt })
    }

    /// Sends a message as her; everyone sees which app sent it. Needs the action `send`, and the content's kind. A lost
    /// answer is asked for once more with the same key, so it is sent once.
    pub async fn send(&self, conversation: &str, content: &Content) -> Result<Checked<Message>, Error> {
        let key = chance::secret()?;
        match self.send_with_key(conversation, content, &key).await {
            Err(Error::Unreachable(_)) => self.send_with_key(conversation, content, &key).await,
            sent => sent,
        }
    }

    /// The same with a key of yours (1 to 255 visible ASCII characters): for 24 hours the same request with the same key sends
    /// nothing again and answers with the message that was sent. Use what names the thing at your end: an order, a payment.
    pub async fn send_with_key(
        &self,
        conversation: &str,
        content: &Content,
        key: &str,
    ) -> Result<Checked<Message>, Error> {
        let url = self.own.shared.url(&path(&["conversations", conversation, "messages"]));
        let mut sending = Sending::json(url, &json!({"content": content}));
        sending.header(IDEMPOTENCY_KEY, key, false)?;
        let answer = self.own.send(&sending).await?;
        let message: Message = answer.read()?;
        let again = answer.header(REPLAYED) == Some("true");
        let about = About {
            seqs: Some((message.seq, message.seq)),
            counts: Some((1, 0)),
            ..About::new(SEND, Some(conversation))
        };
        let receipt = self.checked(&answer, &about, again).await?;
        Ok(Checked { answer: message, receipt })
    }

    /// Deletes a message: her own for everyone, others' for her alone. She can restore it for 30 days. Needs the action `delete`.
    /// Its receipt comes back.
    pub async fn delete(&self, conversation: &str, seq: i64) -> Result<String, Error> {
        let url = self.own.shared.url(&path(&["conversations", conversation, "messages", &seq.to_string()]));
        let answer = self.own.send(&Sending::new(Method::DELETE, url)).await?;
        let about = About { seqs: Some((seq, seq)), ..About::new(DELETE, Some(conversation)) };
        self.checked(&answer, &about, false).await
    }

    /// Shows the others for a moment that she is typing. Needs the action `send`. Its receipt comes back.
    pub async fn typing(&self, conversation: &str) -> Result<String, Error> {
        let url = self.own.shared.url(&path(&["conversations", conversation, "typing"]));
        let answer = self.own.send(&Sending::new(Method::POST, url)).await?;
        self.checked(&answer, &About::new(SEND, Some(conversation)), false).await
    }
}

impl Reading<'_> {
    /// The newest, at most 200.
    pub async fn newest(self, limit: u32) -> Result<Checked<Page<Item>>, Error> {
        self.page(&format!("limit={limit}")).await
    }

    /// Those before this seq, the nearest to it.
    pub async fn before(self, seq: i64, limit: u32) -> Result<Checked<Page<Item>>, Error> {
        self.page(&format!("before={seq}&limit={limit}")).await
    }

    /// Those after this seq, the nearest to it; 0 begins at the beginning.
    pub async fn after(self, seq: i64, limit: u32) -> Result<Checked<Page<Item>>, Error> {
        self.page(&format!("after={seq}&limit={limit}")).await
    }

    async fn page(self, query: &str) -> Result<Checked<Page<Item>>, Error> {
        let Reading { session, conversation } = self;
        let answer =
            session.ask(&format!("{}?{query}", path(&["conversations", &conversation, "messages"]))).await?;
        let page: Page<Item> = answer.read()?;
        let receipt = session.checked(&answer, &about(&conversation, &page.items), false).await?;
        Ok(Checked { answer: page, receipt })
    }
}

/// What the receipt of these must say.
fn about<'a>(conversation: &'a str, items: &[Item]) -> About<'a> {
    let seqs = items.iter().map(Item::seq);
    let shown = items.iter().filter(|item| item.message().is_some()).count();
    About {
        seqs: seqs.clone().min().zip(seqs.max()),
        counts: Some((shown, items.len() - shown)),
        ..About::new(READ, Some(conversation))
    }
}

/// The path of these parts under `/v1`, each escaped.
pub(crate) fn path(parts: &[&str]) -> String {
    let mut path = String::from("/v1");
    for part in parts {
        path.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    path
}

/// A path with a cursor.
pub(crate) fn paged(path: &str, cursor: Option<&str>) -> String {
    match cursor {
        None => path.to_owned(),
        Some(cursor) => {
            let query =
                form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            format!("{path}?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_nowhere_else() {
        assert_eq!(path(&["conversations", "con_1a"]), "/v1/conversations/con_1a");
        assert_eq!(path(&["conversations", "../me?x#y"]), "/v1/conversations/%2E%2E%2Fme%3Fx%23y");
    }
}

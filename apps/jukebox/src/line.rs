//! The line to Waxseal: a thread that does what the window wishes and tells it what happens.
//!
//! Invariant: the window never waits for the network, and tokens never come to it.

use crate::chat::News;
use crate::tracks::Track;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use waxseal_client::{
    Action, App, Ask, AskedReach, Content, Error, Events, FileKeep, Kind, Messages, Session, Since, Told,
    Waxseal,
};

/// How many messages of a conversation are read when it is opened.
const READ: u32 = 100;

/// What the window wishes.
#[derive(Debug)]
pub(crate) enum Wish {
    SignIn,
    /// Stop waiting for the browser.
    Never,
    /// Signs out here; what she let Jukebox do stands.
    SignOut,
    /// Ends what Jukebox may do.
    HandBack,
    /// The messages of a conversation.
    Read(String),
    Send {
        conversation: String,
        text: String,
    },
    Delete {
        conversation: String,
        seq: i64,
    },
    Typing(String),
    /// A conversation about a track, with friends named by their handles.
    Start {
        friends: Vec<String>,
        track: &'static Track,
    },
}

/// Where Waxseal is, who we are there, and where what must outlast the program is kept.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) waxseal: String,
    pub(crate) client_id: String,
    pub(crate) session: PathBuf,
    /// What opens an address.
    pub(crate) browser: String,
}

/// The window's end of the line.
pub(crate) struct Line {
    wishes: UnboundedSender<Wish>,
    news: mpsc::Receiver<News>,
}

impl Line {
    /// Begins it; `wake` is called when there is news.
    pub(crate) fn begin(place: Place, wake: impl Fn() + Send + 'static) -> Result<Line, String> {
        let (wishes, wished) = unbounded_channel();
        let (tell, news) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| format!("no thread for the network: {why}"))?;
        let teller = Teller { tell, wake: Box::new(wake) };
        std::thread::spawn(move || runtime.block_on(run(place, wished, teller)));
        Ok(Line { wishes, news })
    }

    /// One whose other end is in the hands of a test.
    #[cfg(test)]
    pub(crate) fn of(wishes: UnboundedSender<Wish>, news: mpsc::Receiver<News>) -> Line {
        Line { wishes, news }
    }

    pub(crate) fn wish(&self, wish: Wish) {
        // The thread ends only with the program.
        let _ = self.wishes.send(wish);
    }

    pub(crate) fn news(&self) -> impl Iterator<Item = News> + '_ {
        self.news.try_iter()
    }
}

struct Teller {
    tell: mpsc::Sender<News>,
    wake: Box<dyn Fn() + Send>,
}

impl Teller {
    fn tell(&self, news: News) {
        let _ = self.tell.send(news);
        (self.wake)();
    }
}

/// What Jukebox would like to do: the conversations that are started from it, the last three days of them.
fn ask() -> Ask {
    Messages::new("Shows and answers chats beside the music")
        .actions([Action::Read, Action::Send, Action::Delete])
        .optional([Action::Delete])
        .conversations(AskedReach::Started)
        .since(Since::Days(3))
        .kinds([Kind::Text, Kind::Card])
        .ask()
        .with_profile()
        .while_away()
}

/// Somebody who is signed in, and what is told of her conversations.
struct Signed {
    session: Session,
    events: Events,
}

async fn run(place: Place, mut wished: UnboundedReceiver<Wish>, teller: Teller) {
    let mut signed = match resume(&place).await {
        Ok(Some(session)) => welcome(session, &teller).await,
        Ok(None) => None,
        Err(why) => {
            teller.tell(News::Problem(in_words(&why)));
            None
        }
    };
    if signed.is_none() {
        teller.tell(News::SignedOut);
    }
    loop {
        let wish = match &mut signed {
            None => match wished.recv().await {
                Some(wish) => wish,
                None => return,
            },
            Some(Signed { session, events }) => tokio::select! {
                wish = wished.recv() => match wish {
                    Some(wish) => wish,
                    None => return,
                },
                event = events.next() => {
                    let goes_on = match event {
                        Some(Ok(event)) => hear(session, event.told, &teller).await,
                        Some(Err(Error::SignedOut(why))) => Err(why),
                        Some(Err(why)) => Err(in_words(&why)),
                        None => Err("what happens is told no more".to_owned()),
                    };
                    if let Err(why) = goes_on {
                        teller.tell(News::Over(why));
                        signed = None;
                    }
                    continue;
                }
            },
        };
        signed = grant(&place, &mut wished, signed, wish, &teller).await;
    }
}

async fn waxseal(place: &Place) -> Result<Waxseal, Error> {
    Waxseal::discover(&place.waxseal, App::public(&place.client_id)).await
}

fn keep(place: &Place) -> FileKeep {
    FileKeep::new(&place.session)
}

async fn resume(place: &Place) -> Result<Option<Session>, Error> {
    waxseal(place).await?.resume(keep(place)).await
}

/// Does what is wished; who is signed in afterwards.
async fn grant(
    place: &Place,
    wished: &mut UnboundedReceiver<Wish>,
    signed: Option<Signed>,
    wish: Wish,
    teller: &Teller,
) -> Option<Signed> {
    let Some(signed) = signed else {
        return match wish {
            Wish::SignIn => sign_in(place, wished, teller).await,
            _ => None,
        };
    };
    let session = &signed.session;
    let done = match wish {
        Wish::SignIn | Wish::Never => Ok(()),
        Wish::SignOut | Wish::HandBack => {
            let ended = match wish {
                Wish::HandBack => session.hand_back().await,
                _ => session.sign_out().await,
            };
            return match ended {
                Ok(()) | Err(Error::SignedOut(_)) => {
                    teller.tell(News::SignedOut);
                    None
                }
                Err(why) => {
                    teller.tell(News::Problem(in_words(&why)));
                    Some(signed)
                }
            };
        }
        Wish::Read(conversation) => read(session, &conversation, teller).await,
        Wish::Send { conversation, text } => {
            let sent = session.send(&conversation, &Content::text(text)).await;
            sent.map(|sent| {
                let items = vec![waxseal_client::Item::Message(Box::new(sent.into_answer()))];
                teller.tell(News::Messages { conversation, items });
            })
        }
        Wish::Delete { conversation, seq } => match session.delete(&conversation, seq).await {
            Ok(_) => read(session, &conversation, teller).await,
            Err(why) => Err(why),
        },
        Wish::Typing(conversation) => session.typing(&conversation).await.map(|_| ()),
        Wish::Start { friends, track } => start(session, &friends, track, teller).await,
    };
    match done {
        Ok(()) => Some(signed),
        Err(Error::SignedOut(why)) => {
            teller.tell(News::Over(why));
            None
        }
        Err(why) => {
            teller.tell(News::Problem(in_words(&why)));
            Some(signed)
        }
    }
}

async fn sign_in(place: &Place, wished: &mut UnboundedReceiver<Wish>, teller: &Teller) -> Option<Signed> {
    let asked = async {
        let open = |url: &str| {
            teller.tell(News::SigningIn(url.to_owned()));
            // Where no browser opens, the address stands in the window.
            let _ = Command::new(&place.browser).arg(url).spawn();
        };
        waxseal(place).await?.sign_in(&ask(), keep(place), open).await
    };
    let never = async {
        while let Some(wish) = wished.recv().await {
            if matches!(wish, Wish::Never) {
                return;
            }
        }
    };
    tokio::select! {
        session = asked => match session {
            Ok(session) => welcome(session, teller).await,
            Err(why) => {
                teller.tell(News::Problem(in_words(&why)));
                None
            }
        },
        () = never => {
            teller.tell(News::SignedOut);
            None
        }
    }
}

/// Begins to follow along, and then looks at what there is: so nothing falls in between.
async fn welcome(session: Session, teller: &Teller) -> Option<Signed> {
    let events = session.events(None);
    let begun = async {
        let me = session.me().await?;
        let name = me.name.or(me.handle).unwrap_or_default();
        teller.tell(News::SignedIn { person: session.person_id(), name });
        look(&session, teller).await
    };
    match begun.await {
        Ok(()) => Some(Signed { session, events }),
        Err(why) => {
            teller.tell(News::Over(in_words(&why)));
            None
        }
    }
}

async fn look(session: &Session, teller: &Teller) -> Result<(), Error> {
    let page = session.conversations(None).await?.into_answer();
    let first = page.items.first().map(|first| first.id.clone());
    teller.tell(News::Conversations(page.items));
    match first {
        Some(first) => read(session, &first, teller).await,
        None => Ok(()),
    }
}

async fn read(session: &Session, conversation: &str, teller: &Teller) -> Result<(), Error> {
    let page = session.messages(conversation).newest(READ).await?.into_answer();
    teller.tell(News::Messages { conversation: conversation.to_owned(), items: page.items });
    Ok(())
}

async fn start(session: &Session, friends: &[String], track: &Track, teller: &Teller) -> Result<(), Error> {
    let friends: Vec<&str> = friends.iter().map(String::as_str).collect();
    let conversation = session.start(&friends, Some(track.title)).await?.into_answer();
    let id = conversation.id.clone();
    teller.tell(News::Conversation(Box::new(conversation)));
    let card = Content::Card {
        kind: "track".to_owned(),
        title: format!("{} by {}", track.title, track.by),
        url: None,
        image: None,
        note: None,
    };
    session.send(&id, &card).await?;
    read(session, &id, teller).await
}

/// Passes on what is told. An error is the end of it, in words.
async fn hear(session: &Session, told: Told, teller: &Teller) -> Result<(), String> {
    use waxseal_client::Item;
    let items = |conversation: String, item: Item| News::Messages { conversation, items: vec![item] };
    let news = match told {
        Told::Message(item) | Told::Restored(item) => match conversation_of(&item) {
            Some(conversation) => items(conversation, item),
            None => return Ok(()),
        },
        Told::Deleted(placeholder) => match placeholder.conversation.clone() {
            Some(conversation) => items(conversation, Item::Placeholder(placeholder)),
            None => return Ok(()),
        },
        Told::Conversation(conversation) => News::Conversation(conversation),
        Told::Gone { conversation } => News::Gone(conversation),
        Told::Typing { conversation, person } => News::Typing { conversation, person },
        Told::Grant(grant) => News::Paused(grant.state == "paused"),
        Told::Gap { .. } => return look(session, teller).await.map_err(|why| in_words(&why)),
        Told::Revoked { why } => return Err(over(&why)),
        _ => return Ok(()),
    };
    teller.tell(news);
    Ok(())
}

fn conversation_of(item: &waxseal_client::Item) -> Option<String> {
    match item {
        waxseal_client::Item::Message(message) => Some(message.conversation.clone()),
        waxseal_client::Item::Placeholder(placeholder) => placeholder.conversation.clone(),
    }
}

/// Why the access is over, for the one whose it was.
fn over(why: &str) -> String {
    match why {
        "grant-ended" => "You ended Jukebox's access.",
        "grant-expired" => "Jukebox's access has run out.",
        "app-suspended" => "Waxseal has suspended Jukebox.",
        "token-revoked" => "You signed out.",
        _ => "Jukebox's access is over.",
    }
    .to_owned()
}

/// An error as she reads it.
fn in_words(why: &Error) -> String {
    match why {
        Error::Problem(problem) if problem.name() == "not-friends" => {
            "Somebody you named is not your friend in Waxseal.".to_owned()
        }
        Error::Problem(problem) => problem.detail.clone(),
        Error::OAuth(refused) if refused.error == "access_denied" => "You let nothing in.".to_owned(),
        Error::SignedOut(_) => "Jukebox's access is over.".to_owned(),
        Error::Unreachable(_) => "Waxseal does not answer.".to_owned(),
        other => format!("{other}."),
    }
}

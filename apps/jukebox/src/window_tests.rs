//! What the window draws of what it was told, and what it wishes when keys are pressed: without a screen.

use super::*;
use crate::chat::News;
use eframe::egui::{Event, Modifiers, Pos2, RawInput, Rect, Shape};
use std::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use waxseal_client::{Content, Conversation, Item, Message, Person};

struct Screen {
    context: Context,
    jukebox: Jukebox,
    news: mpsc::Sender<News>,
    wished: UnboundedReceiver<Wish>,
}

impl Screen {
    fn new() -> Screen {
        let (wishes, wished) = unbounded_channel();
        let (news, told) = mpsc::channel();
        let context = Context::default();
        let jukebox = Jukebox::new(Line::of(wishes, told), &context);
        Screen { context, jukebox, news, wished }
    }

    /// Draws after these events; all the text that is on the screen.
    fn draw(&mut self, events: Vec<Event>) -> String {
        self.jukebox.hear();
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1040.0, 680.0)));
        let input = RawInput { screen_rect, events, focused: true, ..RawInput::default() };
        let jukebox = &mut self.jukebox;
        let mut drawn = self.context.run_ui(input, |ui| jukebox.draw(ui));
        // There is no screen to bring its pictures to.
        drawn.textures_delta.clear();
        let mut text = String::new();
        drawn.shapes.into_iter().for_each(|clipped| read(&clipped.shape, &mut text));
        text
    }

    /// Draws twice, so that what asked for the keyboard has it.
    fn told(&mut self, news: Vec<News>) -> String {
        news.into_iter().for_each(|one| self.news.send(one).unwrap());
        self.draw(Vec::new());
        self.draw(Vec::new())
    }

    fn press(&mut self, key: Key) -> String {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.draw(vec![event(true)]);
        self.draw(vec![event(false)])
    }

    fn wishes(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.wished.try_recv().ok()).map(|wish| format!("{wish:?}")).collect()
    }
}

fn read(shape: &Shape, into: &mut String) {
    match shape {
        Shape::Text(text) => {
            into.push_str(text.galley.text());
            into.push('\n');
        }
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| read(shape, into)),
        _ => {}
    }
}

fn signed_in() -> Vec<News> {
    let person = |id: &str, name: &str| Person { id: id.to_owned(), handle: None, name: name.to_owned() };
    let conversation = Conversation {
        id: "con_1".to_owned(),
        title: Some("Saturday's waltz".to_owned()),
        participants: vec![person("per_a", "Ada"), person("per_b", "Ben")],
        last_seq: 1,
        last_at: String::new(),
        created_at: String::new(),
        active_apps: Vec::new(),
    };
    let message = Message {
        id: "msg_1".to_owned(),
        conversation: "con_1".to_owned(),
        seq: 1,
        from: person("per_b", "Ben"),
        via: None,
        sent_at: "2026-11-25T18:04:00.000000Z".to_owned(),
        content: Content::text("Bring it along!"),
    };
    vec![
        News::SignedIn { person: Some("per_a".to_owned()), name: "Ada".to_owned() },
        News::Conversations(vec![conversation]),
        News::Messages { conversation: "con_1".to_owned(), items: vec![Item::Message(Box::new(message))] },
    ]
}

#[test]
fn who_is_not_signed_in_is_asked_for_nothing_but_can_by_one_key() {
    let mut screen = Screen::new();
    let text = screen.told(vec![News::SignedOut]);
    assert!(text.contains("Sign in with Waxseal") && text.contains("Harbour Waltz"), "{text}");
    screen.press(Key::Enter);
    assert_eq!(screen.wishes(), ["SignIn"]);
}

#[test]
fn a_chat_is_read_written_and_sent_with_the_keyboard_alone() {
    let mut screen = Screen::new();
    let text = screen.told(signed_in());
    for shown in ["Saturday's waltz", "Bring it along!", "18:04", "Ben"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    screen.wishes();
    screen.draw(vec![Event::Text("See you there".to_owned())]);
    screen.press(Key::Enter);
    let wishes = screen.wishes();
    assert!(wishes.iter().any(|wish| wish.starts_with("Typing")), "{wishes:?}");
    assert!(wishes.iter().any(|wish| wish.contains("text: \"See you there\"")), "{wishes:?}");
    screen.draw(vec![Event::Text("And again".to_owned())]);
    screen.press(Key::Enter);
    assert!(screen.wishes().iter().any(|wish| wish.contains("And again")), "the field keeps the keyboard");
}

#[test]
fn once_the_access_is_over_nothing_of_hers_is_on_the_screen() {
    let mut screen = Screen::new();
    screen.told(signed_in());
    let text = screen.told(vec![News::Over("You ended Jukebox's access.".to_owned())]);
    assert!(text.contains("You ended Jukebox's access.") && text.contains("Sign in with Waxseal"), "{text}");
    assert!(!text.contains("Bring it along!") && !text.contains("Saturday's waltz"), "{text}");
}

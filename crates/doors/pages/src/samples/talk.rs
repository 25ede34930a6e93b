//! Samples of conversations: lively, hard to draw, locked, empty.

use super::{after, at, drawn, inside, moment};
use crate::view::*;

fn row(id: &str, title: &str, last: &str, clock: &str, unread: u64) -> Row {
    Row {
        id: format!("con_{id}"),
        title: title.into(),
        last: (!last.is_empty()).then(|| last.into()),
        at: When::clock(at(&format!("2026-11-23T{clock}:00Z"))),
        unread,
        is_group: title.contains("Regatta"),
    }
}

fn rows() -> Vec<Row> {
    vec![
        row("1", "Grace Hopper", "Then it is settled: Saturday at ten, the old boathouse.", "12:06", 2),
        row("2", "Regatta 2026", "Linus: I can bring the kettle", "11:40", 12),
        row("3", "佐藤 陽翔", "この映画、本当に良かったです。次は一緒に見ましょう！", "10:02", 0),
        row("4", "ليلى بنت أحمد", "صباح الخير! هل وصلت الرسالة؟", "09:30", 0),
        row("5", "Z̵̡̛͇̣̥͎̯͈͚̗̻̓̈́̓̀̊̈́̋a̶̢̧̢̛̠͇̮̻̓l̴̻͓̬̥̂g̵̛̗̈́o̴̡̧̖͂ of the very long name that will not end", "H̸̡̪̯ͨ͊̽̅̾̎Ȩ̬̩̾͛ͪ̈́̀́͘ ̶̧̨̱̹̭̯ͧ̾ͬC̷̙̲̝͖ͭ̏ͥͮ͟Oͮ͏̮̪̝͍M̲̖͊̒ͪͩͬ̚̚͜Ȇ̴̟̟͙̞ͩ͌͝S̨̥̫͎̭ͯ̿̔̀ͅ", "08:11", 0),
        row("6", "Marquee test", "", "07:00", 0),
    ]
}

fn message(seq: u64, from: &str, sent: &str, content: Content) -> Message {
    let is_own = from == "Ada Lovelace";
    let erasable = match (&content, is_own) {
        (Content::Deleted { .. }, _) => Erasable::No,
        (_, true) => Erasable::ForEveryone,
        (_, false) => Erasable::ForMe,
    };
    Message {
        seq,
        from: from.into(),
        is_own,
        via: None,
        sent: When::clock(at(sent)),
        day: When::day(at(sent)),
        content,
        erasable,
        is_continued: false,
    }
}

fn text(seq: u64, from: &str, sent: &str, text: &str) -> Message {
    message(seq, from, sent, Content::Text(text.into()))
}

fn lively() -> Vec<Message> {
    let (ada, grace) = ("Ada Lovelace", "Grace Hopper");
    let card = Content::Card(Card {
        kind: "track".into(),
        title: "Harbour Lights (Live at the Old Pier)".into(),
        url: Some("https://jukebox.example/tracks/8412?from=share".to_owned()),
        has_image: true,
        note: Some("The one I hummed all of yesterday".into()),
    });
    let receipt = Content::Receipt(Receipt {
        amount: "12.50".to_owned(),
        currency: "EUR".to_owned(),
        reference: Some("Boathouse, half".into()),
        note: Some("My half of the boathouse".into()),
    });
    let gone =
        |sentence: &str, is_restorable| Content::Deleted { sentence: sentence.to_owned(), is_restorable };
    vec![
        text(
            21,
            grace,
            "2026-11-22T18:30:00Z",
            "Did you see the forecast? Wind from the west, nothing above four.",
        ),
        text(22, grace, "2026-11-22T18:30:40Z", "Which would be perfect."),
        text(
            23,
            ada,
            "2026-11-22T18:34:00Z",
            "Perfect for you. I shall be the one holding the tiller and the thermos.",
        ),
        message(24, grace, "2026-11-22T18:36:00Z", gone("Grace deleted this for everyone", false)),
        Message { via: Some("Jukebox".into()), ..message(25, ada, "2026-11-23T11:52:00Z", card) },
        text(26, grace, "2026-11-23T11:55:00Z", "Oh, this one! 🎶"),
        Message { via: Some("Teller".into()), ..message(27, grace, "2026-11-23T12:01:00Z", receipt) },
        message(28, ada, "2026-11-23T12:02:00Z", gone("Jukebox deleted this for everyone", true)),
        text(
            29,
            ada,
            "2026-11-23T12:03:00Z",
            "Thank you! Then all that is left is:\n\n– blankets\n– the good biscuits\n– https://weather.example/harbour?day=sat to be sure",
        ),
        text(30, grace, "2026-11-23T12:05:00Z", "Biscuits are here already."),
        text(31, grace, "2026-11-23T12:06:00Z", "Then it is settled: Saturday at ten, the old boathouse."),
    ]
}

fn hard() -> Vec<Message> {
    let (ada, layla) = ("Ada Lovelace", "ليلى بنت أحمد");
    vec![
        text(1, layla, "2026-11-23T08:00:00Z", "صباح الخير! هل رأيت https://film.example/٤٢ أم لا؟"),
        text(2, ada, "2026-11-23T08:01:00Z", "<script>alert('no')</script> & <b>bold</b> \"quoted\""),
        text(
            3,
            "Ada\u{202E}ecalevoL",
            "2026-11-23T08:02:00Z",
            "I am \u{202E}dnuor yaw gnorw eht\nand the next line is not",
        ),
        text(4, layla, "2026-11-23T08:03:00Z", "H̸̡̪̯ͨ͊̽̅̾̎Ȩ̬̩̾͛ͪ̈́̀́͘ ̶̧̨̱̹̭̯ͧ̾ͬC̷̙̲̝͖ͭ̏ͥͮ͟Oͮ͏̮̪̝͍M̲̖͊̒ͪͩͬ̚̚͜Ȇ̴̟̟͙̞ͩ͌͝S̨̥̫͎̭ͯ̿̔̀ͅ"),
        text(5, ada, "2026-11-23T08:04:00Z", &"Donaudampfschifffahrt".repeat(9)),
        text(
            6,
            "佐藤 陽翔",
            "2026-11-23T08:05:00Z",
            "この映画、本当に良かったです。次は一緒に見ましょう！\u{1b}[31m",
        ),
        message(
            7,
            layla,
            "2026-11-23T08:06:00Z",
            Content::Card(Card {
                kind: "film".into(),
                title: "A title\u{202E}that turns".into(),
                url: Some("javascript:alert(1)".to_owned()),
                has_image: false,
                note: None,
            }),
        ),
        text(8, ada, "2026-11-23T08:07:00Z", "👩‍👩‍👧‍👦 🏳️‍🌈 ✋🏿 👍"),
    ]
}

fn participant(name: &str, handle: Option<&str>) -> Participant {
    Participant { name: name.into(), handle: handle.map(Name::from), is_you: name == "Ada Lovelace" }
}

fn named() -> Vec<NamedApp> {
    let one = |app: &str, whose: Option<&str>, may: &str| NamedApp {
        app: app.into(),
        whose: whose.map(Name::from),
        may: may.to_owned(),
    };
    vec![
        one("Jukebox", None, "see, read and send"),
        one("Teller", Some("Grace Hopper"), "send"),
        one(
            "Marquee \u{202e}<b>",
            Some("A name that is rather long for such a narrow place"),
            "see and read",
        ),
        one("Fourth", Some("Grace Hopper"), "see"),
    ]
}

fn conversation(
    id: &str,
    title: &str,
    messages: Vec<Message>,
    own_read: u64,
    read_by: Vec<(Name, u64)>,
) -> Conversation {
    let (first_seq, last_seq) = (messages.first().map_or(0, |m| m.seq), messages.last().map_or(0, |m| m.seq));
    Conversation {
        id: format!("con_{id}"),
        title: title.into(),
        participants: vec![
            participant("Ada Lovelace", Some("ada")),
            participant(title, Some("grace")),
            participant("Uncle Bob", None),
        ],
        apps: AppsHere { apps: named(), is_locked: false },
        messages: Messages {
            conversation: format!("con_{id}"),
            entries: entries(messages, own_read, read_by),
            first_seq,
            last_seq,
            has_unread: own_read < last_seq,
            earlier: (first_seq > 1).then(|| format!("/conversations/con_{id}?before={first_seq}")),
            later: None,
        },
        draft: String::new(),
        draft_problem: None,
        send_key: "key-sample".to_owned(),
        closed_because: None,
    }
}

fn page(open: Option<Conversation>, is_list_first: bool) -> Conversations {
    let pager = Pager { newer: None, older: Some("/?before=6".to_owned()) };
    Conversations { page: inside(), rows: rows(), pager, open, is_list_first }
}

fn deleted() -> Deleted {
    let row = |seq, from: &str, words: &str, by_app: Option<&str>, is_for_everyone| DeletedRow {
        conversation: "con_1".to_owned(),
        title: "Grace Hopper".into(),
        seq,
        from: from.into(),
        words: words.into(),
        deleted: moment("2026-11-23T12:02:00Z"),
        by_app: by_app.map(Name::from),
        is_for_everyone,
        until: super::date("2026-12-23T12:02:00Z"),
    };
    Deleted {
        page: after(Flash("The message is back where it was.")),
        rows: vec![
            row(
                28,
                "Ada Lovelace",
                "I will bring the blankets, and the lantern if I find it before Saturday",
                Some("Jukebox"),
                true,
            ),
            row(12, "Grace Hopper", "Never mind, wrong window", None, false),
            row(9, "ليلى بنت أحمد", "صباح الخير! هل وصلت الرسالة؟", None, false),
        ],
        pager: Pager::default(),
    }
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let grace = || conversation("1", "Grace Hopper", lively(), 29, vec![("Grace Hopper".into(), 29)]);
    let empty = conversation("6", "Marquee test", vec![], 0, vec![]);
    let locked = Conversation {
        apps: AppsHere { apps: vec![], is_locked: true },
        draft: "A text that was too long".to_owned(),
        draft_problem: Some("That is 20,001 characters; a message holds at most 20,000.".to_owned()),
        ..grace()
    };
    let closed = Conversation {
        apps: AppsHere { apps: vec![], is_locked: false },
        closed_because: Some("Grace and you are no longer friends, so nothing can be sent here.".to_owned()),
        ..grace()
    };
    vec![
        drawn("conversations", &page(None, true)),
        drawn(
            "conversations-empty",
            &Conversations { rows: vec![], pager: Pager::default(), ..page(None, true) },
        ),
        drawn("conversation", &page(Some(grace()), false)),
        drawn("conversation-hard", &page(Some(conversation("4", "ليلى بنت أحمد", hard(), 8, vec![])), false)),
        drawn("conversation-empty", &page(Some(empty), false)),
        drawn("conversation-refused", &page(Some(locked), false)),
        drawn("conversation-closed", &page(Some(closed), false)),
        drawn("fragment-messages", &grace().messages),
        drawn("deleted", &deleted()),
        drawn("deleted-empty", &Deleted { page: inside(), rows: vec![], pager: Pager::default() }),
    ]
}

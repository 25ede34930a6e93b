//! Samples of consent, connected apps, a grant, apps in a conversation, the directory.

use super::{after, at, date, drawn, inside, moment, outside};
use crate::view::*;
use model::{Action, Actions, Ceiling, GrantState, Kinds, Reach, ReachCap, Scopes, Since, Terms};
use oauth::authorize::Manage;
use oauth::consent::{self, Ask, Choice, Offer, Standing};
use oauth::wording::sentences;

/// What Jukebox asks: the axes given here, and the ceiling allows.
fn offered(conversations: &str) -> Offer {
    let details = format!(
        r#"[{{"type":"messages","actions":["read","send","delete"],"optional":["delete"],"conversations":"{conversations}",
            "since":"P3D","purpose":"Shows and answers chats beside the music"}}]"#
    );
    let asked = oauth::details::parse_request(&details).unwrap();
    consent::offer(Some(&asked), Scopes::OPENID, &ceiling(), at("2026-11-23T12:00:00Z")).unwrap()
}

fn ceiling() -> Ceiling {
    Ceiling {
        actions: Actions::ALL,
        reach: ReachCap::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: 7_776_000,
        scopes: Scopes::ALL,
        retiring: model::Retiring::default(),
    }
}

/// What Jukebox asks beyond what it was let a day ago: to delete, and for longer.
fn more_terms() -> TermsForm {
    let now = at("2026-11-23T12:00:00Z");
    let standing = Standing {
        grant: "gra_00000000000000000000000000".parse().unwrap(),
        scopes: Scopes::ALL,
        terms: Terms { actions: Actions::NONE.with(Action::Read), reach: Reach::STARTED, ..granted() },
        purpose: "Shows and answers chats beside the music".to_owned(),
        given_at: now.plus_seconds(-86_400),
        agreed_at: now.plus_seconds(-86_400),
        state: GrantState::Active,
    };
    let asked = r#"[{"type":"messages","actions":["read","send","delete"],"optional":["delete"],"since":"P7D",
        "expires_in":31536000,"purpose":"Shows and answers chats beside the music"}]"#;
    let asked = oauth::details::parse_request(asked).unwrap();
    let ceiling = Ceiling { expires_in_s: 31_536_000, ..ceiling() };
    let (manage, scopes) = (Manage::None, Scopes::ALL);
    let ask = Ask { asked: Some(&asked), scopes, ceiling: &ceiling, manage, show: false };
    let question = consent::question(&ask, &[standing], now).unwrap();
    assert!(question.is_more());
    TermsForm::new(&question.offer, vec![], None)
}

fn terms(conversations: &str, choice: Option<&Choice>) -> TermsForm {
    let one = |id: &str, title: &str, hint: &str| ConversationBox {
        id: format!("con_{id}"),
        title: title.into(),
        hint: hint.to_owned(),
        is_ticked: false,
    };
    let all = vec![
        one("1", "Grace Hopper", "31 messages"),
        one("2", "Regatta 2026", "1,204 messages"),
        one("3", "佐藤 陽翔", "88 messages"),
        one("4", "ليلى بنت أحمد", "8 messages"),
    ];
    TermsForm::new(&offered(conversations), if conversations == "started" { vec![] } else { all }, choice)
}

fn share(problem: Option<&str>) -> Share {
    let friend = |id: &str, name: &str, handle: &str| Friend {
        id: format!("per_{id}"),
        handle: handle.into(),
        name: name.into(),
        since: super::date("2026-01-02T00:00:00Z"),
    };
    Share {
        page: inside(),
        app: "Marquee".into(),
        partner: "Marquee Pictures".into(),
        card: Card {
            kind: "film".into(),
            title: "The Lighthouse Keeper\u{202e}'s Daughter".into(),
            url: Some("https://marquee.example/films/lighthouse".to_owned()),
            has_image: true,
            note: None,
        },
        note: "For Saturday?".to_owned(),
        friends: vec![
            friend("1", "Grace Hopper", "grace"),
            friend("2", "\u{4f50}\u{85e4} \u{967d}\u{7fd4}", "haruto"),
            friend("3", "<b>Mallory</b> with a name that goes on and on and on, as names do", "mallory"),
        ],
        ticked: vec!["per_1".to_owned()],
        problem: problem.map(str::to_owned),
        return_to: "/share?client_id=app_1&card=%7B%7D".to_owned(),
        returns_to: "marquee.example".into(),
        hidden: vec![Hidden { name: "client_id".to_owned(), value: "app_1".to_owned() }],
    }
}

fn consent(terms: TermsForm) -> Consent {
    Consent {
        page: inside(),
        app: "Jukebox".into(),
        partner: "Northwind Music".into(),
        purpose: "Shows and answers chats beside the music".into(),
        return_to: "/authorize?request=1".to_owned(),
        returns_to: "jukebox.example".into(),
        is_authenticated: true,
        stands: None,
        device: None,
        scopes: Scopes::ALL.without(Scopes::FRIENDS),
        terms: Some(terms),
        uses: None,
        preview: Preview { can_read: true, messages: 42, with_messages: 2, conversations: 3 },
        problem: None,
        hidden: vec![Hidden { name: "request".to_owned(), value: "req_1\"<".to_owned() }],
    }
}

fn on_a_device() -> Consent {
    let device = Asking {
        user_code: "WDJB-MJHT".to_owned(),
        from: Some("203.0.113.7".to_owned()),
        agent: "Television <b>\u{202e}1.0".into(),
        at: moment("2026-11-23T11:58:00Z"),
    };
    Consent { device: Some(device), returns_to: Name::default(), ..consent(terms("started", None)) }
}

fn usage(action: Action, could: Option<&str>, times: u64, messages: u64) -> Usage {
    Usage { action, could: could.map(str::to_owned), times, messages }
}

fn granted() -> Terms {
    Terms {
        actions: Actions::ALL.without(Action::Delete),
        reach: Reach::ALL,
        since: Since::Last(259_200),
        kinds: Kinds::ALL,
        ends_at: at("2027-01-30T09:00:00Z"),
        uses: None,
    }
}

fn jukebox() -> AppCard {
    AppCard {
        grant: "gra_1".to_owned(),
        app: "Jukebox".into(),
        partner: "Northwind Music".into(),
        purpose: "Shows and answers chats beside the music".into(),
        says: sentences(&granted(), "Jukebox"),
        usage: vec![
            usage(Action::List, Some("8 conversations"), 31, 0),
            usage(Action::Read, Some("1,204 messages in 8 conversations"), 12, 42),
            usage(Action::Send, Some("In 8 conversations"), 0, 0),
            usage(Action::Delete, None, 0, 0),
        ],
        since: date("2026-11-01T09:00:00Z"),
        until: date("2027-01-30T09:00:00Z"),
        ended_because: None,
        is_paused: false,
        is_suspended: false,
        last_used: Some(moment("2026-11-23T11:52:00Z")),
        reads: ReadsSince { at: moment("2026-11-23T11:52:00Z"), is_ever: true },
    }
}

fn teller() -> AppCard {
    AppCard {
        grant: "gra_3".to_owned(),
        app: "Teller".into(),
        partner: "First Harbour Bank".into(),
        purpose: "Posts the receipt of a payment to the friend you paid".into(),
        says: sentences(
            &Terms { actions: Actions::NONE.with(Action::Send), reach: Reach::STARTED, ..granted() },
            "Teller",
        ),
        usage: vec![
            usage(Action::List, None, 0, 0),
            usage(Action::Read, None, 0, 0),
            usage(Action::Send, Some("In 1 conversation"), 1, 1),
            usage(Action::Delete, None, 0, 0),
        ],
        last_used: None,
        reads: ReadsSince { at: moment("2026-11-01T09:00:00Z"), is_ever: false },
        ..jukebox()
    }
}

fn marquee() -> AppCard {
    AppCard {
        grant: "gra_2".to_owned(),
        app: "Marquee".into(),
        partner: "Lantern Films".into(),
        ended_because: Some("You revoked it".to_owned()),
        until: date("2026-10-05T09:00:00Z"),
        ..jukebox()
    }
}

fn check(is_complete: bool) -> Check {
    let sentences = |all: &[&str]| all.iter().map(|&one| Name::from(one).plain()).collect();
    Check {
        page: inside(),
        app: is_complete.then(|| "Jukebox".into()),
        evidence: "/apps/gra_1/evidence".to_owned(),
        back: "/apps/gra_1".to_owned(),
        is_complete,
        is_empty: false,
        as_of: "As of the public ledger waxseal.example/ledger with 1,204 entries, signed by waxseal.example/ledger+d8b80616."
            .to_owned(),
        proved: sentences(match is_complete {
            true => &["<b>Jukebox</b> (app_1) made 0 reads; 0 reads since the grant was given at 2026-11-01T09:00:00Z."],
            false => &[],
        }),
        look_into: sentences(&["1 access, listed and in the log, but younger than the map."]),
        not_proved: sentences(&["what an app did afterwards with what it had read."]),
        wrong: sentences(match is_complete {
            true => &[],
            false => &["grant gra_1: the map counts 5 and the file lists 4: access 3 was left out"],
        }),
    }
}

fn grant() -> Grant {
    let access = |n, what: &str, which: Option<&str>, is_refused| Access {
        n,
        at: moment("2026-11-23T11:52:00Z"),
        what: what.to_owned(),
        conversation: which.map(|_| ("con_1".to_owned(), "Grace Hopper".into())),
        which: which.map(str::to_owned),
        is_refused,
    };
    let change = |what: &str| Change { at: moment("2026-11-01T09:00:00Z"), what: what.to_owned() };
    Grant {
        page: after(Flash("Narrowed. It holds from this moment on.")),
        card: jukebox(),
        terms: Some(terms("all", None)),
        lapsed: Some(("delete".to_owned(), date("2026-12-23T00:00:00Z"))),
        terms_problem: None,
        filters: vec![
            Filter { label: "All", href: "/apps/gra_1#accesses".to_owned(), is_current: true },
            Filter {
                label: "Read messages",
                href: "/apps/gra_1?action=read#accesses".to_owned(),
                is_current: false,
            },
        ],
        accesses_total: 1_243,
        accesses: vec![
            access(1_243, "Read 11 messages", Some("numbers 21 to 31"), false),
            access(1_242, "Saw the list of conversations", None, false),
            access(1_241, "Sent a card", Some("number 25"), false),
            access(1_240, "Tried to delete a message", Some("number 12"), true),
            access(1_239, "Read 50 messages", Some("numbers 1 to 50, 3 withheld by their author"), false),
        ],
        pager: Pager { newer: None, older: Some("/apps/gra_1?before=1239".to_owned()) },
        history: vec![
            change("You narrowed it: no longer delete"),
            change("You let it in: see, read, send and delete; the last 3 days; for 90 days"),
        ],
    }
}

fn conversation_apps() -> ConversationApps {
    let here = |app: &str, partner: &str, whose: &str, own_grant: Option<&str>, may: &str| AppHere {
        id: "app_1".to_owned(),
        app: app.into(),
        partner: partner.into(),
        whose: whose.into(),
        own_grant: own_grant.map(str::to_owned),
        may: may.to_owned(),
    };
    ConversationApps {
        page: inside(),
        id: "con_1".to_owned(),
        title: "Grace Hopper".into(),
        apps: vec![
            here(
                "Jukebox",
                "Northwind Music",
                "Ada Lovelace",
                Some("gra_1"),
                "read and send, the last 3 days",
            ),
            here("Teller", "First Harbour Bank", "Grace Hopper", None, "send receipts"),
        ],
        are_words_kept: false,
        are_words_kept_everywhere: false,
        is_locked_by_me: false,
        locked_by: vec![],
    }
}

fn directory_app() -> DirectoryApp {
    let event = |at, what: &str, detail: Option<&str>, leaf| DirectoryEvent {
        at: moment(at),
        what: what.to_owned(),
        detail: detail.map(str::to_owned),
        leaf,
    };
    let ceiling =
        "See, read and send; Conversations that it starts; Messages of the last 3 days; For at most 90 days";
    DirectoryApp {
        page: outside(),
        entry: directory().apps.pop().unwrap(),
        history: vec![
            event("2026-11-23T12:00:00Z", "Announced to end on 31 March 2027: all of it", None, None),
            event("2026-06-02T09:00:00Z", "Suspended", Some("it asked for more than it said"), Some(12_345)),
            event("2026-06-01T09:00:00Z", "Another ceiling", Some(ceiling), Some(11_111)),
            event("2026-01-02T09:00:00Z", "Registered", Some(ceiling), Some(17)),
        ],
    }
}

fn directory() -> Directory {
    let phrases = |list: &[&str]| list.iter().map(|&phrase| phrase.to_owned()).collect::<Vec<_>>();
    let entry = |id: &str, app: &str, partner: &str, purpose: &str, ceiling: &[&str], people_rounded| {
        DirectoryEntry {
            id: format!("app_{id}"),
            app: app.into(),
            partner: partner.into(),
            purpose: Some(purpose.into()),
            ceiling: phrases(ceiling),
            former: vec![],
            people_rounded,
            retires: None,
            endings: vec![],
            is_suspended: false,
        }
    };
    Directory {
        page: outside(),
        apps: vec![
            DirectoryEntry {
                former: vec![FormerCeiling {
                    until: date("2026-06-01T00:00:00Z"),
                    ceiling: phrases(&["See, read, send and delete", "All conversations"]),
                }],
                ..entry(
                    "1",
                    "Jukebox",
                    "Northwind Music",
                    "Shows and answers chats beside the music",
                    &["See, read and send", "All conversations, the last 3 days", "For at most 90 days"],
                    200,
                )
            },
            DirectoryEntry {
                retires: Some((date("2027-03-31T00:00:00Z"), false)),
                endings: vec![Ending {
                    what: "delete".to_owned(),
                    at: date("2026-11-01T00:00:00Z"),
                    is_over: true,
                }],
                ..entry(
                    "2",
                    "Marquee",
                    "Lantern Films",
                    "Recommends films to friends",
                    &["Send only", "Only conversations that it starts"],
                    40,
                )
            },
            DirectoryEntry {
                is_suspended: true,
                ..entry(
                    "3",
                    "Teller",
                    "First Harbour Bank",
                    "Posts the receipt of a payment",
                    &["Send receipts only"],
                    0,
                )
            },
        ],
    }
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let choice = Choice {
        actions: words(&["send"]),
        kinds: Some(words(&["text"])),
        conversations: words(&["con_1", "con_3"]),
        since: Some("grant".to_owned()),
        ..Choice::default()
    };
    let chosen = Consent {
        problem: Some("Pick at least one conversation, or deny.".to_owned()),
        is_authenticated: false,
        uses: Some(1),
        preview: Preview { can_read: false, messages: 0, with_messages: 0, conversations: 0 },
        ..consent(terms("chosen", Some(&choice)))
    };
    let only_sign_in = Consent { terms: None, ..consent(terms("started", None)) };
    let stands = |becomes| {
        let says = oauth::wording::sentences(&granted(), "Jukebox");
        Some(Stands { becomes, says: vec![says] })
    };
    let more = Consent { stands: stands(Becomes::More), ..consent(more_terms()) };
    let again = Consent { stands: stands(Becomes::Again), ..consent(terms("all", None)) };
    let apps = Apps { page: inside(), connected: vec![jukebox(), teller()], ended: vec![marquee()] };
    let ended = Grant {
        page: inside(),
        card: marquee(),
        terms: None,
        accesses: vec![],
        accesses_total: 0,
        ..grant()
    };
    let locked = ConversationApps {
        apps: vec![],
        are_words_kept_everywhere: true,
        is_locked_by_me: true,
        locked_by: vec!["Grace Hopper".into()],
        ..conversation_apps()
    };
    vec![
        drawn("share", &share(None)),
        drawn("share-refused", &share(Some("Pick at least one friend."))),
        drawn("share-alone", &Share { friends: Vec::new(), ..share(None) }),
        drawn("consent", &consent(terms("all", None))),
        drawn("consent-started", &consent(terms("started", None))),
        drawn("consent-chosen", &chosen),
        drawn("consent-sign-in", &only_sign_in),
        drawn("consent-more", &more),
        drawn("consent-again", &again),
        drawn("consent-device", &on_a_device()),
        drawn("apps", &apps),
        drawn("apps-empty", &Apps { connected: vec![], ended: vec![], ..apps.clone() }),
        drawn("grant", &grant()),
        drawn("check", &check(true)),
        drawn("verify", &Verify { page: outside() }),
        drawn("check-wrong", &check(false)),
        drawn("grant-ended", &ended),
        drawn("conversation-apps", &conversation_apps()),
        drawn("conversation-apps-locked", &locked),
        drawn("directory", &directory()),
        drawn("directory-app", &directory_app()),
        drawn("directory-empty", &Directory { page: outside(), apps: vec![] }),
    ]
}

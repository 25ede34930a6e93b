//! Samples of friends, settings, notices, problems.

use super::{after, date, drawn, inside, moment, outside};
use crate::view::*;

fn friend(id: &str, handle: &str, name: &str) -> Friend {
    Friend {
        id: format!("per_{id}"),
        handle: handle.into(),
        name: name.into(),
        since: date("2026-03-14T09:00:00Z"),
    }
}

fn friends() -> Vec<Friend> {
    vec![
        friend("1", "grace", "Grace Hopper"),
        friend("2", "linus.p", "Linus"),
        friend("3", "haruto", "佐藤 陽翔"),
        friend("4", "layla", "ليلى بنت أحمد"),
        friend("5", "zed", "Z̵̡̛͇̣̥͎̯͈͚̗̻̓̈́̓̀̊̈́̋a̶̢̧̢̛̠͇̮̻̓l̴̻͓̬̥̂g̵̛̗̈́o̴̡̧̖͂ of the very long name that will not end before the row does"),
        friend("6", "spoof", "Ada\u{202E}ecalevoL\u{202C} \u{200B}"),
    ]
}

fn friends_page() -> Friends {
    Friends {
        page: inside(),
        asked_me: vec![friend("7", "margaret", "Margaret Hamilton")],
        asked_by_me: vec![friend("8", "alan", "Alan T.")],
        friends: friends(),
        handle: Name::default(),
        handle_problem: None,
        is_hidden_from_apps: false,
    }
}

fn session(id: &str, browser: &str, is_this: bool) -> Session {
    let (since, last_used) = (date("2026-11-02T09:00:00Z"), moment("2026-11-23T11:58:00Z"));
    Session { id: format!("ses_{id}"), browser: browser.into(), since, last_used, is_this }
}

fn settings() -> Settings {
    Settings {
        page: after(Flash("Your name is changed.")),
        name: "Ada Lovelace".into(),
        name_problem: None,
        password_problem: None,
        password_new_problem: Some("Too short: at least 10 characters, please.".to_owned()),
        is_hidden_from_apps: true,
        are_words_kept: false,
        alerts: Alerts {
            first_read: true,
            first_delete: false,
            per_day: "100".to_owned(),
            is_night: true,
            night: (22, 6),
            east_min: 330,
        },
        alerts_problem: Some("a number from 1 to 100000 a day will do".to_owned()),
        passkeys: 1,
        recovery_opens: Some(moment("2026-11-25T09:30:00Z")),
        are_codes_on: true,
        recovery_left: 9,
        sessions: vec![
            session("1", "Firefox on Linux", true),
            session("2", "Safari on iPhone", false),
            session("3", "Chromium on Windows", false),
        ],
    }
}

fn notices() -> Notices {
    let notice = |sentence: &str, link: Option<&str>, is_unread| Notice {
        at: moment("2026-11-23T08:15:00Z"),
        sentence: sentence.to_owned(),
        link: link.map(str::to_owned),
        is_unread,
    };
    Notices {
        page: inside(),
        notices: vec![
            notice(
                "Jukebox deleted a message. You can restore it until 23 December.",
                Some("/deleted"),
                true,
            ),
            notice("Margaret Hamilton asks to be your friend.", Some("/friends"), true),
            notice(
                "Your grant to Marquee ended by itself, 90 days after you gave it.",
                Some("/apps/gra_2"),
                false,
            ),
            notice("You signed in on Safari on iPhone.", None, false),
        ],
        unread_until: Some("ntc_1".to_owned()),
        pager: Pager { newer: None, older: Some("/notices?before=ntc_9".to_owned()) },
    }
}

fn problem() -> Problem {
    Problem {
        page: outside(),
        title: "There is nothing here".to_owned(),
        what: "Either it never was, or it is not yours to see. Both answer the same.".to_owned(),
        remedies: vec![
            "Check the address for a slip of the finger.".to_owned(),
            "If you came by a link from someone else, it may be theirs alone.".to_owned(),
        ],
        name: Some("/problems/not-found".to_owned()),
        event: None,
    }
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let new = ConversationNew {
        page: inside(),
        friends: friends(),
        ticked: vec!["per_1".to_owned(), "per_3".to_owned()],
        title: "Regatta".into(),
        problem: None,
    };
    vec![
        drawn("friends", &friends_page()),
        drawn(
            "friends-empty",
            &Friends {
                page: after(Flash("Nobody here is called @grcae.")),
                asked_me: vec![],
                asked_by_me: vec![],
                friends: vec![],
                handle: "grcae".into(),
                handle_problem: Some("Nobody here is called @grcae. Check the spelling.".to_owned()),
                is_hidden_from_apps: true,
            },
        ),
        drawn("conversation-new", &new),
        drawn("conversation-new-empty", &ConversationNew { friends: vec![], ..new.clone() }),
        drawn("settings", &settings()),
        drawn("notices", &notices()),
        drawn(
            "notices-empty",
            &Notices { notices: vec![], unread_until: None, pager: Pager::default(), ..notices() },
        ),
        drawn("problem", &problem()),
        drawn(
            "problem-fault",
            &Problem {
                page: inside(),
                title: "Something broke on our side".to_owned(),
                what: "Nothing was changed. It is written down, and trying again is safe.".to_owned(),
                remedies: vec![],
                name: Some("/problems/fault".to_owned()),
                event: Some("evt_7k2m9".to_owned()),
            },
        ),
    ]
}

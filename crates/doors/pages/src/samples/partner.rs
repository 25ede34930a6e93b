//! Samples of what those who run an app see.

use super::{date, drawn, moment, outside};
use crate::view::*;
use model::Action;

fn right(action: Action, held: &str, used: &str, times: &str, never: u64) -> Right {
    let is_idle = held != "0" && used == "0";
    let (held, used, times) = (held.to_owned(), used.to_owned(), times.to_owned());
    Right { label: action_label(action), held, used, times, never, is_idle }
}

fn hook(state: &str, why: Option<&str>) -> Hook {
    Hook {
        id: "whk_1".to_owned(),
        url: "https://partner.example/waxseal/a-long-address-that-has-to-break-somewhere-on-a-small-screen"
            .into(),
        events: "message, restored, deleted, read, conversation".to_owned(),
        signing: "ed25519",
        is_well: state == "well",
        state: state.to_owned(),
        why: why.map(str::to_owned),
        failing_since: why.map(|_| moment("2026-11-20T12:00:00Z")),
        next_at: None,
    }
}

fn partner() -> Partner {
    Partner {
        page: outside(),
        id: "app_1".to_owned(),
        app: "Jukebox".into(),
        partner: "Northwind Music".into(),
        is_live: true,
        retires: Some(date("2027-03-31T00:00:00Z")),
        ceiling: vec!["See, read and send".to_owned(), "Any conversation".to_owned()],
        too_much: Some("send and delete".to_owned()),
        since: date("2026-10-24T12:00:00Z"),
        reached: 12_400,
        served: 310,
        conversations: ("98,112".to_owned(), "1,204".to_owned()),
        is_alarming: true,
        rights: vec![
            right(Action::List, "12,400", "310", "4,711", 11_000),
            right(Action::Read, "12,400", "300", "9,001", 11_500),
            right(Action::Send, "800", "0", "0", 800),
            right(Action::Delete, "0", "0", "0", 0),
        ],
        hooks: vec![
            hook("well", None),
            Hook {
                id: "whk_2".to_owned(),
                ..hook("paused", Some("the receiver has taken nothing for three days"))
            },
        ],
    }
}

fn delivery(what: &str, state: &str, answer: &str) -> Delivery {
    Delivery {
        id: format!("dlv_{what}"),
        what: what.to_owned(),
        state: state.to_owned(),
        answer: answer.to_owned(),
        at: moment("2026-11-23T12:00:00Z"),
        next_at: (state == "waiting").then(|| moment("2026-11-23T12:05:00Z")),
        is_taken: state == "delivered",
    }
}

pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let quiet = Partner {
        is_alarming: false,
        too_much: None,
        retires: None,
        hooks: vec![],
        reached: 1,
        served: 1,
        ..partner()
    };
    let hook = |hook, deliveries| PartnerHook {
        page: outside(),
        app: "Jukebox".into(),
        hook,
        deliveries,
        pager: Pager { newer: None, older: Some("/partner/webhooks/whk_1?before=1.dlv_1".to_owned()) },
    };
    let told = vec![
        delivery("message", "delivered", "answered 200 in 12 ms, 1 try"),
        delivery("deleted", "waiting", "answered 503 in 1,204 ms, 2 tries"),
        delivery("grant-ended", "failed", "the connection was refused in 3 ms, 10 tries"),
    ];
    vec![
        drawn("partner", &partner()),
        drawn("partner-quiet", &quiet),
        drawn("partner-enter", &PartnerEnter { page: outside(), key: "wxl_sample".to_owned() }),
        drawn("partner-hook", &hook(self::hook("well", None), told)),
        drawn(
            "partner-hook-paused",
            &hook(self::hook("paused", Some("the receiver has taken nothing for three days")), vec![]),
        ),
    ]
}

//! `authorization_details`: to the letter, nothing guessed, nothing dropped.
use super::*;
use proptest::prelude::*;

const CON: &str = "con_00000000000000000000000004";
const CON_2: &str = "con_00000000000000000000000008";

fn id(text: &str) -> ConversationId {
    text.parse().unwrap()
}

/// The request of the documentation with the members of `changes` put in its place; null takes one away.
fn request(changes: serde_json::Value) -> String {
    let mut object = serde_json::json!({
        "type": "messages",
        "actions": ["read"],
        "purpose": "Shows and answers chats beside the music",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value == "(absent)" {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    serde_json::json!([object]).to_string()
}

fn why_not(json: &str) -> String {
    let error = parse_request(json).expect_err(json);
    assert_eq!(error.code(), ErrorCode::InvalidAuthorizationDetails);
    error.description().to_owned()
}

#[test]
fn the_documented_request() {
    let asked = parse_request(
        r#"[{"type": "messages",
            "actions": ["list", "read", "send", "delete"],
            "conversations": "started",
            "since": "grant",
            "kinds": ["text", "card", "receipt"],
            "expires_in": 7776000,
            "uses": null,
            "optional": ["delete"],
            "purpose": "Shows and answers chats beside the music"}]"#,
    )
    .unwrap();
    let expected = Asked {
        actions: Actions::ALL,
        optional: Actions::NONE.with(Action::Delete),
        reach: AskedReach::Started,
        since: Since::Grant,
        kinds: Kinds::ALL,
        expires_in_s: 7_776_000,
        uses: None,
        purpose: "Shows and answers chats beside the music".to_owned(),
    };
    assert_eq!(asked, expected);
}

#[test]
fn what_is_left_out_is_the_narrowest() {
    let asked = parse_request(&request(serde_json::json!({}))).unwrap();
    assert_eq!(asked.actions, Actions::NONE.with(Action::List).with(Action::Read), "read implies list");
    assert_eq!((asked.reach, asked.since), (AskedReach::Started, Since::Grant));
    assert_eq!((asked.kinds, asked.expires_in_s), (Kinds::ALL, 7_776_000));
    assert_eq!((asked.uses, asked.optional), (None, Actions::NONE));
}

#[test]
fn every_documented_value() {
    let ask = |changes| parse_request(&request(changes)).unwrap();
    assert_eq!(ask(serde_json::json!({"conversations": "chosen"})).reach, AskedReach::Chosen);
    assert_eq!(ask(serde_json::json!({"conversations": "all"})).reach, AskedReach::All);
    assert_eq!(
        ask(serde_json::json!({"conversations": [CON_2, CON]})).reach,
        AskedReach::These([id(CON), id(CON_2)].into())
    );
    assert_eq!(ask(serde_json::json!({"since": "P3D"})).since, Since::Last(259_200));
    assert_eq!(ask(serde_json::json!({"since": "all"})).since, Since::All);
    assert_eq!(
        ask(serde_json::json!({"since": "1970-01-01T00:00:01Z"})).since,
        Since::At(Time::from_micros(1_000_000))
    );
    assert_eq!(ask(serde_json::json!({"kinds": ["card"]})).kinds, Kinds::NONE.with(Kind::Card));
    assert_eq!(ask(serde_json::json!({"expires_in": 31_536_000})).expires_in_s, EXPIRES_IN_S_MAX);
    assert_eq!(ask(serde_json::json!({"uses": 1})).uses, Some(1));
    assert_eq!(ask(serde_json::json!({"purpose": "ü".repeat(200)})).purpose.chars().count(), 200);
}

#[test]
fn what_is_not_documented_is_refused() {
    for (changes, because) in [
        (serde_json::json!({"type": "payments"}), "'payments'"),
        (serde_json::json!({"type": 1}), "string"),
        (serde_json::json!({"type": "(absent)"}), "type"),
        (serde_json::json!({"locations": ["https://x.example"]}), "unknown field"),
        (serde_json::json!({"scopes": ["openid"]}), "unknown field"),
        (serde_json::json!({"actions": "(absent)"}), "actions"),
        (serde_json::json!({"actions": []}), "empty"),
        (serde_json::json!({"actions": "read"}), "sequence"),
        (serde_json::json!({"actions": ["write"]}), "'write'"),
        (serde_json::json!({"actions": ["Read"]}), "'Read'"),
        (serde_json::json!({"actions": ["read", "read"]}), "twice"),
        (serde_json::json!({"actions": ["read", 1]}), "string"),
        (serde_json::json!({"actions": [["read"]]}), "string"),
        (serde_json::json!({"conversations": "everything"}), "'everything'"),
        (serde_json::json!({"conversations": []}), "empty"),
        (serde_json::json!({"conversations": [CON, CON]}), "twice"),
        (serde_json::json!({"conversations": ["msg_00000000000000000000000004"]}), "conversations"),
        (serde_json::json!({"conversations": null}), "conversations"),
        (serde_json::json!({"conversations": {"all": true}}), "conversations"),
        (serde_json::json!({"since": "yesterday"}), "'since'"),
        (serde_json::json!({"since": "P-3D"}), "'since'"),
        (serde_json::json!({"since": null}), "null"),
        (serde_json::json!({"since": 3}), "string"),
        (serde_json::json!({"kinds": []}), "empty"),
        (serde_json::json!({"kinds": ["text", "text"]}), "twice"),
        (serde_json::json!({"kinds": ["sealed"]}), "'sealed'"),
        (serde_json::json!({"kinds": null}), "null"),
        (serde_json::json!({"expires_in": 0}), "expires_in"),
        (serde_json::json!({"expires_in": -1}), "expires_in"),
        (serde_json::json!({"expires_in": 31_536_001}), "expires_in"),
        (serde_json::json!({"expires_in": 1e300}), "i64"),
        (serde_json::json!({"expires_in": 60.5}), "i64"),
        (serde_json::json!({"expires_in": "60"}), "i64"),
        (serde_json::json!({"expires_in": null}), "null"),
        (serde_json::json!({"uses": 0}), "uses"),
        (serde_json::json!({"uses": -1}), "u64"),
        (serde_json::json!({"uses": USES_MAX + 1}), "uses"),
        (serde_json::json!({"uses": 1.5}), "u64"),
        (serde_json::json!({"optional": ["delete"]}), "optional"),
        (serde_json::json!({"optional": ["read", "read"]}), "twice"),
        (serde_json::json!({"optional": null}), "null"),
        (serde_json::json!({"purpose": "(absent)"}), "purpose"),
        (serde_json::json!({"purpose": "too short"}), "10 to 200"),
        (serde_json::json!({"purpose": "         x         "}), "10 to 200"),
        (serde_json::json!({"purpose": "x".repeat(201)}), "10 to 200"),
        (serde_json::json!({"purpose": "Reads\nyour messages"}), "control"),
        (serde_json::json!({"purpose": "Reads your messages\u{202E}"}), "control"),
        (serde_json::json!({"purpose": "Reads your messages\u{0}"}), "control"),
        (serde_json::json!({"purpose": null}), "null"),
    ] {
        let why = why_not(&request(changes.clone()));
        assert!(why.contains(because), "{changes}: {why}");
    }
}

#[test]
fn what_is_not_an_array_of_one_object_is_refused() {
    let good = request(serde_json::json!({}));
    let object = &good[1..good.len() - 1];
    let two = format!("[{object},{object}]");
    let as_array = r#"[["messages",["read"],"all","all",["text"],60,null,[],"Shows and answers chats"]]"#;
    let doubled = object.replacen('{', r#"{"actions":["list"],"#, 1);
    for json in [
        "",
        "null",
        "[]",
        "{}",
        "[{}]",
        "\"messages\"",
        "[null]",
        "[\"messages\"]",
        object,
        &two,
        as_array,
        &format!("[{doubled}]"),
        &format!("{good} x"),
        &good[..good.len() - 1],
    ] {
        assert!(!why_not(json).is_empty());
    }
    assert!(why_not(&two).contains("exactly one"));
    assert!(why_not(as_array).contains("an object"), "a structure is not filled from an array");
    assert!(why_not(&format!("[{doubled}]")).contains("duplicate field"));
}

#[test]
fn size_and_depth_are_limited() {
    assert!(why_not(&format!("{}{}", "[".repeat(8_000), "]".repeat(8_000))).contains("an object"));
    let deep = format!(r#"[{{"type":"messages","actions":{}{}}}]"#, "[".repeat(8_000), "]".repeat(8_000));
    why_not(&deep);
    let good = request(serde_json::json!({}));
    let padded = |to: usize| format!("{good}{}", " ".repeat(to - good.len()));
    assert!(parse_request(&padded(DETAILS_BYTES_MAX)).is_ok());
    assert!(why_not(&padded(DETAILS_BYTES_MAX + 1)).contains("16 KiB"));
}

#[test]
fn a_ceiling_is_the_same_array_with_scopes() {
    let ceiling = parse_ceiling(
        r#"[{"type":"messages","actions":["read","send"],"conversations":"chosen","since":"P30D","kinds":["text"],
             "expires_in":86400,"scopes":["openid","profile"]}]"#,
    )
    .unwrap();
    assert_eq!(ceiling.actions, Actions::ALL.without(Action::Delete));
    assert_eq!((ceiling.reach, ceiling.since), (ReachCap::Chosen, Since::Last(2_592_000)));
    assert_eq!((ceiling.kinds, ceiling.expires_in_s), (Kinds::NONE.with(Kind::Text), 86_400));
    assert_eq!(ceiling.scopes, Scopes::parse("openid profile"));
    let bare = parse_ceiling(r#"[{"type":"messages","actions":[]}]"#).unwrap();
    assert_eq!((bare.actions, bare.reach, bare.since), (Actions::NONE, ReachCap::Started, Since::Grant));
    assert_eq!((bare.scopes, bare.expires_in_s), (Scopes::ALL, EXPIRES_IN_S_DEFAULT));
}

#[test]
fn what_is_no_ceiling() {
    for member in [
        r#""uses":1"#,
        r#""optional":[]"#,
        r#""purpose":"Shows and answers chats""#,
        r#""conversations":["con_00000000000000000000000004"]"#,
        r#""scopes":["email"]"#,
        r#""scopes":["openid","openid"]"#,
        r#""expires_in":0"#,
        r#""kinds":[]"#,
    ] {
        let json = format!(r#"[{{"type":"messages","actions":["read"],{member}}}]"#);
        assert!(parse_ceiling(&json).is_err(), "{member}");
    }
    for json in ["", "[]", "{}", r#"[{"type":"messages"}]"#, r#"[{"type":"other","actions":[]}]"#] {
        assert!(parse_ceiling(json).is_err(), "{json}");
    }
}

#[test]
fn the_echo_of_a_grant() {
    let given_at = Time::from_micros(1_000_000);
    let terms = Terms {
        actions: Actions::NONE.with(Action::Read),
        reach: Reach { started_only: true, chosen: Some([id(CON)].into()) },
        since: Since::Last(259_200),
        kinds: Kinds::NONE.with(Kind::Text),
        ends_at: Time::from_micros(61_000_000),
        uses: Some(3),
    };
    assert_eq!(
        granted_json(&terms, "Shows chats", given_at),
        format!(
            r#"[{{"type":"messages","actions":["list","read"],"conversations":["{CON}"],"since":"P3D","kinds":["text"],"expires_in":60,"uses":3,"purpose":"Shows chats"}}]"#
        )
    );
    let sign_in = Terms { actions: Actions::NONE, ..terms };
    assert_eq!(granted_json(&sign_in, "", given_at), "[]");
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        Just(Since::Grant),
        Just(Since::All),
        (0..4_000_000_000_000_000i64).prop_map(|micros| Since::At(Time::from_micros(micros))),
        (1..=since::LAST_S_MAX).prop_map(Since::Last),
    ]
}

fn ids() -> impl Strategy<Value = BTreeSet<ConversationId>> {
    proptest::collection::btree_set(any::<[u8; 16]>().prop_map(ConversationId::from_bytes), 1..4)
}

prop_compose! {
    fn asked()(
        actions in 1..16i64, optional in 0..16i64, reach in 0..4, ids in ids(), since in since(), kinds in 1..8i64,
        expires_in_s in 1..=EXPIRES_IN_S_MAX, uses in proptest::option::of(1..=USES_MAX),
        purpose in "[a-zé\u{4e00}-\u{4fff} ]{0,90}[a-z]{10,100}",
    ) -> Asked {
        let actions = Actions::from_bits(actions).closed();
        let reach = match reach {
            0 => AskedReach::Started,
            1 => AskedReach::Chosen,
            2 => AskedReach::All,
            _ => AskedReach::These(ids),
        };
        let optional = Actions::from_bits(optional).and(actions);
        Asked { actions, optional, reach, since, kinds: Kinds::from_bits(kinds), expires_in_s, uses, purpose }
    }
}

proptest! {
    #[test]
    fn an_ask_is_stored_as_its_own_json(asked in asked()) {
        let json = serde_json::to_string(&asked).unwrap();
        prop_assert_eq!(&parse_request(&json).unwrap(), &asked);
        prop_assert_eq!(&serde_json::from_str::<Asked>(&json).unwrap(), &asked);
    }

    #[test]
    fn the_echo_reads_back_as_what_was_granted(asked in asked(), given_at in 0..4_000_000_000_000_000i64) {
        let given_at = Time::from_micros(given_at);
        let reach = match &asked.reach {
            AskedReach::Started | AskedReach::Chosen => Reach::STARTED,
            AskedReach::All => Reach::ALL,
            AskedReach::These(ids) => Reach::only(ids.iter().copied()),
        };
        let ends_at = given_at.plus_seconds(asked.expires_in_s);
        let Asked { actions, since, kinds, uses, .. } = asked.clone();
        let terms = Terms { actions, reach, since, kinds, ends_at, uses };
        let back = parse_request(&granted_json(&terms, &asked.purpose, given_at)).unwrap();
        let reach = if asked.reach == AskedReach::Chosen { AskedReach::Started } else { asked.reach.clone() };
        prop_assert_eq!(back, Asked { optional: Actions::NONE, reach, ..asked });
    }

    #[test]
    fn a_ceiling_reads_back(asked in asked(), reach in 0..3usize, scopes in 0..16i64) {
        let reach = [ReachCap::Started, ReachCap::Chosen, ReachCap::All][reach];
        let Asked { actions, since, kinds, expires_in_s, .. } = asked;
        let ceiling = Ceiling { actions, reach, since, kinds, expires_in_s, scopes: Scopes::from_bits(scopes), retiring: model::Retiring::default() };
        prop_assert_eq!(parse_ceiling(&ceiling_json(&ceiling)), Ok(ceiling));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), at in 0..400usize, byte in any::<char>(), asked in asked()) {
        let _ = (parse_request(&text), parse_ceiling(&text));
        // A good request with one character changed.
        let mut near: Vec<char> = serde_json::to_string(&asked).unwrap().chars().collect();
        let at = at % near.len();
        near[at] = byte;
        let near: String = near.into_iter().collect();
        let _ = (parse_request(&near), parse_ceiling(&near));
    }
}

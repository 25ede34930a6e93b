//! The token endpoint's decisions, each refusal on its own.
use super::*;
use model::{Action, Actions, ConversationId, Kind, Kinds};
use proptest::prelude::*;

const APP: AppId = AppId::from_bytes([1; 16]);
const OTHER: AppId = AppId::from_bytes([2; 16]);
const NOW: Time = Time::from_micros(1_000_000_000);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn issuer() -> Issuer {
    Issuer::parse("https://seal.example").unwrap()
}

fn read(form: &str) -> Result<TokenRequest, &'static str> {
    let form = Params::parse(form.as_bytes()).unwrap();
    parse(&form, &issuer()).map_err(|error| error.code().as_str())
}

#[test]
fn the_two_grant_types_are_read() {
    let code = read("grant_type=authorization_code&code=c&redirect_uri=u&code_verifier=v&extra=1").unwrap();
    let proof = CodeProof { redirect_uri: "u".to_owned(), code_verifier: "v".to_owned() };
    assert_eq!(code, TokenRequest::Code { code: "c".to_owned(), proof, details: None });
    let refresh = read("grant_type=refresh_token&refresh_token=r&scope=openid").unwrap();
    let scope = Some("openid".to_owned());
    assert_eq!(refresh, TokenRequest::Refresh { refresh_token: "r".to_owned(), scope, details: None });
}

#[test]
fn other_forms_are_refused() {
    for (form, code) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=refresh_token", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=implicit", "unsupported_grant_type"),
        ("grant_type=client_credentials&resource=https://x.example", "invalid_target"),
        ("grant_type=refresh_token&refresh_token=r&resource=https://x.example", "invalid_target"),
        (
            "grant_type=refresh_token&refresh_token=r&authorization_details=[]",
            "invalid_authorization_details",
        ),
    ] {
        assert_eq!(read(form), Err(code), "{form}");
    }
    assert_eq!(parse_token(&Params::parse(b"token=t&token_type_hint=x").unwrap()), Ok("t"));
    assert!(parse_token(&Params::parse(b"token=").unwrap()).is_err());
}

fn code_row() -> CodeRow {
    CodeRow {
        app: APP,
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: CHALLENGE.to_owned(),
        expires_at: NOW.plus_seconds(1),
        used: false,
        grant: GrantState::Active,
    }
}

fn proof() -> CodeProof {
    CodeProof { redirect_uri: "https://app.example/cb".to_owned(), code_verifier: VERIFIER.to_owned() }
}

/// Every way in which a presenter can fall short of being the one the code was made for.
fn impostors() -> Vec<(AppId, CodeProof)> {
    let with = |verifier: &str| CodeProof { code_verifier: verifier.to_owned(), ..proof() };
    vec![
        (OTHER, proof()),
        (APP, with("")),
        (APP, with(CHALLENGE)),
        (APP, with(&"a".repeat(43))),
        (APP, with(&"a".repeat(129))),
        (APP, CodeProof { redirect_uri: String::new(), ..proof() }),
        (APP, CodeProof { redirect_uri: "https://app.example/cb/".to_owned(), ..proof() }),
        (APP, CodeProof::default()),
    ]
}

fn is_refused(decision: &Redeem) -> bool {
    matches!(decision, Redeem::Refuse(error) if error.code() == ErrorCode::InvalidGrant)
}

#[test]
fn a_code_works_for_its_own_client_within_its_time() {
    assert_eq!(redeem_code(Some(&code_row()), APP, &proof(), NOW), Redeem::Issue);
    assert!(is_refused(&redeem_code(None, APP, &proof(), NOW)));
    let late = redeem_code(Some(&code_row()), APP, &proof(), NOW.plus_seconds(1));
    assert!(is_refused(&late));
    for (app, proof) in impostors() {
        assert!(
            is_refused(&redeem_code(Some(&code_row()), app, &proof, NOW)),
            "{app} {}",
            proof.code_verifier
        );
    }
    for (grant, issued) in
        [(GrantState::Paused, true), (GrantState::Ended, false), (GrantState::Spent, false)]
    {
        let row = CodeRow { grant, ..code_row() };
        assert_eq!(redeem_code(Some(&row), APP, &proof(), NOW) == Redeem::Issue, issued, "{grant:?}");
    }
}

#[test]
fn a_replay_revokes_only_if_it_is_itself_valid() {
    let used = CodeRow { used: true, ..code_row() };
    for later_s in [0, 30, 3_600] {
        let replay = redeem_code(Some(&used), APP, &proof(), NOW.plus_seconds(later_s));
        assert!(matches!(replay, Redeem::RefuseAndRevoke(_)), "{later_s}");
        for (app, proof) in impostors() {
            assert!(is_refused(&redeem_code(Some(&used), app, &proof, NOW.plus_seconds(later_s))));
        }
    }
}

#[test]
fn a_code_without_challenge_proves_nothing() {
    let row = CodeRow { code_challenge: String::new(), ..code_row() };
    for verifier in ["", VERIFIER] {
        let proof = CodeProof { code_verifier: verifier.to_owned(), ..proof() };
        assert!(is_refused(&redeem_code(Some(&row), APP, &proof, NOW)));
    }
}

fn refresh_row() -> RefreshRow {
    RefreshRow {
        app: APP,
        state: RefreshState::Live,
        expires_at: NOW.plus_seconds(1),
        grant: GrantState::Active,
        grant_ends_at: NOW.plus_seconds(1),
        is_bound: false,
    }
}

#[test]
fn a_refresh_token_rotates_while_it_lives() {
    assert_eq!(refresh(Some(&refresh_row()), APP, NOW), Refresh::Rotate);
    assert_eq!(
        refresh(Some(&RefreshRow { grant: GrantState::Paused, ..refresh_row() }), APP, NOW),
        Refresh::Rotate
    );
    for row in [
        RefreshRow { state: RefreshState::Revoked, ..refresh_row() },
        RefreshRow { expires_at: NOW, ..refresh_row() },
        RefreshRow { grant_ends_at: NOW, ..refresh_row() },
        RefreshRow { grant: GrantState::Ended, ..refresh_row() },
        RefreshRow { grant: GrantState::Spent, ..refresh_row() },
    ] {
        assert!(matches!(refresh(Some(&row), APP, NOW), Refresh::Refuse(_)), "{row:?}");
    }
    assert!(matches!(refresh(None, APP, NOW), Refresh::Refuse(_)));
}

#[test]
fn a_used_refresh_token_ends_its_family_unless_another_client_brings_it() {
    let state = RefreshState::Used { at: NOW.plus_seconds(-REFRESH_GRACE_S), next_is_live: true };
    let used = RefreshRow { state, ..refresh_row() };
    assert!(matches!(refresh(Some(&used), APP, NOW), Refresh::RefuseAndRevokeFamily(_)));
    let late = RefreshRow { expires_at: NOW, ..used.clone() };
    assert!(matches!(refresh(Some(&late), APP, NOW), Refresh::RefuseAndRevokeFamily(_)));
    assert!(matches!(refresh(Some(&used), OTHER, NOW), Refresh::Refuse(_)));
    assert!(matches!(refresh(Some(&refresh_row()), OTHER, NOW), Refresh::Refuse(_)));
}

#[test]
fn for_a_minute_a_used_one_is_worth_its_successor_while_that_is_unused() {
    for (ago_s, next_is_live, again) in
        [(0, true, true), (59, true, true), (60, true, false), (0, false, false)]
    {
        let state = RefreshState::Used { at: NOW.plus_seconds(-ago_s), next_is_live };
        for is_bound in [false, true] {
            let used = RefreshRow { state, is_bound, ..refresh_row() };
            assert_eq!(refresh(Some(&used), APP, NOW) == Refresh::Again, again, "{ago_s} {next_is_live}");
            assert!(matches!(refresh(Some(&used), OTHER, NOW), Refresh::Refuse(_)));
            let over = RefreshRow { grant: GrantState::Ended, ..used };
            assert!(!matches!(refresh(Some(&over), APP, NOW), Refresh::Again));
        }
    }
}

#[test]
fn one_that_is_bound_to_a_key_goes_on() {
    let bound = RefreshRow { is_bound: true, ..refresh_row() };
    assert_eq!(refresh(Some(&bound), APP, NOW), Refresh::Keep);
    for over in [
        RefreshRow { state: RefreshState::Revoked, ..bound.clone() },
        RefreshRow { expires_at: NOW, ..bound.clone() },
        RefreshRow { grant: GrantState::Ended, ..bound.clone() },
    ] {
        assert!(matches!(refresh(Some(&over), APP, NOW), Refresh::Refuse(_)), "{over:?}");
    }
    assert!(matches!(refresh(Some(&bound), OTHER, NOW), Refresh::Refuse(_)));
}

#[test]
fn tokens_do_not_outlive_the_grant() {
    assert_eq!(access_token_ends(NOW.plus_seconds(1_000), NOW), NOW.plus_seconds(300));
    assert_eq!(access_token_ends(NOW.plus_seconds(10), NOW), NOW.plus_seconds(10));
    assert_eq!(refresh_token_ends(Time::LATEST, NOW), NOW.plus_seconds(30 * 86_400));
    assert_eq!(refresh_token_ends(NOW.plus_seconds(10), NOW), NOW.plus_seconds(10));
}

#[test]
fn fewer_scopes_can_be_asked_for_but_no_others() {
    let granted = Scopes::parse("openid profile");
    assert_eq!(narrow_scopes(granted, None), Ok(granted));
    assert_eq!(narrow_scopes(granted, Some("profile")), Ok(Scopes::PROFILE));
    for wider in ["openid friends", "email", "OPENID"] {
        assert_eq!(
            narrow_scopes(granted, Some(wider)).unwrap_err().code(),
            ErrorCode::InvalidScope,
            "{wider}"
        );
    }
}

fn con(n: u8) -> ConversationId {
    ConversationId::from_bytes([n; 16])
}

fn terms() -> Terms {
    Terms {
        actions: Actions::ALL.without(Action::Delete),
        reach: Reach::only([con(1), con(2)]),
        since: Since::Last(7 * 86_400),
        kinds: Kinds::ALL.without(Kind::Receipt),
        ends_at: NOW.plus_seconds(1_000),
        uses: Some(10),
    }
}

fn asked() -> Asked {
    Asked {
        actions: Actions::NONE.with(Action::List),
        optional: Actions::NONE,
        reach: AskedReach::These([con(1)].into()),
        since: Since::Last(86_400),
        kinds: Kinds::NONE.with(Kind::Text),
        expires_in_s: 500,
        uses: Some(5),
        purpose: "Shows and answers chats".to_owned(),
    }
}

#[test]
fn less_than_the_grant_can_be_asked_for() {
    let narrow = |asked: &Asked| narrow_terms(&terms(), (NOW, NOW), Some(asked), NOW.plus_seconds(100));
    let expected = Terms {
        actions: Actions::NONE.with(Action::List),
        reach: Reach::only([con(1)]),
        since: Since::Last(86_400),
        kinds: Kinds::NONE.with(Kind::Text),
        ends_at: NOW.plus_seconds(500),
        uses: Some(5),
    };
    assert_eq!(narrow(&asked()), Ok(expected));
    let started = narrow(&Asked { reach: AskedReach::Started, ..asked() }).unwrap().reach;
    assert_eq!(started, Reach { started_only: true, chosen: Some([con(1), con(2)].into()) });
    assert_eq!(narrow_terms(&terms(), (NOW, NOW), None, NOW), Ok(terms()));
    for wider in [
        Asked { actions: Actions::ALL, ..asked() },
        Asked { reach: AskedReach::These([con(3)].into()), ..asked() },
        Asked { reach: AskedReach::All, ..asked() },
        Asked { reach: AskedReach::Chosen, ..asked() },
        Asked { since: Since::All, ..asked() },
        Asked { since: Since::Last(8 * 86_400), ..asked() },
        Asked { kinds: Kinds::ALL, ..asked() },
        Asked { expires_in_s: 1_001, ..asked() },
        Asked { uses: None, ..asked() },
        Asked { uses: Some(11), ..asked() },
    ] {
        assert_eq!(narrow(&wider).unwrap_err().code(), ErrorCode::InvalidAuthorizationDetails, "{wider:?}");
    }
}

#[test]
fn the_echo_of_a_grant_can_be_sent_back() {
    // The person agrees to whole seconds a moment before the grant is stored.
    for late_us in [0, 1, 250, 499_999] {
        let given_at = Time::from_micros(NOW.micros() + late_us);
        let echo = details::granted_json(&terms(), "Shows and answers chats", given_at);
        assert!(echo.contains(r#""expires_in":1000"#), "{echo}");
        let asked = details::parse_request(&echo).unwrap();
        assert_eq!(narrow_terms(&terms(), (given_at, given_at), Some(&asked), NOW), Ok(terms()));
        let longer = Asked { expires_in_s: 1_001, ..asked };
        assert!(narrow_terms(&terms(), (given_at, given_at), Some(&longer), NOW).is_err());
    }
}

fn answer() -> TokenAnswer {
    TokenAnswer {
        access_token: "a".to_owned(),
        token_type: TokenType::Bearer,
        expires_in: 300,
        refresh_token: Some("r".to_owned()),
        scope: "openid".to_owned(),
        id_token: None,
        authorization_details: details::granted(&terms(), "Shows and answers chats", NOW),
        grant_id: GrantId::from_bytes([9; 16]),
    }
}

#[test]
fn the_answer_echoes_what_was_granted() {
    let json: serde_json::Value = serde_json::from_str(&answer().json()).unwrap();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &300.into()));
    assert_eq!(json["authorization_details"][0]["actions"], serde_json::json!(["list", "read", "send"]));
    assert_eq!(json["grant_id"], GrantId::from_bytes([9; 16]).to_string());
    assert!(json.get("id_token").is_none());
    let nothing = Terms { actions: Actions::NONE, ..terms() };
    let sign_in = TokenAnswer { authorization_details: details::granted(&nothing, "", NOW), ..answer() };
    assert!(!sign_in.json().contains("authorization_details"));
}

#[test]
fn debug_shows_no_token() {
    let request = read("grant_type=refresh_token&refresh_token=hunter2").unwrap();
    assert!(!format!("{request:?} {:?}", answer()).contains("hunter2"));
    assert!(
        !format!("{:?}", TokenAnswer { access_token: "hunter2".to_owned(), ..answer() }).contains("hunter2")
    );
}

proptest! {
    #[test]
    fn no_form_panics(values in proptest::collection::vec("[^\\x00]{0,20}", 5), code in any::<bool>()) {
        let names = ["code", "redirect_uri", "code_verifier", "refresh_token", "authorization_details"];
        let mut raw = format!("grant_type={}", if code { "authorization_code" } else { "refresh_token" });
        for (name, value) in names.into_iter().zip(&values) {
            raw.push_str(&format!("&{name}="));
            crate::params::push_encoded(&mut raw, value);
        }
        if let Ok(TokenRequest::Code { proof, .. }) = read(&raw) {
            prop_assert_ne!(redeem_code(Some(&code_row()), APP, &proof, NOW), Redeem::Issue);
        }
    }
}

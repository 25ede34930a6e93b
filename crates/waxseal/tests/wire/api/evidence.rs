//! `GET /v1/evidence`.
use super::everything;
use crate::stage::{EVERYTHING, Stage};
use ledger::evidence::EvidenceFile;
use ledger::evidence_check::check;
use ledger::note::VerifierKey;
use ledger::verify::Kept;
use serde_json::json;

#[test]
fn an_app_proves_how_often_it_did_what_and_tells_nothing_of_anyone() {
    let stage = Stage::new();
    let (teller, other) = (stage.app_with_secret(EVERYTHING), stage.app(EVERYTHING));
    let key: VerifierKey = stage.vault().log_key().parse().unwrap();
    let proved = || {
        let answer = stage.api(&stage.own_token(&teller)).get("/v1/evidence").expect(200);
        assert_eq!(answer.header("content-type"), Some("application/zip"));
        let file = EvidenceFile::read(&answer.body).unwrap();
        (check(&file, std::slice::from_ref(&key), Kept::default()).unwrap(), answer.body)
    };
    let counts = |verdict: &ledger::verdict::Verdict| {
        let [of_app] = &verdict.counted[..] else { panic!("{:?}", verdict.counted) };
        assert_eq!(of_app.app, teller.id.to_string());
        let counts = of_app.counts;
        [counts.list, counts.read, counts.send, counts.delete]
    };
    assert_eq!(counts(&proved().0), [0, 0, 0, 0], "who did nothing proves that too");

    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let terms = json!({"actions": ["send"], "conversations": "all", "uses": 1});
    let once = stage.grant(&ada, &teller, terms);
    let path = format!("/v1/conversations/{talk}/messages");
    let receipt = json!({"content": {"type": "receipt", "amount": "12.50", "currency": "XTS"}});
    stage.api(&once.access).post(&path, Some("one"), &receipt).expect(201);
    let of_other = stage.grant(&ada, &other, everything());
    stage.api(&of_other.access).get(&path).expect(200);
    let (verdict, file) = proved();
    assert_eq!(counts(&verdict), [0, 0, 1, 0]);
    for name in [ada.id.to_string(), bea.id.to_string(), once.grant.to_string(), talk.to_string()] {
        assert!(!file.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    stage.api(&of_other.access).get("/v1/evidence").expect(401);
    stage.get("/v1/evidence").expect(401);
}

//! What proves a list of accesses, as the person gets it: the check, the file, the receipts; nobody else gets any of it.

use crate::stage::{EVERYTHING, Stage};
use ledger::evidence::EvidenceFile;
use ledger::evidence_check::check;
use ledger::note::VerifierKey;
use ledger::receipt::Receipt;
use ledger::verify::Kept;
use serde_json::json;

#[test]
fn she_checks_her_list_and_keeps_what_proves_it() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    stage.say(&grace, talk, "one");
    let browser = stage.browser_of(&ada);
    let (app, other) = (stage.app(EVERYTHING), stage.app_named("Marquee", EVERYTHING, false));
    let terms = json!({"actions": ["read"], "conversations": "all", "since": "all"});
    let tokens = stage.grant(&ada, &app, terms.clone());
    let idle = stage.grant(&ada, &other, terms);
    for _ in 0..3 {
        stage.api(&tokens.access).get(&format!("/v1/conversations/{talk}/messages")).expect(200);
    }
    let words = browser.open("/apps").words();
    assert!(words.contains("0 reads since the last one,") && words.contains("0 reads since you let it in,"));

    // An empty list is not called complete: nothing in it is held to a count.
    let page = stage.browser_of(&grace).open("/apps/check").expect(200).words();
    assert!(page.contains("No access is counted") && !page.contains("This list is complete"), "{page}");
    let page = browser.open("/apps/check").expect(200).words();
    for says in [
        "This list is complete",
        "3 accesses, of them 0 lists, 3 reads, 0 sends, 0 deletions.",
        "As of the public ledger",
        "what an app did afterwards with what it had read.",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    let page = browser.open(&format!("/apps/{}/check", idle.grant)).expect(200).words();
    assert!(page.contains("0 reads since the grant was given at"), "{page}");

    let keys: [VerifierKey; 1] = [stage.get("/ledger/key").expect(200).text().trim().parse().unwrap()];
    let accesses = |path: &str| {
        let answer = browser.open(path).expect(200).answer;
        assert_eq!(answer.header("content-type"), Some("application/zip"));
        assert!(answer.header("content-disposition").unwrap().starts_with("attachment"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let file = EvidenceFile::read(&answer.body).unwrap();
        check(&file, &keys, Kept::default()).unwrap();
        file.evidence.grants.iter().map(|grant| grant.accesses.len()).sum::<usize>()
    };
    assert_eq!(accesses("/apps/evidence"), 3);
    assert_eq!(accesses(&format!("/apps/{}/evidence", tokens.grant)), 3);
    assert_eq!(accesses(&format!("/apps/{}/evidence", idle.grant)), 0);

    let receipt = browser.open(&format!("/apps/{}/accesses/2/receipt", tokens.grant)).expect(200).answer;
    let receipt = Receipt::verify(receipt.text().trim(), &keys).unwrap();
    assert_eq!((receipt.record.n, receipt.record.grant), (2, tokens.grant.to_string()));
    browser.open(&format!("/apps/{}/accesses/9/receipt", tokens.grant)).expect(404);

    let stranger = stage.browser_of(&grace);
    for path in ["check", "evidence", "accesses/2/receipt"] {
        stranger.open(&format!("/apps/{}/{path}", tokens.grant)).expect(404);
    }
    // Of hers there is nothing, and it is said that nothing proves that.
    let page = stranger.open("/apps/check").expect(200).words();
    assert!(page.contains(&format!("that {} has no other grants", grace.id)), "{page}");
}

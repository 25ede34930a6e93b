//! `GET /v1/access`.
use super::{Scene, everything, read, text};
use api::shapes::AccessList;

#[test]
fn every_access_is_listed_once_newest_first_as_its_receipt_says() {
    let scene = Scene::new();
    let receipts = [
        scene.api().get("/v1/conversations").expect(200),
        scene.api().post(&scene.messages(), Some("k"), &text("hello")).expect(201),
        scene.api().get(&scene.messages()).expect(200),
        scene.api().get(&format!("{}/9", scene.messages())).expect(404),
        scene.api().delete(&format!("{}/1", scene.messages())).expect(204),
    ];
    let (mut found, mut path) = (Vec::new(), "/v1/access?limit=2".to_owned());
    loop {
        let page: AccessList = read(&scene.api().get(&path).expect(200));
        found.extend(page.items);
        match page.next {
            Some(next) => path = format!("/v1/access?limit=2&cursor={next}"),
            None => break,
        }
    }
    found.reverse();
    assert_eq!(found.len(), receipts.len());
    for (access, answer) in found.iter().zip(&receipts) {
        let record = scene.receipt(answer).record;
        assert_eq!(access.n as u64, record.n);
        assert_eq!((access.action.as_str(), access.count as u64), (record.action.as_str(), record.count));
        assert_eq!((&access.conversation, &access.at), (&record.conversation, &record.at));
        assert_eq!((access.outcome.as_str(), access.leaf), (record.outcome.as_str(), None));
    }
    scene.stage.sequence();
    let listed: AccessList = read(&scene.api().get("/v1/access").expect(200));
    assert!(listed.items.iter().all(|access| access.leaf.is_some()));
}

#[test]
fn one_grant_does_not_see_the_records_of_another() {
    let scene = Scene::new();
    scene.api().get(&scene.messages()).expect(200);
    let another = scene.stage.app(crate::stage::EVERYTHING);
    for (person, app) in [(&scene.ada, &another), (&scene.bea, &scene.jukebox)] {
        let other = scene.stage.grant(person, app, everything());
        let list: AccessList = read(&scene.stage.api(&other.access).get("/v1/access").expect(200));
        assert_eq!(list, AccessList { items: vec![], next: None });
    }
}

#[test]
fn cursors_that_cannot_be_read_are_named() {
    let scene = Scene::new();
    for cursor in ["x", "-1", "01", "1.0", "9223372036854775808"] {
        let answer = scene.api().get(&format!("/v1/access?cursor={cursor}")).expect(400);
        assert_eq!(answer.json()["parameter"], "cursor");
    }
    let beyond: AccessList = read(&scene.api().get("/v1/access?cursor=0").expect(200));
    assert_eq!(beyond.items, []);
}

//! `GET /openapi.json`.
use crate::stage::Stage;

#[test]
fn the_document_is_served_as_it_is_checked_in() {
    let stage = Stage::new();
    let answer = stage.get("/openapi.json").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text(), include_str!("../../../../../docs/openapi.json"));
}

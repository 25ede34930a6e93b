//! `/problems/{name}`, and paths and methods that are not there.
use super::{Scene, read};
use crate::stage::Stage;
use api::shapes::ProblemListed;

#[test]
fn each_type_leads_to_a_page_that_says_what_to_do() {
    let stage = Stage::new();
    for listed in api::PROBLEMS {
        let path = format!("/problems/{}", listed.name);
        let page = stage.send("GET", &path, &[("accept", "text/html,*/*;q=0.8")], None).expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(page.text().contains(listed.remedy));
        let json = stage.send("GET", &path, &[("accept", "application/json")], None).expect(200);
        let json: ProblemListed = read(&json);
        assert_eq!((json.name.as_str(), json.status), (listed.name, listed.status));
    }
    for name in ["nothing", "not-found/", "%ff", "NOT-FOUND"] {
        let answer = stage.get(&format!("/problems/{name}"));
        assert_eq!(answer.status, 404, "{name}");
    }
}

#[test]
fn a_path_that_is_not_in_the_api_is_a_problem() {
    let scene = Scene::new();
    for path in
        ["/v1", "/v1/", "/v1/nothing", "/v1/me/", "/v1/conversations/", "/v1//me", "/v1/%ff", "/v1/ME"]
    {
        let answer = scene.api().get(path).expect(404);
        assert_eq!(answer.problem(), "not-found", "{path}");
        assert_eq!(answer.json()["type"], "/problems/not-found");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(scene.api().delete("/v1/nothing").expect(404).problem(), "not-found");
}

#[test]
fn a_method_that_a_path_does_not_take_is_a_problem_that_names_those_it_takes() {
    let scene = Scene::new();
    let message = format!("{}/1", scene.messages());
    for (method, path, allowed) in [
        ("DELETE", "/v1/me", "GET,HEAD"),
        ("PUT", "/v1/grant", "GET,HEAD,DELETE"),
        ("PATCH", &scene.messages(), "GET,HEAD,POST"),
        ("PATCH", &message, "GET,HEAD,DELETE"),
        ("POST", "/ledger/checkpoint", "GET,HEAD"),
    ] {
        let answer = scene.stage.send(method, path, &[], None).expect(405);
        assert_eq!(answer.problem(), "method-not-allowed");
        let mut named: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        let mut wanted: Vec<&str> = allowed.split(',').collect();
        named.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(named, wanted, "{method} {path}");
    }
}

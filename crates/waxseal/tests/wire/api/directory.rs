//! `GET /directory.json`.
use super::{Scene, read};
use api::shapes::Directory;

#[test]
fn every_app_is_there_for_anyone_with_its_history() {
    let scene = Scene::new();
    let teller = scene.stage.app_with_secret(crate::stage::EVERYTHING);
    scene.stage.wait(scene.stage.vault().app_suspend(teller.id, "a breach")).unwrap();
    let answer = scene.stage.get("/directory.json").expect(200);
    let directory: Directory = read(&answer);
    let [jukebox, teller] = &directory.items[..] else { panic!("{directory:?}") };
    assert_eq!((jukebox.name.as_str(), jukebox.partner.as_str()), ("Jukebox", "Jukebox Ltd"));
    assert_eq!((jukebox.kind.as_str(), jukebox.state.as_str(), &jukebox.why), ("public", "live", &None));
    assert_eq!((jukebox.people_rounded, jukebox.ceiling[0]["type"].as_str()), (0, Some("messages")));
    assert_eq!((teller.kind.as_str(), teller.state.as_str()), ("secret", "suspended"));
    assert_eq!(teller.why.as_deref(), Some("a breach"));
    assert_eq!((jukebox.profile.as_str(), teller.history.len()), ("oauth21", 2));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(!answer.text().contains("wxs_"));
}

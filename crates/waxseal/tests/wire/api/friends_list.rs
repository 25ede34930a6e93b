//! `GET /v1/friends`.
use super::{Scene, read};
use api::shapes::FriendList;

#[test]
fn friends_come_by_name_without_those_who_hid_themselves() {
    let scene = Scene::new();
    let (zoe, abe) = (scene.stage.person("zoe"), scene.stage.person("abe"));
    scene.stage.person("stranger");
    for friend in [&zoe, &abe] {
        scene.stage.friends(&scene.ada, friend);
    }
    let friends = || -> Vec<String> {
        let list: FriendList = read(&scene.api().get("/v1/friends").expect(200));
        assert_eq!(list.next, None);
        list.items.into_iter().map(|friend| friend.name).collect()
    };
    assert_eq!(friends(), ["abe", "bea", "zoe"]);
    let own = scene.stage.own(&scene.bea);
    scene.stage.wait(scene.stage.vault().wish_everywhere(&own, false, true)).unwrap();
    assert_eq!(friends(), ["abe", "zoe"]);
}

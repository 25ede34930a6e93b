//! Every route that is served, read from the router itself.
use crate::stage::Stage;
use model::World;
use oauth::metadata::Issuer;
use std::collections::BTreeMap;
use std::fmt;
use vault::Place;
use waxseal::wiring::House;
use waxseal::world::OsEntropy;

/// A method and the pattern of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) method: String,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6} {}", self.method, self.path)
    }
}

impl Route {
    /// The same whatever its parts are called.
    fn shape(method: &str, path: &str) -> String {
        let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
        let parts: Vec<String> = path.split('/').map(part).collect();
        format!("{} {}", method.to_uppercase(), parts.join("/"))
    }
}

/// All of them, sorted. Axum tells them in its `Debug`, and nowhere else; [`holds_the_documented`] notices if that changes.
pub(super) fn served() -> Vec<Route> {
    let folder = testkit::folder();
    let world = World::new(waxseal::world::SystemClock, OsEntropy);
    let issuer = Issuer::parse("http://127.0.0.1:1").unwrap();
    let house = House::open(Place::Folder(folder.path().to_owned()), issuer, None, world).unwrap();
    let told = format!("{:?}", house.router());
    let (told, _) = told.split_once("fallback_router:").unwrap();
    let (mut paths, mut methods) = (BTreeMap::new(), BTreeMap::new());
    for one in told.split("RouteId(").skip(1) {
        let (id, rest) = one.split_once("): ").unwrap_or_else(|| panic!("not a route: {one}"));
        let id: u32 = id.parse().unwrap();
        if let Some(path) = rest.strip_prefix('"') {
            paths.insert(id, path.split_once('"').unwrap().0.to_owned());
        } else {
            let (_, allowed) = rest.split_once("allow_header: ").unwrap();
            let allowed = allowed.strip_prefix("Bytes(b\"").and_then(|list| list.split_once('"'));
            // A route for any method lists none, and is asked with one.
            methods.insert(id, allowed.map_or("GET", |(list, _)| list).to_owned());
        }
    }
    assert_eq!(paths.len(), methods.len());
    let each = paths.iter().flat_map(|(id, path)| {
        let methods = methods[id].split(',').filter(|method| *method != "HEAD");
        methods.map(|method| Route { path: path.clone(), method: method.to_owned() }).collect::<Vec<_>>()
    });
    let mut routes: Vec<Route> = each.collect();
    routes.sort();
    routes
}

/// What the OpenAPI document lists is served, and what is served under `/v1` is listed.
#[test]
fn holds_the_documented() {
    let document: serde_json::Value = Stage::new().get("/openapi.json").expect(200).json();
    let served = served();
    let shapes: Vec<String> = served.iter().map(|route| Route::shape(&route.method, &route.path)).collect();
    let mut listed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let shape = Route::shape(method, path);
            assert!(shapes.contains(&shape), "{shape} is documented and not served: {shapes:#?}");
            listed += usize::from(path.starts_with("/v1"));
        }
    }
    let served = served.iter().filter(|route| route.path.starts_with("/v1"));
    // Three answer that there is no such path.
    assert_eq!(listed + 3, served.count());
}

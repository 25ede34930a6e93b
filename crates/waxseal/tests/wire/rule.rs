//! x
use model::World;
use oauth::metadata::Issuer;
use vault::Place;
use waxseal::wiring::House;
use waxseal::world::{OsEntropy, SystemClock};
#[test]
fn debug() {
    let folder = testkit::folder();
    let world = World::new(SystemClock, OsEntropy);
    let house = House::open(Place::Folder(folder.path().to_owned()), Issuer::parse("http://127.0.0.1:1").unwrap(), world).unwrap();
    std::fs::write("/tmp/router.txt", format!("{:#?}", house.router())).unwrap();
    std::fs::write("/tmp/router1.txt", format!("{:?}", house.router())).unwrap();
}

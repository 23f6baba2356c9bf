//! The fake against what is known of the real service.

mod chat;
mod client;
mod connection;
mod faults;
mod media;
mod shapes;
mod usher;

use super::Scenario;

#[test]
fn every_scenario_file_is_read_and_says_what_it_is_for() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(folder).expect("the folder of scenarios");
    let names = files.map(|file| file.expect("an entry").file_name().to_string_lossy().replace(".toml", ""));
    let mut found: Vec<String> = names.collect();
    let mut known = Scenario::names();
    found.sort();
    known.sort();
    assert_eq!(found, known);
    for name in known {
        let scenario = Scenario::named(name);
        assert!(scenario.about.ends_with('.'), "{name}");
        let text = toml::to_string(&scenario).expect("a scenario can be written");
        assert_eq!(toml::from_str::<Scenario>(&text).expect("and read again"), scenario);
    }
}

#[test]
fn what_a_scenario_does_not_know_is_refused() {
    for text in [
        "vid = 1",
        "[vod]\nlenght_seconds = 3",
        "[[fault]]\non = \"gql\"\nkind = \"integrity\"",
        "[[fault]]\nkind = \"bad\"",
    ] {
        assert!(toml::from_str::<Scenario>(text).is_err(), "{text}");
    }
}

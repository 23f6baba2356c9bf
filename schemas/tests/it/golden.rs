//! `golden/<table>.v<N>.json` describes each table for people and other languages; it is made from the declaration.

use std::collections::BTreeSet;
use std::path::Path;

use schemas::TABLES;
use serde::{Deserialize, Serialize};

/// A table's description, with its keys in a fixed order.
#[derive(Serialize, Deserialize)]
struct Description {
    table: String,
    version: u32,
    description: String,
    fields: Vec<Field>,
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    r#type: String,
    nullable: bool,
    description: String,
}

#[test]
fn the_descriptions_are_those_of_the_declarations() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let rewrite = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut expected = BTreeSet::new();
    for table in TABLES {
        let description: Description = serde_json::from_value(table.describe()).unwrap();
        let text = serde_json::to_string_pretty(&description).unwrap() + "\n";
        let name = format!("{}.v{}.json", table.name, table.version);
        let path = folder.join(&name);
        if rewrite {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(golden, text, "golden/{name} is another table; raise its version or run with UPDATE_GOLDEN=1");
        expected.insert(name);
    }
    // Descriptions of earlier versions stay: stores hold such tables.
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let current = |name: &str| TABLES.iter().any(|table| name.starts_with(&format!("{}.v", table.name)));
    let strangers: Vec<_> = names.filter(|name| !expected.contains(name) && !current(name)).collect();
    assert!(strangers.is_empty(), "golden/ describes tables that are not declared: {strangers:?}");
}

#[test]
fn every_table_and_column_says_what_it_is() {
    let mut names = BTreeSet::new();
    for table in TABLES {
        assert!(names.insert(table.name), "{} is declared twice", table.name);
        assert!(table.version >= 1 && table.description.ends_with('.'), "{}", table.name);
        let columns: BTreeSet<_> = table.fields.iter().map(|field| field.name).collect();
        assert_eq!(columns.len(), table.fields.len(), "{} has a column twice", table.name);
        for field in table.fields {
            assert!(field.description.ends_with('.'), "{}.{}: {:?}", table.name, field.name, field.description);
            let counts_time = field.name.ends_with("_ms") || field.name.ends_with("_us");
            let unit = field.description.contains("ms") || field.description.contains("µs");
            assert!(!counts_time || unit, "{}.{} does not say its unit", table.name, field.name);
        }
    }
}

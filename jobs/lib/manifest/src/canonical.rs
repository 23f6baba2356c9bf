//! Canonical JSON: one byte sequence for one value, so that a digest of it means something.
//!
//! Object keys are sorted by their UTF-8 bytes, there is no white space, integers are plain and floats are the shortest
//! text that reads back equal (RFC 8785 in all that our values use). The order of maps in memory never shows.

use serde::Serialize;
use serde_json::Value;

/// Why a value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// It cannot be JSON at all.
    #[error("the value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// `value` as canonical JSON.
///
/// # Errors
/// When `value` cannot be JSON: a map with keys that are not text, for example.
pub fn to_canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    value_to_canonical_json(&serde_json::to_value(value)?)
}

/// The same for what is a value already; of a large one this saves a copy.
///
/// # Errors
/// As [`to_canonical_json`].
pub fn value_to_canonical_json(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            out.push(b'{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key)?;
                out.push(b':');
                write(value, out)?;
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        scalar => serde_json::to_writer(out, scalar)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({"b": [1, {"z": null, "a": "é\n"}], "a": 0.1, "ä": true, "": -3});
        let text = String::from_utf8(to_canonical_json(&value).unwrap()).unwrap();
        assert_eq!(text, r#"{"":-3,"a":0.1,"b":[1,{"a":"é\n","z":null}],"ä":true}"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e300..1e300).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..6).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_it_back_gives_the_same_value_and_bytes(value in any_json()) {
            let bytes = to_canonical_json(&value).unwrap();
            let back: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(to_canonical_json(&back).unwrap(), bytes);
        }
    }
}

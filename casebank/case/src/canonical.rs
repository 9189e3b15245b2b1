//! One text for one value: JSON with sorted keys and no white space, the form that is hashed.

use serde::Serialize;
use serde_json::Value;

use crate::ObjectHash;

/// Canonical JSON of `value`: object keys sorted by their bytes, no white space, numbers as `serde_json` prints them.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            // Sorted here and not by the map, whose order depends on a feature of serde_json.
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (n, key) in keys.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

/// BLAKE3 of the canonical JSON of a value of this crate.
pub(crate) fn hash_of(value: &impl Serialize) -> ObjectHash {
    let value = serde_json::to_value(value).expect("ids, texts and numbers always have a JSON form");
    ObjectHash::of(canonical(&value).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value =
            serde_json::from_str(r#"{"b":[{"z":1,"a":"\u0001é"}],"a":null, "A":1.50}"#).unwrap();
        assert_eq!(canonical(&value), r#"{"A":1.5,"a":null,"b":[{"a":"\u0001é","z":1}]}"#);
    }

    #[test]
    fn numbers_survive_exactly() {
        for number in [0.1 + 0.2, f64::MIN_POSITIVE, 1e308, -0.0, 2251799813685249.5, 100.24610909910198] {
            let text = canonical(&Value::from(number));
            let back: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(back.as_f64().unwrap().to_bits(), number.to_bits(), "{text}");
            assert_eq!(canonical(&back), text);
        }
    }
}

//! The canned policy: one URL until one moment. Not sent; both sides write it anew.

use serde_json::Value;

/// The octets that are signed for a URL, `expires` in Unix seconds.
pub fn policy(url: &str, expires: u64) -> String {
    let resource = Value::from(url);
    format!(
        r#"{{"Statement":[{{"Resource":{resource},"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    )
}

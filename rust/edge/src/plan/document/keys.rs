//! `PublicKeyConfig`, `KeyGroupConfig`, `OriginAccessControlConfig`.

use serde::Deserialize;

/// `PublicKeyConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct PublicKeyConfig {
    #[serde(default)]
    pub caller_reference: Option<String>,
    #[serde(default)]
    pub comment: Option<String>,
    pub encoded_key: String,
    pub name: String,
}

/// `KeyGroupConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct KeyGroupConfig {
    #[serde(default)]
    pub comment: Option<String>,
    pub items: Vec<String>,
    pub name: String,
}

/// `OriginAccessControlConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OriginAccessControlConfig {
    #[serde(default)]
    pub description: Option<String>,
    pub name: String,
    pub origin_access_control_origin_type: String,
    pub signing_behavior: String,
    pub signing_protocol: String,
}

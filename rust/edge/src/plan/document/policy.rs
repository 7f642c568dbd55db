//! `CachePolicyConfig`, `OriginRequestPolicyConfig`.

use serde::Deserialize;

use crate::behaviour::Selection;

/// `CachePolicyConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CachePolicyConfig {
    pub name: String,
    #[serde(default)]
    pub comment: Option<String>,
    #[serde(rename = "MinTTL")]
    pub min_ttl: u64,
    #[serde(rename = "DefaultTTL")]
    pub default_ttl: u64,
    #[serde(rename = "MaxTTL")]
    pub max_ttl: u64,
    pub parameters_in_cache_key_and_forwarded_to_origin: Parameters,
}

/// `ParametersInCacheKeyAndForwardedToOrigin`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Parameters {
    pub cookies_config: CookiesConfig,
    pub headers_config: HeadersConfig,
    pub query_strings_config: QueryStringsConfig,
    pub enable_accept_encoding_gzip: bool,
    #[serde(default)]
    pub enable_accept_encoding_brotli: bool,
}

/// `OriginRequestPolicyConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OriginRequestPolicyConfig {
    pub name: String,
    #[serde(default)]
    pub comment: Option<String>,
    pub cookies_config: CookiesConfig,
    pub headers_config: HeadersConfig,
    pub query_strings_config: QueryStringsConfig,
}

/// `CookiesConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CookiesConfig {
    pub cookie_behavior: Choice,
    #[serde(default)]
    pub cookies: Vec<String>,
}

/// `QueryStringsConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct QueryStringsConfig {
    pub query_string_behavior: Choice,
    #[serde(default)]
    pub query_strings: Vec<String>,
}

/// `HeadersConfig` of both kinds of policies.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct HeadersConfig {
    pub header_behavior: HeaderBehavior,
    #[serde(default)]
    pub headers: Vec<String>,
}

/// `CookieBehavior`, `QueryStringBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Choice {
    None,
    Whitelist,
    AllExcept,
    All,
}

/// `HeaderBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum HeaderBehavior {
    None,
    Whitelist,
    AllViewer,
    AllViewerAndWhitelistCloudFront,
    AllExcept,
}

impl Choice {
    /// With its list of names.
    pub fn of(self, names: &[String]) -> Selection {
        match self {
            Self::None => Selection::None,
            Self::Whitelist => Selection::Listed(names.into()),
            Self::AllExcept => Selection::AllExcept(names.into()),
            Self::All => Selection::All,
        }
    }
}

impl CookiesConfig {
    /// Which cookies.
    pub fn selection(&self) -> Selection {
        self.cookie_behavior.of(&self.cookies)
    }
}

impl QueryStringsConfig {
    /// Which parameters.
    pub fn selection(&self) -> Selection {
        self.query_string_behavior.of(&self.query_strings)
    }
}

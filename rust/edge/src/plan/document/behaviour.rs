//! `CacheBehavior`, `DefaultCacheBehavior`, `ForwardedValues`.

use serde::Deserialize;

/// What both kinds of behaviours have; a macro, since `serde(flatten)` takes unknown members without a word.
macro_rules! behaviour {
    ($(#[$doc:meta])* $name:ident { $($extra:ident: $type:ty),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        #[allow(missing_docs)]
        pub struct $name {
            $(pub $extra: $type,)*
            pub target_origin_id: String,
            pub viewer_protocol_policy: ViewerProtocolPolicy,
            #[serde(default)]
            pub allowed_methods: Option<Vec<String>>,
            #[serde(default)]
            pub cached_methods: Option<Vec<String>>,
            #[serde(default)]
            pub compress: Option<bool>,
            #[serde(default)]
            pub cache_policy_id: Option<String>,
            #[serde(default)]
            pub origin_request_policy_id: Option<String>,
            #[serde(default)]
            pub response_headers_policy_id: Option<String>,
            #[serde(default)]
            pub trusted_key_groups: Vec<String>,
            #[serde(default)]
            pub forwarded_values: Option<ForwardedValues>,
            #[serde(default, rename = "MinTTL")]
            pub min_ttl: Option<u64>,
            #[serde(default, rename = "DefaultTTL")]
            pub default_ttl: Option<u64>,
            #[serde(default, rename = "MaxTTL")]
            pub max_ttl: Option<u64>,
        }
    };
}

behaviour!(
    /// `DefaultCacheBehavior`.
    DefaultCacheBehavior {}
);
behaviour!(
    /// `CacheBehavior`.
    CacheBehavior { path_pattern: String }
);

impl CacheBehavior {
    /// Its pattern, and the rest.
    pub fn split(self) -> (String, DefaultCacheBehavior) {
        let rest = DefaultCacheBehavior {
            target_origin_id: self.target_origin_id,
            viewer_protocol_policy: self.viewer_protocol_policy,
            allowed_methods: self.allowed_methods,
            cached_methods: self.cached_methods,
            compress: self.compress,
            cache_policy_id: self.cache_policy_id,
            origin_request_policy_id: self.origin_request_policy_id,
            response_headers_policy_id: self.response_headers_policy_id,
            trusted_key_groups: self.trusted_key_groups,
            forwarded_values: self.forwarded_values,
            min_ttl: self.min_ttl,
            default_ttl: self.default_ttl,
            max_ttl: self.max_ttl,
        };
        (self.path_pattern, rest)
    }
}

/// `ViewerProtocolPolicy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum ViewerProtocolPolicy {
    #[default]
    AllowAll,
    HttpsOnly,
    RedirectToHttps,
}

/// `ForwardedValues`: the older form of a cache policy and an origin request policy in one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ForwardedValues {
    pub query_string: bool,
    #[serde(default)]
    pub query_string_cache_keys: Vec<String>,
    #[serde(default)]
    pub headers: Vec<String>,
    #[serde(default)]
    pub cookies: ForwardedCookies,
}

/// `Cookies` of `ForwardedValues`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ForwardedCookies {
    pub forward: Forward,
    #[serde(default)]
    pub whitelisted_names: Vec<String>,
}

/// `Forward`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Forward {
    #[default]
    None,
    Whitelist,
    All,
}

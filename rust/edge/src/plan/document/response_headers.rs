//! `ResponseHeadersPolicyConfig`.

use serde::Deserialize;

use super::Counted;

/// `ResponseHeadersPolicyConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ResponseHeadersPolicyConfig {
    pub name: String,
    #[serde(default)]
    pub comment: Option<String>,
    #[serde(default)]
    pub cors_config: Option<CorsConfig>,
    #[serde(default)]
    pub custom_headers_config: Option<Counted<CustomHeader>>,
    #[serde(default)]
    pub remove_headers_config: Option<Counted<RemoveHeader>>,
    #[serde(default)]
    pub security_headers_config: Option<SecurityHeadersConfig>,
    #[serde(default)]
    pub server_timing_headers_config: Option<ServerTimingHeadersConfig>,
}

/// `CorsConfig`. Lists that are left out are not sent, as in the managed SimpleCORS.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CorsConfig {
    pub access_control_allow_credentials: bool,
    #[serde(default)]
    pub access_control_allow_headers: Option<Counted<String>>,
    #[serde(default)]
    pub access_control_allow_methods: Option<Counted<String>>,
    pub access_control_allow_origins: Counted<String>,
    #[serde(default)]
    pub access_control_expose_headers: Option<Counted<String>>,
    #[serde(default)]
    pub access_control_max_age_sec: Option<u64>,
    pub origin_override: bool,
}

/// `CustomHeader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CustomHeader {
    pub header: String,
    pub value: String,
    pub r#override: bool,
}

/// `RemoveHeader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RemoveHeader {
    pub header: String,
}

/// `SecurityHeadersConfig`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct SecurityHeadersConfig {
    pub content_security_policy: Option<ContentSecurityPolicy>,
    pub content_type_options: Option<ContentTypeOptions>,
    pub frame_options: Option<FrameOptions>,
    pub referrer_policy: Option<ReferrerPolicy>,
    pub strict_transport_security: Option<StrictTransportSecurity>,
    #[serde(rename = "XSSProtection")]
    pub xss_protection: Option<XssProtection>,
}

/// `ContentSecurityPolicy`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ContentSecurityPolicy {
    pub content_security_policy: String,
    pub r#override: bool,
}

/// `ContentTypeOptions`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ContentTypeOptions {
    pub r#override: bool,
}

/// `FrameOptions`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct FrameOptions {
    pub frame_option: String,
    pub r#override: bool,
}

/// `ReferrerPolicy`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ReferrerPolicy {
    pub referrer_policy: String,
    pub r#override: bool,
}

/// `StrictTransportSecurity`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct StrictTransportSecurity {
    pub access_control_max_age_sec: u64,
    #[serde(default)]
    pub include_subdomains: Option<bool>,
    #[serde(default)]
    pub preload: Option<bool>,
    pub r#override: bool,
}

/// `XSSProtection`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct XssProtection {
    pub protection: bool,
    #[serde(default)]
    pub mode_block: Option<bool>,
    #[serde(default)]
    pub report_uri: Option<String>,
    pub r#override: bool,
}

/// `ServerTimingHeadersConfig`; the rate in percent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ServerTimingHeadersConfig {
    pub enabled: bool,
    #[serde(default)]
    pub sampling_rate: Option<f64>,
}

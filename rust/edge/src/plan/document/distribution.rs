//! `DistributionConfig` and its parts, but for behaviours.

use serde::Deserialize;

use super::Counted;
use super::behaviour::{CacheBehavior, DefaultCacheBehavior};

/// `DistributionConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct DistributionConfig {
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub cache_behaviors: Vec<CacheBehavior>,
    pub default_cache_behavior: DefaultCacheBehavior,
    #[serde(default)]
    pub comment: Option<String>,
    #[serde(default)]
    pub custom_error_responses: Vec<CustomErrorResponse>,
    #[serde(default)]
    pub default_root_object: Option<String>,
    pub enabled: bool,
    #[serde(default)]
    pub http_version: Option<HttpVersion>,
    #[serde(default, rename = "IPV6Enabled")]
    pub ipv6_enabled: Option<bool>,
    #[serde(default)]
    pub logging: Option<Logging>,
    #[serde(default)]
    pub origin_groups: Option<Counted<OriginGroup>>,
    pub origins: Vec<Origin>,
    #[serde(default)]
    pub price_class: Option<String>,
    #[serde(default)]
    pub restrictions: Option<Restrictions>,
    #[serde(default)]
    pub staging: Option<bool>,
    #[serde(default)]
    pub viewer_certificate: Option<ViewerCertificate>,
    #[serde(default, rename = "WebACLId")]
    pub web_acl_id: Option<String>,
}

/// `HttpVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum HttpVersion {
    #[serde(rename = "http1.1")]
    Http11,
    Http2,
    Http3,
    Http2And3,
}

/// `CustomErrorResponse`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CustomErrorResponse {
    pub error_code: u16,
    #[serde(default, rename = "ErrorCachingMinTTL")]
    pub error_caching_min_ttl: Option<u64>,
    #[serde(default)]
    pub response_code: Option<u16>,
    #[serde(default)]
    pub response_page_path: Option<String>,
}

/// `Logging`; where the log goes is the host's setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Logging {
    pub bucket: Option<String>,
    pub include_cookies: Option<bool>,
    pub prefix: Option<String>,
}

/// `OriginGroup`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OriginGroup {
    pub id: String,
    pub failover_criteria: FailoverCriteria,
    pub members: Counted<OriginGroupMember>,
    #[serde(default)]
    pub selection_criteria: Option<String>,
}

/// `OriginGroupFailoverCriteria`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct FailoverCriteria {
    pub status_codes: Counted<u16>,
}

/// `OriginGroupMember`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OriginGroupMember {
    pub origin_id: String,
}

/// `Origin`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Origin {
    pub id: String,
    pub domain_name: String,
    #[serde(default)]
    pub origin_path: Option<String>,
    #[serde(default)]
    pub connection_attempts: Option<u64>,
    #[serde(default)]
    pub connection_timeout: Option<u64>,
    #[serde(default)]
    pub origin_access_control_id: Option<String>,
    #[serde(default)]
    pub origin_custom_headers: Vec<OriginCustomHeader>,
    #[serde(default)]
    pub custom_origin_config: Option<CustomOriginConfig>,
    #[serde(default, rename = "S3OriginConfig")]
    pub s3_origin_config: Option<S3OriginConfig>,
}

/// `OriginCustomHeader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OriginCustomHeader {
    pub header_name: String,
    pub header_value: String,
}

/// `CustomOriginConfig`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CustomOriginConfig {
    #[serde(default, rename = "HTTPPort")]
    pub http_port: Option<u16>,
    #[serde(default, rename = "HTTPSPort")]
    pub https_port: Option<u16>,
    pub origin_protocol_policy: String,
    #[serde(default)]
    pub origin_keepalive_timeout: Option<u64>,
    #[serde(default)]
    pub origin_read_timeout: Option<u64>,
    #[serde(default, rename = "OriginSSLProtocols")]
    pub origin_ssl_protocols: Option<Vec<String>>,
    #[serde(default)]
    pub ip_address_type: Option<String>,
}

/// `S3OriginConfig`: a directory or a bucket of the host's settings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct S3OriginConfig {
    pub origin_access_identity: Option<String>,
    pub origin_read_timeout: Option<u64>,
}

/// `Restrictions`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Restrictions {
    pub geo_restriction: GeoRestriction,
}

/// `GeoRestriction`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct GeoRestriction {
    pub restriction_type: RestrictionType,
    #[serde(default)]
    pub locations: Vec<String>,
}

/// `RestrictionType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum RestrictionType {
    None,
    Blacklist,
    Whitelist,
}

/// `ViewerCertificate`: certificates are the host's, SNI chooses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct ViewerCertificate {
    pub acm_certificate_arn: Option<String>,
    pub cloud_front_default_certificate: Option<bool>,
    pub iam_certificate_id: Option<String>,
    pub minimum_protocol_version: Option<String>,
    pub ssl_support_method: Option<String>,
}

//! `Origin` → what fetches read; directories and buckets are found by their names in the settings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use edgeplane_base::{Fault, Faults, Limit};
use edgeplane_http::fields::is_token;

use super::Settings as Host;
use super::document::distribution::{CustomOriginConfig, Origin};
use super::document::keys::OriginAccessControlConfig;
use super::settings::{BucketSettings, prefixes};
use super::source::{EdgeSource, read};
use crate::origin::{
    Addressing, Bucket, CONNECTION_ATTEMPTS, CONNECTION_TIMEOUT, CredentialsFile, KEEPALIVE_TIMEOUT, Kind,
    ProtocolPolicy, RESPONSE_TIMEOUT, Server, Settings, Signing, Vetting, minimum_tls,
};

/// What all origins of a plan share.
pub(super) struct Origins<'s> {
    settings: &'s Host,
    vetting: Arc<Vetting>,
    signing: HashMap<&'s str, Option<Signing>>,
    credentials: HashMap<PathBuf, Option<Arc<CredentialsFile>>>,
    /// What is wrong with those files.
    pub unread: Faults,
}

impl<'s> Origins<'s> {
    pub fn new(source: &'s EdgeSource, faults: &mut Faults) -> Self {
        let settings = &source.settings;
        let allowed = prefixes("edge.allow_private_origins", &settings.allow_private_origins, faults);
        let signing = source.origin_access_controls.iter().map(|resource| {
            let place = format!("{}.Properties.OriginAccessControlConfig", resource.path);
            (resource.id.as_str(), signing(read(&resource.config, &place, faults), &place, faults))
        });
        Self {
            settings,
            signing: signing.collect(),
            vetting: Arc::new(Vetting::new(allowed)),
            credentials: HashMap::new(),
            unread: Faults::default(),
        }
    }

    /// One origin; faults at `place`.
    pub fn compile(&mut self, origin: &Origin, place: &str, faults: &mut Faults) -> Option<Settings> {
        let kind = self.kind(origin, place, faults)?;
        let mut number = |limit: &Limit, value: Option<u64>, place: String| {
            let checked = limit.check(value.unwrap_or(limit.default));
            checked.unwrap_or_else(|message| {
                faults.push(Fault::at(place, message));
                limit.default
            })
        };
        let custom = origin.custom_origin_config.as_ref();
        let s3 = origin.s3_origin_config.as_ref();
        let read = custom.map_or(s3.and_then(|s3| s3.origin_read_timeout), |custom| custom.origin_read_timeout);
        let keep = custom.and_then(|custom| custom.origin_keepalive_timeout);
        let attempts = number(&CONNECTION_ATTEMPTS, origin.connection_attempts, format!("{place}.ConnectionAttempts"));
        let connect = number(&CONNECTION_TIMEOUT, origin.connection_timeout, format!("{place}.ConnectionTimeout"));
        let response = number(&RESPONSE_TIMEOUT, read, format!("{place}.CustomOriginConfig.OriginReadTimeout"));
        let keepalive = number(&KEEPALIVE_TIMEOUT, keep, format!("{place}.CustomOriginConfig.OriginKeepaliveTimeout"));
        let mut settings = Settings::new(&origin.id, kind);
        settings.path_prefix = path_prefix(origin, place, faults);
        add_custom_headers(origin, &mut settings, place, faults);
        settings.attempts = attempts as u8;
        settings.connect_timeout = Duration::from_secs(connect);
        settings.response_timeout = Duration::from_secs(response);
        settings.keepalive_timeout = Duration::from_secs(keepalive);
        settings.vetting = self.vetting.clone();
        Some(settings)
    }

    fn kind(&mut self, origin: &Origin, place: &str, faults: &mut Faults) -> Option<Kind> {
        match (&origin.custom_origin_config, &origin.s3_origin_config) {
            (Some(config), None) => server(&origin.domain_name, config, place, faults).map(Kind::Server),
            (None, Some(_)) => self.named(origin, place, faults),
            _ => {
                let message = "needs CustomOriginConfig, or S3OriginConfig for a directory or bucket of the settings";
                faults.push(Fault::at(place, message));
                None
            }
        }
    }

    /// A directory or a bucket.
    fn named(&mut self, origin: &Origin, place: &str, faults: &mut Faults) -> Option<Kind> {
        let name = &origin.domain_name;
        if let Some(path) = self.settings.directories.get(name) {
            return Some(Kind::Directory(path.clone()));
        }
        let Some(bucket) = self.settings.buckets.get(name) else {
            let message =
                format!("there is no directory and no bucket {name:?} in [edge.directories] and [edge.buckets]");
            faults.push(Fault::at(format!("{place}.DomainName"), message));
            return None;
        };
        let signing = self.signing(origin, place, faults)?;
        let credentials = self.credentials(name, bucket);
        if signing != Signing::Never && bucket.credentials_file.is_none() {
            faults.push(Fault::at(
                format!("{place}.OriginAccessControlId"),
                format!("bucket {name:?} has no credentials_file to sign with"),
            ));
        }
        let region = if bucket.region.is_empty() { "us-east-1" } else { &bucket.region };
        let made = Bucket::new(&bucket.endpoint, name, region, Addressing::Path, signing, credentials);
        made.map(Kind::Bucket)
            .map_err(|message| faults.push(Fault::at(format!("edge.buckets.{name}.endpoint"), message)))
            .ok()
    }

    /// Nothing is signed without an origin access control.
    fn signing(&self, origin: &Origin, place: &str, faults: &mut Faults) -> Option<Signing> {
        let Some(id) = origin.origin_access_control_id.as_deref().filter(|id| !id.is_empty()) else {
            return Some(Signing::Never);
        };
        let Some(signing) = self.signing.get(id) else {
            let message = format!("there is no origin access control {id:?}");
            faults.push(Fault::at(format!("{place}.OriginAccessControlId"), message));
            return None;
        };
        *signing
    }

    /// A file's credentials, read once however many buckets have them; none where there is no file, or none to be read.
    fn credentials(&mut self, name: &str, bucket: &BucketSettings) -> Option<Arc<CredentialsFile>> {
        let path = bucket.credentials_file.as_ref()?;
        let unread = &mut self.unread;
        self.credentials.entry(path.clone()).or_insert_with(|| read_credentials(name, path, unread)).clone()
    }
}

fn read_credentials(name: &str, path: &Path, unread: &mut Faults) -> Option<Arc<CredentialsFile>> {
    let place = || format!("edge.buckets.{name}.credentials_file");
    let read = CredentialsFile::read(path, "default").map(Arc::new);
    read.map_err(|message| unread.push(Fault::at(place(), message))).ok()
}

fn signing(config: Option<OriginAccessControlConfig>, place: &str, faults: &mut Faults) -> Option<Signing> {
    let config = config?;
    let signing = Signing::from_name(&config.signing_behavior);
    if signing.is_none() {
        let message = format!("{:?} is none of always, never, no-override", config.signing_behavior);
        faults.push(Fault::at(format!("{place}.SigningBehavior"), message));
    }
    for (property, value, only) in [
        ("SigningProtocol", &config.signing_protocol, "sigv4"),
        ("OriginAccessControlOriginType", &config.origin_access_control_origin_type, "s3"),
    ] {
        if value != only {
            faults.push(Fault::at(format!("{place}.{property}"), format!("is {value:?}, but must be {only}")));
        }
    }
    signing
}

fn server(domain_name: &str, config: &CustomOriginConfig, place: &str, faults: &mut Faults) -> Option<Server> {
    let mut fault = |property: &str, message: String| faults.push(Fault::at(format!("{place}.{property}"), message));
    let Some(policy) = ProtocolPolicy::from_name(&config.origin_protocol_policy) else {
        let message = format!("{:?} is none of http-only, https-only, match-viewer", config.origin_protocol_policy);
        fault("CustomOriginConfig.OriginProtocolPolicy", message);
        return None;
    };
    let listed = config.origin_ssl_protocols.as_deref();
    let listed = listed.map_or(vec!["TLSv1.2"], |names| names.iter().map(String::as_str).collect());
    let minimum =
        minimum_tls(listed).map_err(|message| fault("CustomOriginConfig.OriginSSLProtocols", message)).ok()?;
    let (http, https) = (config.http_port.unwrap_or(80), config.https_port.unwrap_or(443));
    Server::new(domain_name, http, https, policy, minimum).map_err(|message| fault("DomainName", message)).ok()
}

fn path_prefix(origin: &Origin, place: &str, faults: &mut Faults) -> String {
    let path = origin.origin_path.clone().unwrap_or_default();
    let fits = path.starts_with('/') && !path.ends_with('/') && path.bytes().all(|octet| octet.is_ascii_graphic());
    if !path.is_empty() && !fits {
        let message = format!("{path:?} must begin with a slash and end without one, such as /v1");
        faults.push(Fault::at(format!("{place}.OriginPath"), message));
    }
    path
}

/// Fields that a custom header cannot be: they frame the message, belong to the connection, or are made by the edge
/// (Amazon CloudFront developer guide, "Custom headers that CloudFront can't add to origin requests").
const NOT_CUSTOM: [&str; 24] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
];

fn add_custom_headers(origin: &Origin, settings: &mut Settings, place: &str, faults: &mut Faults) {
    for (n, header) in origin.origin_custom_headers.iter().enumerate() {
        let (name, value) = (&header.header_name, &header.header_value);
        let lower = name.to_ascii_lowercase();
        let made = ["x-amz-cf-", "x-edge-", "cloudfront-"].iter().any(|prefix| lower.starts_with(prefix));
        if !is_token(name.as_bytes()) || made || NOT_CUSTOM.contains(&lower.as_str()) {
            let message = format!("{name:?} cannot be a custom header");
            faults.push(Fault::at(format!("{place}.OriginCustomHeaders[{n}].HeaderName"), message));
        } else if !value.bytes().all(|octet| matches!(octet, b'\t' | b' '..=b'~')) {
            let message = "must be printable ASCII";
            faults.push(Fault::at(format!("{place}.OriginCustomHeaders[{n}].HeaderValue"), message));
        } else {
            settings.custom_headers.push(name, value);
        }
    }
}

//! A bucket of an S3-compatible service: its path, and the signature of origin access control.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use edgeplane_http::client::{MinimumTls, Peer, Tls};
use edgeplane_http::{Request, Response};
use edgeplane_sign::sigv4::{
    EMPTY_PAYLOAD, Message, Scope, UNSIGNED_PAYLOAD, authorization, canonical_path, canonical_query, timestamp,
};

use super::directory::{has_dot_segments, has_encoded_slash};
use super::fetched::Source;
use super::vetting::Host;
use super::{CredentialsFile, Fetched, Incoming, Interim, OriginError, Origins, Outgoing, Settings, Timing};

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    peer: Arc<Peer>,
    pub(super) authority: String,
    /// What comes before the key: empty, or `/` and the bucket's name.
    path: String,
    region: String,
    /// `SigningBehavior` of the origin access control.
    pub signing: Signing,
    /// Whose signature it is; may be none where nothing is signed.
    pub credentials: Option<Arc<CredentialsFile>>,
}

/// Where a bucket's name is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Addressing {
    /// `endpoint/bucket/key`.
    #[default]
    Path,
    /// `bucket.endpoint/key`.
    Host,
}

/// `SigningBehavior`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signing {
    /// In place of what the viewer signed.
    #[default]
    Always,
    /// Nothing is signed.
    Never,
    /// Unless the viewer signed.
    NoOverride,
}

impl Signing {
    /// From `always`, `never`, `no-override`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "always" => Self::Always,
            "never" => Self::Never,
            "no-override" => Self::NoOverride,
            _ => return None,
        })
    }
}

impl Bucket {
    /// A bucket behind an endpoint such as `https://s3.example.net:9000`. An error says what is wrong with the endpoint.
    pub fn new(
        endpoint: &str,
        name: &str,
        region: &str,
        addressing: Addressing,
        signing: Signing,
        credentials: Option<Arc<CredentialsFile>>,
    ) -> Result<Self, String> {
        let (secure, authority) = split_endpoint(endpoint)?;
        let (service, port) = split_authority(authority, if secure { 443 } else { 80 })?;
        let (host, path) = match addressing {
            Addressing::Path => (service, format!("/{}", canonical_path(name))),
            Addressing::Host => (Host::parse(&format!("{name}.{service}"))?, String::new()),
        };
        let tls = if secure { Some(Tls::new(host.name(), MinimumTls::Tls12)?) } else { None };
        let peer = Peer::new(host.name(), port, tls);
        let (authority, region) = (peer.authority().to_owned(), region.to_owned());
        Ok(Self { peer: Arc::new(peer), authority, path, region, signing, credentials })
    }

    /// Makes the request the bucket's: path, query, host, signature.
    fn prepare(&self, request: &mut Request, contentless: bool, time_s: u64) -> Result<(), OriginError> {
        request.path = format!("{}{}", self.path, canonical_path(&request.path));
        request.query = request.query.take().map(|query| canonical_query(&query));
        request.authority.clone_from(&self.authority);
        if self.is_signed(request) {
            self.sign(request, contentless, time_s)?;
        }
        Ok(())
    }

    fn is_signed(&self, request: &Request) -> bool {
        match self.signing {
            Signing::Always => true,
            Signing::Never => false,
            Signing::NoOverride => !request.fields.has("authorization"),
        }
    }

    fn sign(&self, request: &mut Request, contentless: bool, time_s: u64) -> Result<(), OriginError> {
        let no_file =
            || OriginError::Credentials("it has none, or their file could not be read at the start".to_owned());
        let credentials = self.credentials.as_ref().ok_or_else(no_file)?.current();
        let payload = if contentless { EMPTY_PAYLOAD } else { UNSIGNED_PAYLOAD };
        let fields = &mut request.fields;
        fields.remove("authorization");
        fields.remove("x-amz-security-token");
        fields.set("x-amz-date", timestamp(time_s));
        fields.set("x-amz-content-sha256", payload);
        if let Some(token) = &credentials.session_token {
            fields.set("x-amz-security-token", token);
        }
        let signed = {
            let headers = signed_headers(request);
            let query = request.query.as_deref().unwrap_or_default();
            let message =
                Message { method: request.method.token(), path: &request.path, query, headers: &headers, payload };
            authorization(&credentials, Scope { region: &self.region, service: "s3" }, time_s, &message)
        };
        request.fields.set("authorization", signed);
        Ok(())
    }
}

/// `Host` and what S3 wants signed: every `x-amz-…`, and the content's type where it is said.
fn signed_headers(request: &Request) -> Vec<(&str, &[u8])> {
    let mut headers = vec![("host", request.authority.as_bytes())];
    for (name, value) in request.fields.iter() {
        let wanted = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"))
            || name.eq_ignore_ascii_case(b"content-type");
        if let (true, Ok(name)) = (wanted, std::str::from_utf8(name)) {
            headers.push((name, value));
        }
    }
    headers
}

fn split_endpoint(endpoint: &str) -> Result<(bool, &str), String> {
    let (secure, rest) = match (endpoint.strip_prefix("https://"), endpoint.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(format!("\"{endpoint}\" starts neither with https:// nor with http://")),
    };
    Ok((secure, rest.strip_suffix('/').unwrap_or(rest)))
}

fn split_authority(authority: &str, usual: u16) -> Result<(Host, u16), String> {
    let after_colon = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let Some((host, port)) = after_colon else { return Ok((Host::parse(authority)?, usual)) };
    let port = port.parse().map_err(|_| format!("\"{port}\" is no port"))?;
    Ok((Host::parse(host)?, port))
}

impl Origins {
    pub(super) async fn fetch_from_bucket(
        &self,
        settings: &Settings,
        bucket: &Bucket,
        mut request: Request,
        content: Outgoing,
        interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, OriginError> {
        if has_dot_segments(&request.path) || has_encoded_slash(&request.path) {
            return Ok(self.denied());
        }
        let time_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        bucket.prepare(&mut request, content.is_none(), time_s)?;
        self.fetch_from_server(settings, &bucket.peer, &request, content, interim).await
    }

    fn denied(&self) -> Box<Fetched> {
        let body = Bytes::from_static(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code></Error>\n",
        );
        let length = Some(body.len() as u64);
        let response = Response::new(403).with("content-type", "application/xml");
        let body = Incoming::new(Source::Bytes(body), self.counters.clone());
        let timing = Timing { attempts: 1, ..Timing::default() };
        Box::new(Fetched { response, length, body, timing, upgrade: None, origin: None })
    }
}

#[cfg(test)]
mod tests;

//! Signed URLs and cookies.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::Faults;
use edgeplane_sign::{
    Denied, Grant, HashAlgorithm, Key, Parameters, SigningKey, Url, parameters, policy, presigned, sign_canned,
    sign_custom,
};
use pyo3::prelude::*;

use crate::border::{outside, wrong};

/// Parameters as (name, value), in the order of a query.
type Pairs = Vec<(String, String)>;

/// A private key or a secret with the id under which others know it.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct UrlSigner {
    key: SigningKey,
    key_id: String,
    hash: HashAlgorithm,
}

#[pymethods]
impl UrlSigner {
    #[staticmethod]
    fn from_pem(key_id: String, pem: &str, hash: &str) -> PyResult<Self> {
        let key = SigningKey::from_pem(pem).map_err(|message| wrong(format!("the key {message}")))?;
        Ok(Self { key, key_id, hash: hash_algorithm(hash)? })
    }

    #[staticmethod]
    fn from_secret(key_id: String, secret: &[u8]) -> PyResult<Self> {
        let key = SigningKey::from_secret(secret).map_err(|message| wrong(format!("the secret {message}")))?;
        Ok(Self { key, key_id, hash: HashAlgorithm::HmacSha256 })
    }

    /// Parameters of a canned policy.
    fn canned(&self, py: Python<'_>, url: &str, expires: u64) -> PyResult<Pairs> {
        let signed = unlocked(py, || sign_canned(&self.key, &self.key_id, self.hash, url, expires))?.map_err(wrong)?;
        Ok(owned(signed.parameters()))
    }

    /// Parameters of a policy document.
    fn custom(&self, py: Python<'_>, document: &str) -> PyResult<Pairs> {
        let signed = unlocked(py, || sign_custom(&self.key, &self.key_id, self.hash, document))?.map_err(wrong)?;
        Ok(owned(signed.parameters()))
    }
}

/// Public keys and secrets by id.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct UrlVerifier(edgeplane_sign::Verifier);

#[pymethods]
impl UrlVerifier {
    #[new]
    fn new(public_keys: Vec<(String, String)>, secrets: Vec<(String, Vec<u8>)>) -> PyResult<Self> {
        let named = |id: String, key: Result<Key, String>| match key {
            Ok(key) => Ok((Arc::from(id), Arc::new(key))),
            Err(message) => Err(wrong(format!("the key \"{id}\" {message}"))),
        };
        let public = public_keys.into_iter().map(|(id, pem)| named(id, Key::from_pem(&pem)));
        let secret = secrets.into_iter().map(|(id, octets)| named(id, Key::from_secret(&octets)));
        Ok(Self(edgeplane_sign::Verifier::new(public.chain(secret).collect::<PyResult<Vec<_>>>()?)))
    }

    /// Expiry, key id and nothing, or neither and the reason, for a URL with or without cookies.
    #[pyo3(signature = (url, cookies, now, client, method = "GET"))]
    fn verify(
        &self,
        py: Python<'_>,
        url: &str,
        cookies: Option<&str>,
        now: u64,
        client: &str,
        method: &str,
    ) -> PyResult<(Option<(u64, String)>, &'static str)> {
        let client = client.parse().map_err(|_| wrong(format!("\"{client}\" is not an IP address")))?;
        let asked = Url::parse(url)
            .ok_or_else(|| wrong(format!("\"{url}\" is not a URL that begins with http:// or https://")))?;
        let verified = unlocked(py, || verify(&self.0, &asked, cookies, now, client, method))?;
        Ok(match verified {
            Ok(grant) => (Some((grant.expires, grant.key_id.to_string())), ""),
            Err(denied) => (None, denied.name()),
        })
    }
}

fn verify(
    verifier: &edgeplane_sign::Verifier,
    asked: &Url<'_>,
    cookies: Option<&str>,
    now_s: u64,
    client: IpAddr,
    method: &str,
) -> Result<Grant, Denied> {
    if let Some(query) = asked.query.filter(|query| presigned::is_presigned(query)) {
        let header = |name: &str| (name == "host").then(|| asked.authority.as_bytes().to_vec());
        return verifier
            .verify_presigned(&presigned::Request { method, path: asked.path, query, header: &header }, now_s);
    }
    let sent = match asked.query.map(Parameters::from_query).transpose()?.flatten() {
        Some(parameters) => parameters,
        None => Parameters::from_cookies(cookies.map(str::as_bytes).into_iter())?.ok_or(Denied::MissingKey)?,
    };
    let query = asked.query.and_then(parameters::strip);
    verifier.verify(&Url { query: query.as_deref(), ..*asked }, &sent, now_s, client)
}

/// The document of a custom policy.
#[pyfunction]
#[pyo3(signature = (resource, date_less_than, date_greater_than = None, ip_address = None))]
pub fn custom_policy(
    resource: &str,
    date_less_than: u64,
    date_greater_than: Option<u64>,
    ip_address: Option<&str>,
) -> PyResult<String> {
    let document = policy::Custom { resource, date_less_than, date_greater_than, ip_address }.document();
    let readable = policy::Policy::parse(document.as_bytes());
    readable.map_err(|_| {
        wrong(format!("{ip_address:?} is neither an address nor a CIDR block, or the policy is too long"))
    })?;
    Ok(document)
}

fn hash_algorithm(name: &str) -> PyResult<HashAlgorithm> {
    HashAlgorithm::from_name(name).ok_or_else(|| wrong(format!("\"{name}\" is none of SHA1, SHA256, HMAC-SHA256")))
}

fn owned(parameters: Vec<(&'static str, &str)>) -> Pairs {
    parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn unlocked<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    outside(py, || Ok::<_, Faults>(work()))
}

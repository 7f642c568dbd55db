//! Signed URLs and cookies in the making.

use crate::{HashAlgorithm, Policy, SigningKey, Url, canned, encoding, parameters};

/// Everything that a signed URL or signed cookies carry, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `Expires` of a canned policy or `Policy`, with its value.
    grant: (&'static str, String),
    signature: String,
    key_pair_id: String,
    hash: HashAlgorithm,
}

/// Signs one URL until `expires` (Unix seconds). Errors: a URL that is none or has parameters of a signature; a hash that
/// is not the key's.
pub fn sign_canned(
    key: &SigningKey,
    key_pair_id: &str,
    hash: HashAlgorithm,
    url: &str,
    expires: u64,
) -> Result<Signed, String> {
    let sections =
        Url::parse(url).ok_or_else(|| format!("\"{url}\" is not a URL that begins with http:// or https://"))?;
    let reserved = |query: &str| {
        query.split('&').find(|pair| parameters::is_reserved(parameters::split_pair(pair).0)).map(str::to_owned)
    };
    if let Some(pair) = sections.query.and_then(reserved) {
        return Err(format!("\"{pair}\" in the URL has a name that signatures have"));
    }
    let signature = key.sign(hash, canned::policy(&sections.to_string(), expires).as_bytes())?;
    let grant = ("Expires", expires.to_string());
    Ok(Signed { grant, signature: encoding::encode(&signature), key_pair_id: key_pair_id.into(), hash })
}

/// Signs a policy document. Errors: a document that would be refused; a hash that is not the key's.
pub fn sign_custom(key: &SigningKey, key_pair_id: &str, hash: HashAlgorithm, document: &str) -> Result<Signed, String> {
    Policy::parse(document.as_bytes()).map_err(|_| {
        String::from("the policy must have one statement with DateLessThan, and of DateGreaterThan, IpAddress, Resource what is wanted")
    })?;
    let signature = key.sign(hash, document.as_bytes())?;
    let grant = ("Policy", encoding::encode(document.as_bytes()));
    Ok(Signed { grant, signature: encoding::encode(&signature), key_pair_id: key_pair_id.into(), hash })
}

impl Signed {
    /// Names and values of the query parameters, in the order in which AWS's own signers write them.
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        let (name, value) = &self.grant;
        let mut all = vec![(*name, value.as_str()), ("Signature", &self.signature), ("Key-Pair-Id", &self.key_pair_id)];
        if self.hash != HashAlgorithm::Sha1 {
            all.push(("Hash-Algorithm", self.hash.name()));
        }
        all
    }

    /// A URL with the parameters at its end.
    pub fn url(&self, url: &str) -> String {
        let pairs: Vec<String> = self.parameters().iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{url}{}{}", if url.contains('?') { '&' } else { '?' }, pairs.join("&"))
    }

    /// Names and values of the cookies.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let cookie = |(name, value)| (format!("{}{name}", parameters::COOKIE_PREFIX), String::from(value));
        self.parameters().into_iter().map(cookie).collect()
    }
}

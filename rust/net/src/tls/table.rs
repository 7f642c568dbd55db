//! Which certificate a name gets.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;

/// Certificates by name; made whole, never changed.
#[derive(Debug, Default, Clone)]
pub(super) struct Table {
    /// By DNS name in lower case, wildcards as written; several where keys of different kinds serve one name.
    names: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    /// For names that nobody has, and for clients that name none.
    default: Vec<Arc<CertifiedKey>>,
}

impl Table {
    /// Adds a certificate under its names; the first one added is the default, with those that share its first name.
    pub fn add(&mut self, names: &[String], key: &Arc<CertifiedKey>) {
        for name in names {
            self.names.entry(name.as_str().into()).or_default().push(key.clone());
        }
        match names.first().and_then(|name| self.names.get(name.as_str())) {
            Some(same) if self.default.is_empty() || shares(same, &self.default) => self.default.clone_from(same),
            None if self.default.is_empty() => self.default.push(key.clone()),
            _ => {}
        }
    }

    /// Has no certificate for names that nobody has.
    pub fn forget_default(&mut self) {
        self.default.clear();
    }

    /// Puts a certificate in place of all that its names had.
    pub fn replace(&mut self, names: &[String], key: &Arc<CertifiedKey>) {
        for name in names {
            self.names.insert(name.as_str().into(), vec![key.clone()]);
        }
        if self.default.is_empty() {
            self.default.push(key.clone());
        }
    }

    /// The certificate for a name in lower case: the exact name, then its wildcard (one label, RFC 6125 section 6.4.3),
    /// then the default; of several, the first whose key the client can check.
    pub fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let known = name.and_then(|name| self.named(name)).unwrap_or(&self.default);
        let fit = known.iter().find(|key| key.key.choose_scheme(schemes).is_some());
        fit.or(known.first()).cloned()
    }

    fn named(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        self.names.get(name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.names.get(["*.", parent].concat().as_str())
        })
    }
}

fn shares(some: &[Arc<CertifiedKey>], others: &[Arc<CertifiedKey>]) -> bool {
    some.iter().any(|key| others.iter().any(|other| Arc::ptr_eq(key, other)))
}

//! Public keys, shared secrets and key groups → what a behaviour verifies with.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use edgeplane_base::{Fault, Faults};
use edgeplane_sign::{Key, Verifier};

use super::document::keys::{KeyGroupConfig, PublicKeyConfig};
use super::source::{EdgeSource, Resource, SigningKeySource, read};
use super::{Settings, limits};

/// Key groups by id: ids and keys of each.
pub(super) struct KeyGroups(HashMap<String, Members>);

/// Ids and keys.
type Members = Vec<(Arc<str>, Arc<Key>)>;

impl KeyGroups {
    /// All groups of a source. A key that cannot be used is a fault even where no group has it; `unread` takes those of
    /// files.
    pub fn compile(source: &EdgeSource, faults: &mut Faults, unread: &mut Faults) -> Self {
        let keys = keys(source, faults, unread);
        let groups = source.key_groups.iter().filter_map(|group| {
            let keys = members(group, &keys, &source.settings, faults)?;
            Some((group.id.clone(), keys))
        });
        Self(groups.collect())
    }

    /// What is verified with where these groups are trusted; an unknown one is a fault at its place.
    pub fn verifier(&self, groups: &[String], place: &str, faults: &mut Faults) -> Option<Verifier> {
        let mut trusted = BTreeMap::new();
        for (n, id) in groups.iter().enumerate() {
            match self.0.get(id) {
                Some(keys) => trusted.extend(keys.iter().cloned()),
                None => faults.push(Fault::at(format!("{place}[{n}]"), format!("there is no key group {id:?}"))),
            }
        }
        (!groups.is_empty()).then(|| Verifier::new(trusted))
    }
}

fn keys(source: &EdgeSource, faults: &mut Faults, unread: &mut Faults) -> HashMap<Arc<str>, Option<Arc<Key>>> {
    let mut keys = HashMap::new();
    let public = source.public_keys.iter().map(|resource| (&resource.id, &resource.path, public_key(resource, faults)));
    let public: Vec<_> = public.collect();
    let secret = source.signing_keys.iter().map(|key| (&key.id, &key.path, signing_key(key, unread)));
    let all: Vec<_> = public.into_iter().chain(secret).collect();
    for (id, path, key) in all {
        if keys.insert(Arc::from(id.as_str()), key.map(Arc::new)).is_some() {
            faults.push(Fault::at(path, format!("another key has the id {id:?}")));
        }
    }
    keys
}

fn public_key(resource: &Resource, faults: &mut Faults) -> Option<Key> {
    let place = format!("{}.Properties.PublicKeyConfig", resource.path);
    let config: PublicKeyConfig = read(&resource.config, &place, faults)?;
    let key = Key::from_pem(&config.encoded_key);
    key.map_err(|message| faults.push(Fault::at(format!("{place}.EncodedKey"), message))).ok()
}

fn signing_key(source: &SigningKeySource, unread: &mut Faults) -> Option<Key> {
    let key = read_secret(&source.secret_file).and_then(|secret| Key::from_secret(&secret));
    let place = || format!("{}.Properties.SecretFile", source.path);
    key.map_err(|message| unread.push(Fault::at(place(), format!("{} {message}", source.secret_file.display())))).ok()
}

/// Octets of a file without one line end, which editors add.
fn read_secret(path: &Path) -> Result<Vec<u8>, String> {
    let mut octets = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    if octets.pop_if(|last| *last == b'\n').is_some() {
        octets.pop_if(|last| *last == b'\r');
    }
    Ok(octets)
}

/// The keys of a group. Those that are faults already are left out without another word.
fn members(
    group: &Resource,
    keys: &HashMap<Arc<str>, Option<Arc<Key>>>,
    settings: &Settings,
    faults: &mut Faults,
) -> Option<Members> {
    let place = format!("{}.Properties.KeyGroupConfig", group.path);
    let config: KeyGroupConfig = read(&group.config, &place, faults)?;
    let most = settings.limit(&limits::KEYS);
    if config.items.is_empty() || config.items.len() as u64 > most {
        let message = format!("has {} keys, but must have 1 to {most}", config.items.len());
        faults.push(Fault::at(format!("{place}.Items"), message));
    }
    let mut members = Vec::new();
    for (n, id) in config.items.iter().enumerate() {
        match keys.get_key_value(id.as_str()) {
            Some((id, key)) => members.extend(key.clone().map(|key| (id.clone(), key))),
            None => faults.push(Fault::at(format!("{place}.Items[{n}]"), format!("there is no key {id:?}"))),
        }
    }
    Some(members)
}

//! Credentials files in AWS's form (`~/.aws/credentials`): read when a plan is applied, read again when they change.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use edgeplane_sign::sigv4::Credentials;
use tokio::time::Instant;

/// How often a file is looked at, in milliseconds.
const LOOKED_AT: u64 = 5_000;

/// A credentials file.
#[derive(Debug)]
pub struct CredentialsFile {
    path: PathBuf,
    profile: String,
    held: ArcSwap<Held>,
    start: Instant,
    looked_at: AtomicU64,
}

#[derive(Debug)]
struct Held {
    credentials: Arc<Credentials>,
    stamp: Stamp,
}

/// Device, inode, length, time of modification.
type Stamp = (u64, u64, u64, i64, i64);

impl CredentialsFile {
    /// Reads a profile (`default`) of a file. Reads at once: not for a worker's thread.
    pub fn read(path: &Path, profile: &str) -> Result<Self, String> {
        let held = ArcSwap::from_pointee(read(path, profile)?);
        let (path, profile) = (path.to_owned(), profile.to_owned());
        Ok(Self { path, profile, held, start: Instant::now(), looked_at: AtomicU64::new(0) })
    }

    /// The credentials of now. Every few seconds the file is looked at, on a thread for what blocks; one that became
    /// unreadable leaves the old ones in use.
    pub fn current(self: &Arc<Self>) -> Arc<Credentials> {
        let (now, looked_at) = (self.start.elapsed().as_millis() as u64, self.looked_at.load(Relaxed));
        let due = now.saturating_sub(looked_at) >= LOOKED_AT;
        if due && self.looked_at.compare_exchange(looked_at, now, Relaxed, Relaxed).is_ok() {
            let file = self.clone();
            tokio::task::spawn_blocking(move || file.look());
        }
        self.held.load().credentials.clone()
    }

    /// Reads the file again if it changed.
    fn look(&self) {
        if stamp(&self.path).is_ok_and(|stamp| stamp == self.held.load().stamp) {
            return;
        }
        match read(&self.path, &self.profile) {
            Ok(held) => self.held.store(Arc::new(held)),
            Err(why) => tracing::warn!(path = %self.path.display(), why, "credentials are not read again"),
        }
    }
}

fn read(path: &Path, profile: &str) -> Result<Held, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let stamp = stamp(path).map_err(wrong)?;
    let text = std::fs::read_to_string(path).map_err(wrong)?;
    let credentials = parse(&text, profile).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(Held { credentials: Arc::new(credentials), stamp })
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

/// A profile's keys. Lines that start with `#` or `;` say nothing; names have no case.
fn parse(text: &str, profile: &str) -> Result<Credentials, String> {
    let mut section = "";
    let (mut key_id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((name, value)) = line.split_once('=').filter(|_| section == profile) {
            match name.trim().to_ascii_lowercase().as_str() {
                "aws_access_key_id" => key_id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret = Some(value.trim().to_owned()),
                "aws_session_token" => token = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    let missing = |name: &str| format!("the profile \"{profile}\" has no {name}");
    Ok(Credentials {
        access_key_id: key_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("aws_access_key_id"))?,
        secret_access_key: secret
            .filter(|secret| !secret.is_empty())
            .ok_or_else(|| missing("aws_secret_access_key"))?,
        session_token: token.filter(|token| !token.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILE: &str = "
# of the media bucket
[default]
aws_access_key_id = AKIDEXAMPLE
AWS_SECRET_ACCESS_KEY=se=cret/+
region = eu-west-1

[ other ]
aws_access_key_id = OTHER
aws_secret_access_key = x
aws_session_token = token
";

    #[test]
    fn profiles_are_kept_apart() {
        let default = parse(FILE, "default").unwrap();
        assert_eq!((default.access_key_id.as_str(), default.secret_access_key.as_str()), ("AKIDEXAMPLE", "se=cret/+"));
        assert_eq!(default.session_token, None);
        let other = parse(FILE, "other").unwrap();
        assert_eq!((other.access_key_id.as_str(), other.session_token.as_deref()), ("OTHER", Some("token")));
        assert_eq!(parse(FILE, "none").unwrap_err(), "the profile \"none\" has no aws_access_key_id");
        assert!(parse("[default]\naws_access_key_id = a\naws_secret_access_key =\n", "default").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_changed_is_read_again_and_a_broken_one_is_not() {
        let path = std::env::temp_dir().join(format!("edgeplane-credentials-{}", std::process::id()));
        let write = |key_id: &str| std::fs::write(&path, FILE.replace("AKIDEXAMPLE", key_id)).unwrap();
        write("first");
        let file = Arc::new(CredentialsFile::read(&path, "default").unwrap());
        write("second-one");
        assert_eq!(file.current().access_key_id, "first", "not looked at yet");
        tokio::time::advance(Duration::from_millis(LOOKED_AT)).await;
        file.current();
        for _ in 0..1_000 {
            if file.current().access_key_id == "second-one" {
                break;
            }
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
        }
        assert_eq!(file.current().access_key_id, "second-one");
        std::fs::write(&path, "nothing").unwrap();
        file.look();
        assert_eq!(file.current().access_key_id, "second-one");
        std::fs::remove_file(&path).unwrap();
        file.look();
        assert_eq!(file.current().access_key_id, "second-one");
    }
}

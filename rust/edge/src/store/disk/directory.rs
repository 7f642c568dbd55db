//! The folder of the disk tier, which one process at a time holds.
//!
//! ```text
//! lock              held while the tier is open
//! temporary/N       files that are still being written
//! objects/abc/HEX   an object under the hash of its key and its group, in one of 4,096 folders
//! objects/abc/HEX.news   its description of now, where another than the file's own
//! ```

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use edgeplane_net::lock::try_lock;

/// Folders under `objects`.
pub const FOLDERS: u32 = 4_096;

/// Ends the name of a file that has news about an object.
const NEWS: &str = ".news";

/// Octets of a digest that are its group's.
const GROUP: usize = 8;

/// Names a key's file: a quarter of blake3 of its group, so that all of a group stand together, and one of the key. The
/// file holds the whole key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

impl std::borrow::Borrow<[u8]> for Digest {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Digest {
    /// Of a key and its group.
    pub fn of(group: &[u8], key: &[u8]) -> Self {
        let mut digest = [0; 16];
        let (group, key) = (blake3::hash(group), blake3::hash(key));
        let octets = group.as_bytes().iter().take(GROUP).chain(key.as_bytes());
        digest.iter_mut().zip(octets).for_each(|(to, &from)| *to = from);
        Self(digest)
    }

    fn has_group_of(&self, other: Self) -> bool {
        self.0.iter().zip(&other.0).take(GROUP).all(|(a, b)| a == b)
    }

    /// From a file's name; none where no object has such a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = name.len() == 32 && name.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| u128::from_str_radix(name, 16).ok())?.map(|number| Self(number.to_be_bytes()))
    }

    /// From the name of news about an object.
    fn from_news(name: &str) -> Option<Self> {
        Self::from_name(name.strip_suffix(NEWS)?)
    }

    fn name(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    fn folder(self) -> u32 {
        (u128::from_be_bytes(self.0) >> 116) as u32
    }
}

/// The folder, locked.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    lock: File,
}

impl Directory {
    /// Makes what is missing, takes the lock (`WouldBlock` while another process has it), and removes what was left half
    /// written.
    pub fn open(root: &Path) -> io::Result<Self> {
        make(root)?;
        let lock = private().write(true).create(true).truncate(false).open(root.join("lock"))?;
        if !try_lock(&lock)? {
            return Err(io::Error::new(ErrorKind::WouldBlock, "another process uses the folder"));
        }
        let directory = Self { root: root.to_owned(), lock };
        make(&directory.objects())?;
        make(&directory.temporary())?;
        for entry in fs::read_dir(directory.temporary())? {
            // What stays, a folder that somebody put there, is in nobody's way.
            let _ = remove(&entry?.path());
        }
        Ok(directory)
    }

    /// Whether the lock is still the one in the folder: not where the folder was removed, moved or mounted over.
    pub fn is_held(&self) -> bool {
        let (ours, theirs) = (self.lock.metadata(), fs::metadata(self.root.join("lock")));
        matches!((ours, theirs), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
    }

    /// A new file to write into.
    pub fn create(&self, number: u64) -> io::Result<(PathBuf, File)> {
        let path = self.temporary().join(number.to_string());
        let file = private().read(true).write(true).create_new(true).open(&path)?;
        Ok((path, file))
    }

    /// Moves a written file to its place, over what is there. News about that go first: they are older than the file.
    pub fn place(&self, written: &Path, digest: Digest) -> io::Result<()> {
        remove(&self.news(digest))?;
        match fs::rename(written, self.object(digest)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(&self.folder(digest.folder()))?;
                fs::rename(written, self.object(digest))
            }
            outcome => outcome,
        }
    }

    /// Opens an object for reading; none where there is none.
    pub fn open_object(&self, digest: Digest) -> io::Result<Option<File>> {
        open(&self.object(digest))
    }

    /// Moves written news about an object to their place.
    pub fn place_news(&self, written: &Path, digest: Digest) -> io::Result<()> {
        fs::rename(written, self.news(digest))
    }

    /// Opens the news about an object; none where there are none.
    pub fn open_news(&self, digest: Digest) -> io::Result<Option<File>> {
        open(&self.news(digest))
    }

    /// Removes an object, if it is there.
    pub fn remove_object(&self, digest: Digest) -> io::Result<()> {
        remove(&self.news(digest))?;
        remove(&self.object(digest))
    }

    /// The names in one of the folders, and of those that are no object's their paths.
    pub fn list(&self, folder: u32) -> io::Result<(Vec<Digest>, Vec<PathBuf>)> {
        let (mut objects, mut news, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        let entries = match fs::read_dir(self.folder(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((objects, foreign)),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let ours = |digest: &Digest| digest.folder() == folder;
            match name.to_str().and_then(Digest::from_name).filter(ours) {
                Some(digest) => objects.push(digest),
                None => match name.to_str().and_then(Digest::from_news).filter(ours) {
                    Some(digest) => news.push((digest, entry.path())),
                    None => foreign.push(entry.path()),
                },
            }
        }
        let known: HashSet<Digest> = objects.iter().copied().collect();
        foreign.extend(news.into_iter().filter(|(digest, _)| !known.contains(digest)).map(|(_, path)| path));
        Ok((objects, foreign))
    }

    /// All that is there of a group.
    pub fn group(&self, group: &[u8]) -> io::Result<Vec<Digest>> {
        let any = Digest::of(group, group);
        let (mut digests, _) = self.list(any.folder())?;
        digests.retain(|digest| digest.has_group_of(any));
        Ok(digests)
    }

    fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("temporary")
    }

    fn folder(&self, folder: u32) -> PathBuf {
        self.objects().join(format!("{folder:03x}"))
    }

    fn object(&self, digest: Digest) -> PathBuf {
        self.folder(digest.folder()).join(digest.name())
    }

    fn news(&self, digest: Digest) -> PathBuf {
        self.folder(digest.folder()).join(digest.name() + NEWS)
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file; that it is not there is no fault.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

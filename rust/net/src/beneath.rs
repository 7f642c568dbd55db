//! Opening files below a folder: no name, link or mount point of the path leads out of it (openat2, Linux 5.6).

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Times that a path is resolved again when something was renamed meanwhile.
const TRIES: usize = 8;

/// Why a file was not opened.
#[derive(Debug)]
pub enum Refusal {
    /// There is nothing of that name that could be read.
    NotFound,
    /// The path leads out of the folder: by `..`, by a link, by being absolute.
    Outside,
    /// We may not read it.
    Forbidden,
    /// Something else; `ENOSYS` on kernels that cannot keep a path beneath a folder.
    Failed(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR | libc::ENAMETOOLONG | libc::ENXIO | libc::ENODEV) => Self::NotFound,
            Some(libc::EXDEV | libc::ELOOP) => Self::Outside,
            Some(libc::EACCES | libc::EPERM) => Self::Forbidden,
            _ => Self::Failed(error),
        }
    }
}

/// Opens a file for reading; `path` is relative to `folder`. Never waits, not for a FIFO either.
pub fn open(folder: &File, path: &Path) -> Result<File, Refusal> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Refusal::NotFound)?;
    let mut opened = open_once(folder, &path);
    for _ in 1..TRIES {
        match &opened {
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => opened = open_once(folder, &path),
            _ => break,
        }
    }
    opened.map_err(Refusal::from)
}

fn open_once(folder: &File, path: &CString) -> io::Result<File> {
    // SAFETY: all zero is a valid `open_how`; it is plain numbers.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY) as u64;
    how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_MAGICLINKS;
    // SAFETY: `path` ends with NUL, `how` is of the size told, and both outlive the call.
    let fd = unsafe {
        libc::syscall(libc::SYS_openat2, folder.as_raw_fd(), path.as_ptr(), &raw const how, size_of::<libc::open_how>())
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("edgeplane-beneath-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("in/side")).unwrap();
        fs::write(folder.join("in/side/file"), "inside").unwrap();
        fs::write(folder.join("secret"), "outside").unwrap();
        folder
    }

    #[test]
    fn what_leads_out_is_not_opened() {
        let folder = folder("leads");
        let inside = folder.join("in");
        symlink("side/file", inside.join("link")).unwrap();
        symlink("../secret", inside.join("out")).unwrap();
        symlink(folder.join("secret"), inside.join("absolute")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink("/proc/self/root", inside.join("magic")).unwrap();
        let root = File::open(&inside).unwrap();
        for path in ["side/file", "link", "side/../side/file"] {
            assert!(open(&root, Path::new(path)).is_ok(), "{path}");
        }
        for path in
            ["../secret", "out", "absolute", "up/secret", "magic/etc/passwd", "/etc/passwd", "side/../../secret"]
        {
            assert!(matches!(open(&root, Path::new(path)), Err(Refusal::Outside)), "{path}");
        }
        for path in ["none", "side/file/more", "a\0b"] {
            assert!(matches!(open(&root, Path::new(path)), Err(Refusal::NotFound)), "{path:?}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

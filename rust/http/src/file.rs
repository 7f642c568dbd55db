//! Octets of files that content lies in: what is in memory at once, the rest on a thread that may wait for a disk.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_net::reading::{append, append_resident};
use tokio::task::{JoinHandle, spawn_blocking};

/// A part of a file: (offset, octets).
pub(crate) type Part = (u64, usize);

/// Adds what can be had of a part without waiting, and says how much that is; 0: nothing, or the file ends before it.
pub(crate) fn append_now(file: &File, (offset, length): Part, in_memory: bool, octets: &mut Vec<u8>) -> usize {
    let read = if in_memory { append } else { append_resident };
    read(file, offset, length, octets).unwrap_or(0)
}

/// All of a part, where it can be had without waiting.
pub(crate) fn read_now(file: &File, part: Part, in_memory: bool) -> Option<Bytes> {
    let mut octets = Vec::with_capacity(part.1);
    (append_now(file, part, in_memory, &mut octets) == part.1).then(|| octets.into())
}

/// A part, as much of it as the file has, read on a thread that may wait.
pub(crate) fn read_aside(file: &Arc<File>, (offset, length): Part) -> JoinHandle<io::Result<Vec<u8>>> {
    let file = file.clone();
    spawn_blocking(move || {
        let mut octets = Vec::with_capacity(length);
        while octets.len() < length {
            let (at, left) = (offset + octets.len() as u64, length - octets.len());
            if append(&file, at, left, &mut octets)? == 0 {
                break;
            }
        }
        Ok(octets)
    })
}

/// All of a part, at once or from a thread that may wait.
pub(crate) async fn read(file: &Arc<File>, part: Part, in_memory: bool) -> io::Result<Bytes> {
    if let Some(octets) = read_now(file, part, in_memory) {
        return Ok(octets);
    }
    match read_aside(file, part).await {
        Ok(Ok(octets)) if octets.len() == part.1 => Ok(octets.into()),
        Ok(Ok(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::ErrorKind::Other.into()),
    }
}

//! The threads that encode, and the room for what waits for them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, available_parallelism};

use bytes::Bytes;
use edgeplane_http::Content;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::encode;
use crate::behaviour::Encoding;
use crate::limits::ENCODING_ROOM;

/// Threads of their own: tokio's blocking threads would be tied to the core of the worker that starts them, and would
/// take it from the hits. They end when this is dropped.
pub struct Encoders {
    jobs: Sender<Job>,
    room: Arc<Semaphore>,
}

/// Room for one content to wait and be encoded.
pub struct Place {
    jobs: Sender<Job>,
    encoding: Encoding,
    permit: OwnedSemaphorePermit,
}

/// Octets that a place takes at least: the shortest content costs an encoder's setting up, about as much time as these.
const LEAST: u64 = 16_384;

struct Job {
    content: Content,
    encoding: Encoding,
    done: oneshot::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

impl Encoders {
    /// Starts a thread for every two cores, with the cores of the calling thread.
    pub fn start() -> io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..available_parallelism()?.get().div_ceil(2) {
            let receiver = receiver.clone();
            Builder::new().name(format!("edgeplane-encode-{number}")).spawn(move || work(&receiver))?;
        }
        Ok(Self { jobs: sender, room: Arc::new(Semaphore::new(ENCODING_ROOM.default as usize)) })
    }

    /// Room for content of `length` octets; none where too much waits already: then it stays as it is (CloudFront, too,
    /// "skips compression" under load).
    pub fn place(&self, encoding: Encoding, length: u64) -> Option<Place> {
        let needed = u32::try_from(length.max(LEAST)).ok()?;
        let permit = self.room.clone().try_acquire_many_owned(needed).ok()?;
        Some(Place { jobs: self.jobs.clone(), encoding, permit })
    }
}

impl Place {
    /// The coding.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The content encoded; none where that made it no smaller, or did not work.
    pub async fn encode(self, content: Content) -> Option<Bytes> {
        let (done, encoded) = oneshot::channel();
        let length = content.len();
        self.jobs.send(Job { content, encoding: self.encoding, done, _permit: self.permit }).ok()?;
        encoded.await.ok().filter(|encoded| (encoded.len() as u64) < length)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let Ok(job) = crate::lock(jobs).recv() else { return };
        match catch_unwind(AssertUnwindSafe(|| octets(&job.content).and_then(|octets| encode(job.encoding, &octets)))) {
            Ok(Ok(encoded)) => drop(job.done.send(encoded.into())),
            Ok(Err(error)) => tracing::warn!("content was not encoded: {error}"),
            Err(_) => tracing::error!("an encoder panicked; the content stays as it is"),
        }
    }
}

fn octets(content: &Content) -> io::Result<Bytes> {
    match content {
        Content::None => Ok(Bytes::new()),
        Content::Bytes(bytes) => Ok(bytes.clone()),
        Content::Pages(pages) => Ok(pages.clone().into()),
        Content::File { file, offset, length } => read(file, *offset, *length),
    }
}

fn read(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut octets = vec![0; length as usize];
    file.read_exact_at(&mut octets, offset)?;
    Ok(octets.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_gets_smaller_is_encoded_wherever_it_lies() {
        let encoders = Encoders::start().unwrap();
        let text = Bytes::from("a text that repeats itself; ".repeat(500));
        let path = std::env::temp_dir().join(format!("edgeplane-encoders-{}", std::process::id()));
        std::fs::write(&path, &text).unwrap();
        let file = Arc::new(File::open(&path).unwrap());
        std::fs::remove_file(path).unwrap();
        let length = text.len() as u64;
        let pages = edgeplane_net::pages::Pages::hold(length, [&text[..]]).unwrap();
        for content in [Content::Bytes(text.clone()), Content::Pages(pages), Content::File { file, offset: 0, length }]
        {
            let place = encoders.place(Encoding::Gzip, length).unwrap();
            assert_eq!(place.encode(content).await.unwrap(), encode(Encoding::Gzip, &text).unwrap());
        }
        let place = encoders.place(Encoding::Gzip, 3).unwrap();
        assert_eq!(place.encode(Content::Bytes(Bytes::from_static(b"abc"))).await, None);
    }

    #[tokio::test]
    async fn there_is_room_for_so_much_and_it_comes_back() {
        let encoders = Encoders::start().unwrap();
        let all = encoders.place(Encoding::Gzip, ENCODING_ROOM.default).unwrap();
        assert!(encoders.place(Encoding::Gzip, 1).is_none());
        drop(all);
        let place = encoders.place(Encoding::Gzip, ENCODING_ROOM.default).unwrap();
        place.encode(Content::Bytes(Bytes::from(vec![0; 5_000]))).await.unwrap();
        while encoders.place(Encoding::Gzip, ENCODING_ROOM.default).is_none() {
            std::thread::yield_now();
        }
    }
}

//! Files that are believed where their checksums fit, made and judged by the descriptions of their formats
//! (`rust/edge/src/store/disk/format.rs`, `store/generations/log.rs`), not by the code that reads them.

use std::path::{Path, PathBuf};

const OBJECT_MARKS: &[u8; 12] = b"\x01\0\0\0EDGEBODY";
const OBJECT_FOOTER: usize = 8 + 4 + 4 + 32 + 32 + OBJECT_MARKS.len();
const LOG_MARKS: &[u8; 12] = b"EDGEGENS\x01\0\0\0";
const LOG_HEAD: usize = LOG_MARKS.len() + 8 + 8;

/// Key, description and content.
pub type Object<'a> = [&'a [u8]; 3];

/// Where the disk tier keeps the object of a key that is a group of its own.
pub fn place(root: &Path, key: &[u8]) -> PathBuf {
    let hash = blake3::hash(key).to_hex();
    root.join("objects").join(&hash[..3]).join(hash[..16].repeat(2))
}

/// A file of the disk tier.
pub fn object([key, meta, content]: Object<'_>) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let [key_length, meta_length] = [key, meta].map(|part| (part.len() as u32).to_le_bytes());
    let hash = blake3::hash(content);
    let covered = [key, meta, &length, &key_length, &meta_length, hash.as_bytes()].concat();
    let seal = blake3::hash(&[&covered[..], OBJECT_MARKS].concat());
    [content, &covered, seal.as_bytes(), OBJECT_MARKS].concat()
}

/// What a file of the disk tier holds; none where a single octet is another than was written.
pub fn read_object(file: &[u8]) -> Option<Object<'_>> {
    let footer = file.get(file.len().checked_sub(OBJECT_FOOTER)?..)?;
    let [key_length, meta_length] =
        [8, 12].map(|at| u32::from_le_bytes(footer[at..at + 4].try_into().unwrap()) as usize);
    let tail = OBJECT_FOOTER + key_length + meta_length;
    let (content, rest) = file.split_at_checked(file.len().checked_sub(tail)?)?;
    let (key, rest) = rest.split_at(key_length);
    let held = [key, &rest[..meta_length], content];
    (object(held) == file).then_some(held)
}

/// A log of invalidations with these records.
pub fn log(records: &[&[u8]]) -> Vec<u8> {
    let body: Vec<u8> = records.iter().flat_map(|record| frame(record)).collect();
    let length = ((LOG_HEAD + body.len()) as u64).to_le_bytes();
    let head = [&LOG_MARKS[..], &length].concat();
    [&head[..], &blake3::hash(&head).as_bytes()[..8], &body].concat()
}

fn frame(record: &[u8]) -> Vec<u8> {
    [&(record.len() as u32).to_le_bytes()[..], &blake3::hash(record).as_bytes()[..8], record].concat()
}

/// The records of a log; none where a single octet is another than was written.
pub fn read_log(file: &[u8]) -> Option<Vec<&[u8]>> {
    let length = u64::from_le_bytes(file.get(LOG_MARKS.len()..LOG_MARKS.len() + 8)?.try_into().ok()?);
    let written = file.get(..usize::try_from(length).ok()?)?;
    let (mut records, mut rest) = (Vec::new(), written.get(LOG_HEAD..)?);
    while let Some((length, after)) = rest.split_first_chunk() {
        let (record, after) = after.get(8..)?.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        records.push(record);
        rest = after;
    }
    (log(&records) == written).then_some(records)
}

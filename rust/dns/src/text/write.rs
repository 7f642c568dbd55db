//! Records as zone file text: absolute names, TTL, class IN, one line a record, in the order given.

use std::io;

use super::{name, rdata};
use crate::wire::rtype;
use crate::zone::Record;

/// Writes records to `out`; the text can be read back with the reader of zone files.
pub fn export<R: AsRecord>(records: impl IntoIterator<Item = R>, out: &mut dyn io::Write) -> io::Result<u64> {
    let mut line = String::new();
    let mut count = 0;
    for record in records {
        line.clear();
        push_record(&record.as_record(), &mut line);
        out.write_all(line.as_bytes())?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

/// Appends one record as a line.
pub fn push_record(record: &Record<'_>, out: &mut String) {
    name::push_text(record.owner, out);
    out.push('\t');
    out.push_str(&record.ttl.to_string());
    out.push_str("\tIN\t");
    out.push_str(&rtype::to_text(record.rtype));
    out.push('\t');
    rdata::push_text(record.rtype, record.rdata, out);
    out.push('\n');
}

/// What can be exported: borrowed records, and ones that own their octets (owner, type, TTL, rdata).
pub trait AsRecord {
    /// The record as a view.
    fn as_record(&self) -> Record<'_>;
}

impl AsRecord for Record<'_> {
    fn as_record(&self) -> Record<'_> {
        Record { owner: self.owner, rtype: self.rtype, ttl: self.ttl, rdata: self.rdata }
    }
}

impl AsRecord for (Vec<u8>, u16, u32, Vec<u8>) {
    fn as_record(&self) -> Record<'_> {
        Record { owner: &self.0, rtype: self.1, ttl: self.2, rdata: &self.3 }
    }
}

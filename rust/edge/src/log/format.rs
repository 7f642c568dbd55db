//! From an entry to a line: CloudFront's fields with tabs between, or a JSON object.

use std::fmt::Write;
use std::io;
use std::path::Path;

use edgeplane_net::linelog;

use super::Location;
use super::columns::{NAMES, Value};
use super::entry::{Entry, Text};
use crate::plan::settings::LogFormat;

/// How this log's lines look.
pub struct Format {
    /// Which of the two.
    pub form: LogFormat,
    /// `x-edge-location`.
    pub location: Location,
}

impl linelog::Format for Format {
    type Entry = Entry;

    fn head(&self) -> String {
        match self.form {
            LogFormat::CloudFront => format!("#Version: 1.0\n#Fields: {}\n", NAMES.join(" ")),
            LogFormat::Json => String::new(),
        }
    }

    fn line(&self, entry: &Entry, lines: &mut String) {
        let values = entry.values(&self.location);
        match self.form {
            LogFormat::CloudFront => write_fields(&values, lines),
            LogFormat::Json => write_object(entry, &values, lines),
        }
        lines.push('\n');
    }

    fn warn(&self, trouble: &str, path: &Path, error: &io::Error) {
        tracing::warn!(path = %path.display(), %error, "the access log {trouble}");
    }

    fn lost(&self, entries: u64, path: &Path) {
        tracing::warn!(path = %path.display(), entries, "the access log takes lines too slowly; some were dropped");
    }
}

fn write_fields(values: &[Value<'_>], line: &mut String) {
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            line.push('\t');
        }
        match value {
            Value::Empty => line.push('-'),
            Value::Text(b"-") | Value::Url(b"-") => line.push_str("%2D"),
            Value::Text(octets) => encode(octets, is_encoded, line),
            Value::Url(octets) => encode(octets, |octet| !octet.is_ascii_graphic(), line),
            other => other.write_plain(line),
        }
    }
}

/// What has a meaning in logs or URLs, or cannot be seen.
fn is_encoded(octet: u8) -> bool {
    !octet.is_ascii_graphic() || b"<>\"#%{}|\\^~[]`'".contains(&octet)
}

fn encode(octets: &[u8], is_encoded: impl Fn(u8) -> bool, line: &mut String) {
    for &octet in octets {
        if is_encoded(octet) {
            let _ = write!(line, "%{octet:02X}");
        } else {
            line.push(char::from(octet));
        }
    }
}

/// Fields that are empty are left out; the distribution's id is there as well, the exact time, and why the store answered or
/// not.
fn write_object(entry: &Entry, values: &[Value<'_>], line: &mut String) {
    let _ = write!(line, "{{\"timestamp(ms)\":{}", entry.time_ms);
    let distribution = entry.text(Text::Distribution);
    if !distribution.is_empty() {
        line.push_str(",\"DistributionId\":");
        write_text(distribution, line);
    }
    for (name, value) in NAMES.iter().zip(values).filter(|(_, value)| !matches!(value, Value::Empty)) {
        let _ = write!(line, ",\"{name}\":");
        match value {
            Value::Text(octets) | Value::Url(octets) => write_text(octets, line),
            Value::Number(_) | Value::Seconds(_) => value.write_plain(line),
            Value::Status(status) => drop(write!(line, "{status}")),
            other => {
                line.push('"');
                other.write_plain(line);
                line.push('"');
            }
        }
    }
    let cache_status = entry.text(Text::CacheStatus);
    if !cache_status.is_empty() {
        line.push_str(",\"Cache-Status\":");
        write_text(cache_status, line);
    }
    line.push('}');
}

fn write_text(octets: &[u8], line: &mut String) {
    // A string has no value that JSON could not say.
    line.push_str(&serde_json::to_string(&String::from_utf8_lossy(octets)).unwrap_or_default());
}

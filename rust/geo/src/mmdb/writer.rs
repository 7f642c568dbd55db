//! A writer of small MMDB files for tests, from the MaxMind DB file format specification 2.0.

use std::net::IpAddr;

use crate::Prefix;

/// A value of the data section.
pub(crate) enum Value {
    Text(&'static str),
    Double(f64),
    Short(u16),
    Word(u32),
    Long(u64),
    Array(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

/// A map value.
pub(crate) fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::Map(entries.into())
}

/// A map of texts.
pub(crate) fn texts<const N: usize>(entries: [(&'static str, &'static str); N]) -> Value {
    map(entries.map(|(key, text)| (key, Value::Text(text))))
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => {
                control(2, text.len(), out);
                out.extend_from_slice(text.as_bytes());
            }
            Value::Double(number) => {
                control(3, 8, out);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Value::Short(number) => integer(5, &number.to_be_bytes(), out),
            Value::Word(number) => integer(6, &number.to_be_bytes(), out),
            Value::Long(number) => integer(9, &number.to_be_bytes(), out),
            Value::Array(values) => {
                control(11, values.len(), out);
                values.iter().for_each(|value| value.write(out));
            }
            Value::Map(entries) => {
                control(7, entries.len(), out);
                for (key, value) in entries {
                    Value::Text(key).write(out);
                    value.write(out);
                }
            }
        }
    }
}

fn integer(kind: u8, octets: &[u8], out: &mut Vec<u8>) {
    control(kind, octets.len(), out);
    out.extend_from_slice(octets);
}

/// Type and size; types above 7 have an octet of their own.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (low, more) = if size < 29 { (size as u8, None) } else { (29, Some(size as u8 - 29)) };
    match kind {
        0..8 => out.push(kind << 5 | low),
        _ => out.extend_from_slice(&[low, kind - 7]),
    }
    out.extend(more);
}

/// A branch of the search tree.
#[derive(Clone, Copy)]
enum Record {
    Empty,
    Node(usize),
    Data(usize),
}

/// A file of one IPv6 tree with IPv4 under ::/96; each network has the value with its number.
pub(crate) fn write(networks: &[(&str, usize)], values: &[Value]) -> Vec<u8> {
    let mut data = Vec::new();
    let offsets: Vec<usize> = values.iter().map(|value| offset_of(value, &mut data)).collect();
    let mut nodes = vec![[Record::Empty; 2]];
    for (network, value) in networks {
        insert(&mut nodes, network.parse().unwrap(), offsets[*value]);
    }
    let mut file: Vec<u8> = nodes.iter().flatten().flat_map(|record| pointer(*record, nodes.len())).collect();
    file.extend_from_slice(&[0; 16]);
    file.extend(data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    metadata(nodes.len()).write(&mut file);
    file
}

fn offset_of(value: &Value, data: &mut Vec<u8>) -> usize {
    let offset = data.len();
    value.write(data);
    offset
}

fn insert(nodes: &mut Vec<[Record; 2]>, prefix: Prefix, offset: usize) {
    let (address, length) = match prefix.address() {
        IpAddr::V4(address) => (u128::from(u32::from(address)), prefix.length() + 96),
        IpAddr::V6(address) => (u128::from(address), prefix.length()),
    };
    let mut node = 0;
    for depth in 0..length {
        let side = (address >> (127 - depth) & 1) as usize;
        if depth + 1 == length {
            nodes[node][side] = Record::Data(offset);
        } else if let Record::Node(next) = nodes[node][side] {
            node = next;
        } else {
            nodes.push([Record::Empty; 2]);
            nodes[node][side] = Record::Node(nodes.len() - 1);
            node = nodes.len() - 1;
        }
    }
}

fn pointer(record: Record, nodes: usize) -> [u8; 4] {
    let number = match record {
        Record::Empty => nodes,
        Record::Node(node) => node,
        Record::Data(offset) => nodes + 16 + offset,
    };
    (number as u32).to_be_bytes()
}

fn metadata(nodes: usize) -> Value {
    map([
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", Value::Text("Test")),
        ("description", texts([("en", "made by a test")])),
        ("ip_version", Value::Short(6)),
        ("languages", Value::Array(vec![])),
        ("node_count", Value::Word(nodes as u32)),
        ("record_size", Value::Short(32)),
    ])
}

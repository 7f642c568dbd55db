//! Zones without sockets: reading records, answering packets.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use edgeplane_base::Faults;
use edgeplane_base::clock::SystemClock;
use edgeplane_base::random::Random;
use edgeplane_dns::answer::{Peer, Transport, Worker, respond};
use edgeplane_dns::plan::{Serving, Snapshot};
use edgeplane_dns::text::{name::push_text, zonefile};
use edgeplane_dns::wire::Name;
use edgeplane_dns::zone::{Place, Record, Zone, ZoneBuilder, Zones};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::border::{outside, wrong};
use crate::message::name;

/// Owner, type, TTL, rdata.
type ZoneRecord = (String, u16, u32, Vec<u8>);
type ReadZone<'py> = (String, Vec<(String, u16, u32, Bound<'py, PyBytes>)>);

/// The name of a zone, and its records in the order of the file.
#[pyfunction]
#[pyo3(signature = (path, origin = None))]
pub fn read_zone<'py>(py: Python<'py>, path: PathBuf, origin: Option<&str>) -> PyResult<ReadZone<'py>> {
    let origin = origin.map(name).transpose()?;
    read(py, |sink| zonefile::read(&path, origin.as_ref(), sink))
}

/// The same from text in memory.
#[pyfunction]
pub fn read_zone_text<'py>(py: Python<'py>, text: &str, origin: &str) -> PyResult<ReadZone<'py>> {
    let origin = name(origin)?;
    read(py, |mut sink| zonefile::read_text(&origin.to_string(), text.as_bytes(), &origin, &mut sink))
}

type Sink<'a> = &'a mut dyn FnMut(&Record<'_>, u32);

fn read<'py>(py: Python<'py>, source: impl FnOnce(Sink<'_>) -> Result<Name, Faults> + Send) -> PyResult<ReadZone<'py>> {
    let mut records: Vec<ZoneRecord> = Vec::new();
    let zone = outside(py, || source(&mut |record, _| records.push(owned(record))))?;
    let shown = |(owner, rtype, ttl, rdata): ZoneRecord| (owner, rtype, ttl, PyBytes::new(py, &rdata));
    Ok((zone.to_string(), records.into_iter().map(shown).collect()))
}

fn owned(record: &Record<'_>) -> ZoneRecord {
    let mut owner = String::new();
    push_text(record.owner, &mut owner);
    (owner, record.rtype, record.ttl, record.rdata.to_vec())
}

/// Longest message in octets: TCP's length has 16 bits.
const BUFFER: usize = 65_535;

/// Answers packets from zones, without sockets and without protections.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct Responder {
    serving: Serving,
    desk: Mutex<Desk>,
}

/// What one answer after the other is made on.
struct Desk {
    worker: Worker,
    buffer: Vec<u8>,
}

#[pymethods]
impl Responder {
    /// Zones by name: zone file text, or the path of a zone file.
    #[new]
    fn new(py: Python<'_>, texts: Vec<(String, String)>, paths: Vec<(String, PathBuf)>) -> PyResult<Self> {
        let texts = texts.into_iter().map(|(zone, text)| Ok((name(&zone)?, text))).collect::<PyResult<Vec<_>>>()?;
        let paths = paths.into_iter().map(|(zone, path)| Ok((name(&zone)?, path))).collect::<PyResult<Vec<_>>>()?;
        let serving = outside(py, || {
            let texts = texts.iter().map(|(zone, text)| compile(zone, |sink| read_text(zone, text, sink)));
            let paths = paths.iter().map(|(zone, path)| compile(zone, |sink| read_file(zone, path, sink)));
            serve(gather(texts.chain(paths))?)
        })?;
        let worker = Worker::new(Arc::default(), Arc::new(SystemClock::new()), Random::from_process());
        Ok(Self { serving, desk: Mutex::new(Desk { worker, buffer: vec![0; BUFFER] }) })
    }

    /// The answer to a packet from `client`; empty where silence is the answer.
    #[pyo3(signature = (packet, client, tcp = false))]
    fn answer<'py>(&self, py: Python<'py>, packet: &[u8], client: &str, tcp: bool) -> PyResult<Bound<'py, PyBytes>> {
        let address: IpAddr = client.parse().map_err(|_| wrong(format!("\"{client}\" is not an IP address")))?;
        let peer = Peer { address, transport: if tcp { Transport::Tcp } else { Transport::Udp } };
        let mut guard = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Desk { worker, buffer } = &mut *guard;
        let Some(query) = buffer.get_mut(..packet.len()) else {
            return Err(wrong("a message has 65535 octets at most"));
        };
        query.copy_from_slice(packet);
        worker.tick();
        let len = respond(worker, &self.serving, buffer, packet.len(), &peer);
        Ok(PyBytes::new(py, buffer.get(..len).unwrap_or_default()))
    }
}

/// Puts records into a builder, each with its file.
struct Into<'a> {
    builder: &'a mut ZoneBuilder,
    file: u32,
}

impl zonefile::Sink for Into<'_> {
    fn file(&mut self, path: &str) {
        self.file = self.builder.file(path);
    }

    fn record(&mut self, record: &Record<'_>, line: u32) {
        self.builder.add(*record, Place { file: self.file, line });
    }
}

fn read_text(zone: &Name, text: &str, sink: &mut Into<'_>) -> Result<Name, Faults> {
    zonefile::read_text(&zone.to_string(), text.as_bytes(), zone, sink)
}

fn read_file(zone: &Name, path: &Path, sink: &mut Into<'_>) -> Result<Name, Faults> {
    zonefile::read_file(path, Some(zone), sink)
}

fn compile(zone: &Name, read: impl FnOnce(&mut Into<'_>) -> Result<Name, Faults>) -> Result<Arc<Zone>, Faults> {
    let mut builder = ZoneBuilder::new(zone.clone());
    read(&mut Into { builder: &mut builder, file: 0 })?;
    Ok(Arc::new(Zone::open(builder.finish()?.section)?))
}

/// All zones, or the faults of all.
fn gather(zones: impl Iterator<Item = Result<Arc<Zone>, Faults>>) -> Result<Vec<Arc<Zone>>, Faults> {
    let (mut good, mut faults) = (Vec::new(), Faults::default());
    for zone in zones {
        match zone {
            Ok(zone) => good.push(zone),
            Err(found) => faults.0.extend(found.0),
        }
    }
    faults.into_result(good)
}

fn serve(zones: Vec<Arc<Zone>>) -> Result<Serving, Faults> {
    let snapshot = Snapshot { zones: Zones::new(zones)?, ..Snapshot::default() };
    Ok(Serving::derive(Arc::new(snapshot), &|_| None))
}

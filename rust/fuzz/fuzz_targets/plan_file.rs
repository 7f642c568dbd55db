//! Octets as a plan file: opened, loaded, answered from, exported. Once as they are, once with every length and hash
//! put right, which nobody guesses.
#![no_main]

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use edgeplane_dns::answer::Transport;
use edgeplane_dns::plan::envelope::{Digest, Envelope};
use edgeplane_dns::plan::export::export_zone;
use edgeplane_dns::plan::file::Held;
use edgeplane_dns::plan::{PlanFile, Serving, diff};
use edgeplane_fuzz::{ask, seeds, site};
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 56;

static QUERIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds::queries);

fuzz_target!(|data: &[u8]| {
    load(data);
    if let Some(mended) = mend(data) {
        load(&mended);
    }
});

fn load(octets: &[u8]) {
    let path = site::path("fuzz.plan");
    std::fs::write(&path, octets).unwrap();
    let _ = read(&path);
}

fn read(path: &Path) -> Result<(), edgeplane_base::Faults> {
    let file = PlanFile::open(path)?;
    if let Some(zone) = file.envelope.dns.zones.first() {
        let _ = export_zone(&file, &zone.name);
    }
    let (snapshot, _) = file.load(&Held::default())?;
    let zones: Vec<_> = snapshot.zones.iter().cloned().collect();
    diff::diff(&zones, &[]);
    let serving = Serving::derive(Arc::new(snapshot), &|slot| Some(slot == 0));
    let mut worker = ask::worker();
    for query in QUERIES.iter() {
        ask::ask(&mut worker, &serving, query, IpAddr::from([192, 0, 2, 1]), Transport::Tcp);
    }
    Ok(())
}

fn mend(data: &[u8]) -> Option<Vec<u8>> {
    let stated = u32::from_le_bytes(data.get(12..16)?.try_into().ok()?) as usize;
    let mut envelope: Envelope = rmp_serde::from_slice(data.get(HEADER..HEADER.checked_add(stated)?)?).ok()?;
    let sections = data.get((HEADER + stated).next_multiple_of(8)..)?;
    for entry in &mut envelope.sections {
        let end = entry.offset.checked_add(entry.length)?;
        entry.hash = Digest::of(sections.get(entry.offset as usize..end as usize)?);
    }
    let packed = rmp_serde::to_vec_named(&envelope).ok()?;
    let start = (HEADER + packed.len()).next_multiple_of(8);
    let mut file = b"EDGEPLAN\x01\0\0\0".to_vec();
    file.extend((packed.len() as u32).to_le_bytes());
    file.extend(((start + sections.len()) as u64).to_le_bytes());
    file.extend(blake3::hash(&packed).as_bytes());
    file.extend(&packed);
    file.resize(start, 0);
    file.extend(sections);
    Some(file)
}

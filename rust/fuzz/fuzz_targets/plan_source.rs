//! MessagePack → plan source → plan. The paths in it are put to files of our own.
#![no_main]

use std::sync::LazyLock;

use edgeplane_dns::plan::source::DnsSource;
use edgeplane_dns::plan::{PlanSource, Settings, compile};
use edgeplane_dns::zone::Zone;
use edgeplane_fuzz::site;
use libfuzzer_sys::fuzz_target;

static OURS: LazyLock<DnsSource> = LazyLock::new(|| site::source(Settings::default()).dns);

fuzz_target!(|data: &[u8]| {
    let Ok(mut source) = PlanSource::read(data) else { return };
    source.dns.zone_files.truncate(2);
    for (file, ours) in source.dns.zone_files.iter_mut().zip(OURS.zone_files.iter()) {
        file.path.clone_from(&ours.path);
    }
    source.dns.geo_database.clone_from(&OURS.geo_database);
    (source.dns.latency_table, source.dns.regions) = (None, None);
    if let Ok(compiled) = compile(&source, None) {
        for zone in &compiled.zones {
            assert!(Zone::open(zone.bytes().to_vec()).is_ok());
        }
    }
});

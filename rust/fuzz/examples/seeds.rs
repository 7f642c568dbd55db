//! Writes the seeds of all targets: `seeds CORPUS_FOLDER`.

use std::path::Path;

use edgeplane_fuzz::{edge_seeds, seeds};

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let packets =
        seeds::queries().iter().enumerate().map(|(n, query)| [&[n as u8], query.as_slice()].concat()).collect();
    let targets: [(&str, Vec<Vec<u8>>); 15] = [
        ("packet", packets),
        ("message", seeds::messages()),
        ("zone_file", seeds::zone_files()),
        ("zone_section", seeds::sections()),
        ("plan_file", seeds::plan_files()),
        ("plan_source", seeds::plan_sources()),
        ("steering", seeds::steering()),
        ("http_request", edge_seeds::http_requests()),
        ("proxy_header", edge_seeds::proxy_headers()),
        ("signed_request", edge_seeds::signed_requests()),
        ("http_fields", edge_seeds::http_fields()),
        ("cache_decisions", edge_seeds::cache_exchanges()),
        ("disk_object", edge_seeds::disk_objects()),
        ("disk_description", edge_seeds::disk_descriptions()),
        ("invalidations", edge_seeds::invalidation_logs()),
    ];
    for (target, seeds) in targets {
        write(&Path::new(&folder).join(target), &seeds);
    }
}

fn write(folder: &Path, seeds: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).expect("a folder that can be made");
    for (n, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{n}")), seed).expect("a file that can be written");
    }
}

//! Octets as a steering section and as a prefix table: what is taken is written the same, and answers every address.
#![no_main]

use std::net::IpAddr;

use edgeplane_geo::PrefixTable;
use edgeplane_policy::Steering;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let addresses = data
        .first_chunk()
        .map(|octets: &[u8; 16]| [IpAddr::from(*octets), IpAddr::from([octets[3], octets[2], octets[1], octets[0]])]);
    if let Ok(table) = PrefixTable::from_bytes(data) {
        assert_eq!(table.to_bytes(), data);
        for address in addresses.iter().flatten() {
            let (_, scope) = table.lookup(*address);
            assert!(scope <= if address.is_ipv4() { 32 } else { 128 });
        }
    }
    if let Ok(steering) = Steering::from_bytes(data) {
        assert_eq!(steering.to_bytes(), data);
        for address in addresses.iter().flatten() {
            assert!(steering.ranking(&(*address).into()).0.iter().all(|&location| location < steering.locations()));
        }
    }
});

//! Octets → message → octets: what was decoded can be encoded, and comes back the same.
#![no_main]

use edgeplane_dns::message::Message;
use edgeplane_dns::text::rdata_to_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(message) = Message::decode(data) else { return };
    for record in message.answer.iter().chain(&message.authority).chain(&message.additional) {
        rdata_to_text(record.rtype, &record.rdata);
    }
    // Compression can make a message small that is too long without it.
    let Ok(encoded) = message.encode() else { return };
    let again = Message::decode(&encoded).expect("what was encoded can be decoded");
    assert_eq!(again, message);
    assert_eq!(again.encode().as_ref(), Ok(&encoded), "the form is stable");
});

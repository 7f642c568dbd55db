use super::*;
use crate::wire::rtype;
use proptest::prelude::*;

fn name(text: &str) -> Name {
    Name::from_text(text).unwrap()
}

fn record(owner: &str, rtype: u16, rdata: &str) -> Record {
    Record {
        name: name(owner),
        rtype,
        class: 1,
        ttl: 60,
        rdata: crate::text::rdata_from_text(rtype, rdata, None).unwrap(),
    }
}

fn answer(records: Vec<Record>) -> Message {
    Message { answer: records, ..Message::default() }
}

#[test]
fn a_response_as_it_stands_on_the_wire() {
    let message = Message {
        header: Header { id: 0x1234, response: true, authoritative: true, rcode: 16, ..Header::default() },
        question: vec![Question { name: name("Www.example.net"), qtype: rtype::MX, qclass: 1 }],
        answer: vec![record("Www.example.net.", rtype::MX, "10 mx.example.net.")],
        edns: Some(Edns { udp_payload_size: 1232, dnssec_ok: true, options: vec![(10, vec![1, 2])], version: 0 }),
        ..Message::default()
    };
    let octets = b"\x12\x34\x84\x00\0\x01\0\x01\0\0\0\x01\x03Www\x07example\x03net\0\0\x0f\0\x01\
        \xc0\x0c\0\x0f\0\x01\0\0\0\x3c\0\x07\0\x0a\x02mx\xc0\x10\
        \0\0\x29\x04\xd0\x01\0\x80\0\0\x06\0\x0a\0\x02\x01\x02";
    assert_eq!(message.encode().unwrap(), octets);
    assert_eq!(Message::decode(octets).unwrap(), message);
}

#[test]
fn only_types_of_rfc_1035_are_compressed() {
    let owner = "a.example.net";
    let plain = answer(vec![record(owner, rtype::SRV, "1 2 3 a.example.net")]).encode().unwrap();
    let short = answer(vec![record(owner, rtype::NS, "a.example.net")]).encode().unwrap();
    assert_eq!((plain.len(), short.len()), (12 + 15 + 10 + 6 + 15, 12 + 15 + 10 + 2));
    let mut compressed = plain[..plain.len() - 15].to_vec();
    compressed.extend(b"\xc0\x0c");
    compressed[36] = 8;
    assert_eq!(
        Message::decode(&compressed),
        Message::decode(&plain),
        "others' compression is undone (RFC 3597 section 4)"
    );
}

#[test]
fn faults_have_a_place() {
    let header = b"\0\0\0\0\0\x01\0\0\0\0\0\0";
    let at = |tail: &[u8]| Message::decode(&[header, tail].concat()).unwrap_err();
    assert_eq!(Message::decode(&header[..7]).unwrap_err().offset, 7);
    assert_eq!(
        at(b"\xc0\x0c\0\x01\0\x01"),
        DecodeError { offset: 12, why: "a compression pointer that does not point backwards" }
    );
    assert_eq!(at(b"\x01a\x40\0\0\x01\0\x01"), DecodeError { offset: 14, why: "a label of a type that is not in use" });
    assert_eq!(at(b"\x05ab").offset, 13);
    assert_eq!(at(b"\0\0\x01\0\x01!"), DecodeError { offset: 17, why: "octets follow the last record" });
    let long = [b"\x3f".to_vec(), vec![b'a'; 63]].concat().repeat(4);
    assert_eq!(at(&[long, b"\0\0\x01\0\x01".to_vec()].concat()).why, "a name is longer than 255 octets");
}

#[test]
fn chains_of_pointers_are_bounded() {
    let mut octets = b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\xff\0\x01\0\0\0\0\x02\0\0".to_vec();
    octets[21..23].copy_from_slice(&2_000u16.to_be_bytes());
    octets.truncate(23);
    for n in 0..1_000u16 {
        octets.extend((0xc000 | if n == 0 { 12 } else { 21 + 2 * n }).to_be_bytes());
    }
    octets[7] = 2;
    octets.extend((0xc000 | (23 + 2 * 999u16)).to_be_bytes());
    octets.extend(b"\0\x01\0\x01\0\0\0\0\0\0");
    assert_eq!(Message::decode(&octets).unwrap_err().why, "a name with more than 127 compression pointers");
}

#[test]
fn what_has_no_wire_form_is_refused() {
    let header = |rcode| Message { header: Header { rcode, ..Header::default() }, ..Message::default() };
    assert!(header(16).encode().unwrap_err().0.contains("EDNS"));
    let txt = || Record { rdata: vec![0; 60_000], ..record("a", rtype::TXT, "x") };
    assert!(answer(vec![txt(), txt()]).encode().unwrap_err().0.contains("65535"));
    let bad = Record { rdata: vec![0], ..record("a", rtype::MX, "1 a") };
    assert!(answer(vec![bad]).encode().unwrap_err().0.contains("a. MX"));
}

#[test]
fn names_at_the_greatest_pointer_and_behind_it() {
    let filler = Record { rdata: vec![0; 16_300], ..record(".", 65_280, "\\# 0") };
    let records: Vec<Record> =
        (0..40).map(|n| record(&format!("n{}.example.net", n % 20), rtype::A, "192.0.2.1")).collect();
    let message = answer([vec![filler], records].concat());
    assert_eq!(Message::decode(&message.encode().unwrap()).unwrap(), message);
}

fn any_name() -> impl Strategy<Value = Name> {
    prop::collection::vec("[abAB]{1,2}|\\PC{1,3}", 0..6).prop_map(|labels| {
        let mut wire: Vec<u8> =
            labels.iter().flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
        wire.push(0);
        Name::from_wire(&wire).unwrap()
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let rdata = prop_oneof![
        any_name().prop_map(|name| (rtype::NS, name.as_wire().to_vec())),
        (any::<[u8; 2]>(), any_name())
            .prop_map(|(preference, name)| (rtype::MX, [&preference, name.as_wire()].concat())),
        (any::<[u8; 6]>(), any_name()).prop_map(|(numbers, name)| (rtype::SRV, [&numbers, name.as_wire()].concat())),
        (any_name(), any_name(), any::<[u8; 20]>())
            .prop_map(|(a, b, n)| (rtype::SOA, [a.as_wire(), b.as_wire(), &n].concat())),
        (
            prop::sample::select(vec![rtype::A, rtype::TXT, rtype::SVCB, 65_280]),
            prop::collection::vec(any::<u8>(), 0..20)
        ),
    ];
    (any_name(), rdata, any::<u16>(), any::<u32>()).prop_map(|(name, (rtype, rdata), class, ttl)| Record {
        name,
        rtype,
        class,
        ttl,
        rdata,
    })
}

fn any_message() -> impl Strategy<Value = Message> {
    let options = prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..9)), 0..3);
    let edns = prop::option::of((any::<u16>(), any::<u8>(), any::<bool>(), options).prop_map(
        |(udp_payload_size, version, dnssec_ok, options)| Edns { udp_payload_size, version, dnssec_ok, options },
    ));
    let question =
        (any_name(), any::<u16>(), any::<u16>()).prop_map(|(name, qtype, qclass)| Question { name, qtype, qclass });
    let records = || prop::collection::vec(any_record(), 0..6);
    let header = (any::<[u16; 3]>(), any::<[bool; 7]>(), edns);
    (header, prop::collection::vec(question, 0..3), records(), records(), records()).prop_map(
        |((numbers, flags, edns), question, answer, authority, additional)| {
            let [
                response,
                authoritative,
                truncated,
                recursion_desired,
                recursion_available,
                authentic_data,
                checking_disabled,
            ] = flags;
            let rcode = numbers[2] & if edns.is_some() { 0xfff } else { 15 };
            let header = Header {
                id: numbers[0],
                response,
                opcode: (numbers[1] & 15) as u8,
                authoritative,
                truncated,
                recursion_desired,
                recursion_available,
                authentic_data,
                checking_disabled,
                rcode,
            };
            Message { header, question, answer, authority, additional, edns }
        },
    )
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(message in any_message()) {
        let octets = message.encode().unwrap();
        prop_assert_eq!(Message::decode(&octets).unwrap(), message);
    }

    #[test]
    fn any_octets_are_decoded_or_refused(message in any_message(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
        let mut octets = message.encode().unwrap();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        if let Ok(message) = Message::decode(&octets) {
            prop_assert_eq!(Message::decode(&message.encode().unwrap()).unwrap(), message);
        }
    }
}

/// Octets of the message, and the slots of the compressor's table that were looked at for it.
fn work(owners: impl Iterator<Item = String>) -> (usize, usize) {
    let message = answer(owners.map(|owner| record(&owner, rtype::A, "192.0.2.1")).collect());
    compress::PROBES.set(0);
    let len = message.encode().unwrap().len();
    (len, compress::PROBES.get())
}

/// A name of 125 labels, of which all but one or two stand in the message already.
fn deep(n: usize) -> String {
    format!("{}.{}.{}", n / 60, n % 60, "a.".repeat(123))
}

#[test]
fn the_work_of_compression_grows_with_the_names() {
    let mut before = work((0..100).map(deep)).1;
    for names in [200, 400, 800] {
        let (_, probes) = work((0..names).map(deep));
        assert!(probes * 2 <= before * 5, "{names} names: {probes} slots, half of them: {before}");
        assert!(probes <= names * 256, "two for each label");
        before = probes;
    }
}

#[test]
fn the_work_of_compression_is_bounded() {
    let message = answer((0..4_000).map(|n| record(&deep(n), rtype::A, "192.0.2.1")).collect());
    compress::PROBES.set(0);
    assert!(message.encode().unwrap_err().0.contains("65535"), "beyond the bound names are written in full");
    assert!(compress::PROBES.get() <= 250_000, "{} slots", compress::PROBES.get());
}

#[test]
fn labels_that_fall_into_one_place_cost_no_more_than_the_bound() {
    let falls = |label: &String| compress::hash(label.as_bytes(), 0) & 0x3ff == 0;
    let colliding: Vec<String> = (0..).map(|n: u32| n.to_string()).filter(falls).take(1_000).collect();
    let (len, probes) = work(colliding.into_iter());
    assert!(probes <= 64 * 1_000, "{probes} slots for {len} octets");
}

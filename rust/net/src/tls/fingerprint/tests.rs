use proptest::prelude::*;

use super::*;

const TLS_1_0: u16 = 0x0301;
const TLS_1_2: u16 = 0x0303;
const GREASE: [u16; 3] = [0x0a0a, 0x5a5a, 0xfafa];

/// Octets with their length in so many octets before them.
fn with_length(width: usize, octets: &[u8]) -> Vec<u8> {
    [&octets.len().to_be_bytes()[8 - width..], octets].concat()
}

fn list(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// A ClientHello, the head of its message included; without extensions it ends before their length.
fn message(version: u16, ciphers: &[u16], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend(with_length(1, &[9; 32]));
    body.extend(with_length(2, &list(ciphers)));
    body.extend(with_length(1, &[0]));
    if !extensions.is_empty() {
        let written = extensions.iter().flat_map(|(kind, value)| [kind.to_be_bytes().to_vec(), with_length(2, value)]);
        body.extend(with_length(2, &written.collect::<Vec<_>>().concat()));
    }
    [&[1][..], &with_length(3, &body)].concat()
}

/// In records of at most so many octets.
fn records(message: &[u8], most: usize) -> Vec<u8> {
    message.chunks(most).flat_map(|fragment| [&[22, 3, 1][..], &with_length(2, fragment)].concat()).collect()
}

/// What JA4's own description takes for its example, in another order and with GREASE.
fn browser() -> Vec<u8> {
    let ciphers = [
        0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
        0x002f, 0x0035,
    ];
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let mut extensions = vec![
        (0x1a1a, vec![]),
        (0, with_length(2, &[&[0][..], &with_length(2, b"example.org")].concat())),
        (10, with_length(2, &list(&[0x2a2a, 29, 23, 24]))),
        (11, with_length(1, &[0])),
        (13, with_length(2, &list(&signatures))),
        (16, with_length(2, &[with_length(1, b"h2"), with_length(1, b"http/1.1")].concat())),
        (43, with_length(1, &list(&[0x7a7a, 0x0304, 0x0303]))),
    ];
    let others = [0xff01, 0x0023, 0x0005, 0x0012, 0x0033, 0x002d, 0x001b, 0x4469, 0x0017, 0xfafa, 0x0015];
    extensions.extend(others.map(|kind| (kind, vec![0; 3])));
    message(TLS_1_2, &ciphers, &extensions)
}

fn of(message: &[u8]) -> Fingerprints {
    Fingerprints::of(&records(message, FRAGMENT)).unwrap()
}

const FRAGMENT: usize = 1 << 14;

#[test]
fn ja3_of_its_own_description() {
    let ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    let extensions = [(0, vec![]), (10, with_length(2, &list(&[23, 24, 25]))), (11, with_length(1, &[0]))];
    assert_eq!(of(&message(TLS_1_0, &ciphers, &extensions)).ja3, "ada70206e40642a3e4461f35503241d5");
    let bare = message(TLS_1_0, &[4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], &[]);
    assert_eq!(of(&bare).ja3, "de350869b8c85de67a350c8d186f11e6");
}

#[test]
fn ja4_of_its_own_description() {
    assert_eq!(of(&browser()).ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

#[test]
fn what_a_client_leaves_out_has_its_sign() {
    let of = |message: &[u8]| of(message).ja4;
    assert_eq!(of(&message(TLS_1_0, &[], &[])), "t10i000000_000000000000_000000000000");
    assert_eq!(of(&message(TLS_1_2, &GREASE, &[(GREASE[0], vec![])])), "t12i000000_000000000000_000000000000");
    let named = of(&message(TLS_1_2, &[0x1301], &[(0, vec![])]));
    assert_eq!(&named[..10], "t12d010100");
    assert_eq!(named.rsplit('_').next(), Some(NOTHING), "where to is nothing that tells clients apart");
    let many: Vec<u16> = (0..120).map(|n| 0x1000 + n).collect();
    let extensions: Vec<_> = (0..120).map(|n| (0x1000 + n, vec![])).collect();
    assert_eq!(&of(&message(0x0300, &many, &extensions))[..10], "ts3i999900");
}

#[test]
fn a_protocol_is_told_by_its_ends() {
    for (name, expected) in [
        (&b"h2"[..], "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"", "00"),
        (b"\x0a\x0a", "0a"),
        (b"\xab\xcd", "ad"),
        (b"h-", "6d"),
    ] {
        assert_eq!(protocol(name), expected, "{name:?}");
    }
}

#[test]
fn records_may_be_cut_anywhere_and_more_may_follow() {
    let (whole, expected) = (browser(), of(&browser()));
    for most in [1, 3, 100, whole.len() - 1] {
        let mut octets = records(&whole, most);
        octets.extend([20, 3, 3, 0, 1, 1]);
        assert_eq!(Fingerprints::of(&octets), Some(expected.clone()), "{most}");
    }
}

#[test]
fn what_is_not_whole_or_something_else_has_none() {
    let octets = records(&browser(), 300);
    for length in 0..octets.len() {
        assert_eq!(Fingerprints::of(&octets[..length]), None, "{length}");
    }
    for (at, value) in [(0, 21), (1, 2), (5, 2), (6, 1)] {
        let mut other = octets.clone();
        other[at] = value;
        assert_eq!(Fingerprints::of(&other), None, "{at}");
    }
    assert_eq!(Fingerprints::of(&[22, 3, 1, 0, 0]), None, "an empty fragment");
    assert_eq!(Fingerprints::of(&records(&message(TLS_1_2, &[], &[(10, vec![0, 9, 0])]), FRAGMENT)), None);
    assert_eq!(Fingerprints::of(b"GET / HTTP/1.1\r\n\r\n"), None);
}

proptest! {
    #[test]
    fn no_octets_do_harm(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Fingerprints::of(&octets);
        let _ = Fingerprints::of(&records(&[&[1][..], &with_length(3, &octets)].concat(), 100));
    }

    #[test]
    fn no_change_does_harm(at in 0usize..400, value in any::<u8>(), most in 1usize..400, length in 0usize..500) {
        let mut octets = records(&browser(), most);
        let place = at % octets.len();
        octets[place] = value;
        octets.truncate(length.max(1));
        let _ = Fingerprints::of(&octets);
    }

    #[test]
    fn grease_counts_nowhere(at in 0usize..3, other in 0usize..3) {
        let hello = |grease: u16| {
            let extensions = [(grease, vec![1]), (10, with_length(2, &list(&[grease, 29]))), (13, with_length(2, &list(&[grease])))];
            of(&message(TLS_1_2, &[grease, 0x1301], &extensions))
        };
        prop_assert_eq!(hello(GREASE[at]), hello(GREASE[other]));
    }
}

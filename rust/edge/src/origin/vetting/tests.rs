use super::*;

fn check(address: &str, allowed: &[&str]) -> Result<(), &'static str> {
    Vetting::new(allowed.iter().map(|range| range.parse().unwrap()).collect()).check(address.parse().unwrap())
}

/// Addresses that lead to where no origin may lead.
const REFUSED: [&str; 74] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.0.0.53",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0.0.0.0",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.168.1.1",
    "::ffff:100.64.0.1",
    "::ffff:224.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::192.168.0.1",
    "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "fe80::1",
    "fe80::5efe:7f00:1",
    "febf::1",
    "fec0::1",
    "ff00::1",
    "ff02::1",
    "ffff::1",
];

#[test]
fn every_range_is_understood() {
    assert_eq!(RANGES.len(), SPECIAL.len());
}

#[test]
fn what_is_not_for_origins_is_refused() {
    for address in REFUSED {
        assert!(check(address, &[]).is_err(), "{address}");
    }
}

#[test]
fn what_anybody_may_have_is_admitted() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.1",
        "192.167.255.255",
        "192.169.0.1",
        "198.17.255.255",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2600:1f18::1",
        "2a00::1",
        "3ffe::1",
    ] {
        assert_eq!(check(address, &[]), Ok(()), "{address}");
    }
}

#[test]
fn what_is_allowed_is_admitted_and_nothing_beside_it() {
    assert_eq!(check("127.0.0.1", &["127.0.0.0/8"]), Ok(()));
    assert_eq!(check("::ffff:127.0.0.1", &["127.0.0.0/8"]), Ok(()), "the same address");
    assert_eq!(check("64:ff9b::10.0.0.1", &["10.0.0.0/8"]), Ok(()));
    assert_eq!(check("::1", &["::1/128"]), Ok(()));
    assert_eq!(check("fd00::1", &["fd00::/8"]), Ok(()));
    for (address, allowed) in [
        ("127.0.0.1", "::/0"),
        ("::ffff:127.0.0.1", "::/0"),
        ("::1", "127.0.0.0/8"),
        ("10.0.0.1", "127.0.0.0/8"),
        ("169.254.169.254", "10.0.0.0/8"),
        ("127.0.0.2", "127.0.0.1/32"),
    ] {
        assert!(check(address, &[allowed]).is_err(), "{address} with {allowed} allowed");
    }
}

#[test]
fn hosts_are_names_or_addresses_and_nothing_that_looks_like_either() {
    for (written, name) in [
        ("Origin.Example.NET", "origin.example.net"),
        ("origin.example.net.", "origin.example.net"),
        ("localhost", "localhost"),
        ("my_bucket.s3.example", "my_bucket.s3.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8:0::1", "2001:db8::1"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(Host::parse(written).map(|host| host.name().to_owned()), Ok(name.to_owned()));
    }
    let long = "a".repeat(64);
    let many = "a.".repeat(127) + "a";
    for written in [
        "",
        ".",
        "a..b",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0x",
        "127.0.0.1.",
        "127.0.0.01",
        "127.0.0.256",
        "1.2.3.4.5",
        "a.0x10",
        "fe80::1%eth0",
        "[::1",
        "::1]",
        "[127.0.0.1]:80",
        "a:80",
        "a/b",
        "a b",
        "a@b",
        "user:pass@a",
        "a\0b",
        "a\r\nb",
        "a%2eb",
        "a#b",
        "a?b",
        "a\\b",
        "-a.example",
        "a-.example",
        "bücher.example",
        "①②⑦.①",
        "127。0。0。1",
        &long,
        &many,
    ] {
        assert!(Host::parse(written).is_err(), "{written}");
    }
}

use super::*;
use crate::wire::rtype::*;
use proptest::prelude::*;

/// Text, and the text that it comes back as.
const FORMS: &[(u16, &str, &str)] = &[
    (A, "192.0.2.1", "192.0.2.1"),
    (AAAA, "2001:DB8:0::1", "2001:db8::1"),
    (NS, "ns1", "ns1.example.net."),
    (SOA, "ns1 host.master 1 2h 15m 2w ( 1d )", "ns1.example.net. host.master.example.net. 1 7200 900 1209600 86400"),
    (MX, "10 @", "10 example.net."),
    (TXT, "a \"b c\" \"q\\\" \\\\ \\007\" \"\"", "\"a\" \"b c\" \"q\\\" \\\\ \\007\" \"\""),
    (HINFO, "PC \"Linux 6\"", "\"PC\" \"Linux 6\""),
    (MINFO, "r. e.", "r. e."),
    (WKS, "10.0.0.1 TCP 25 80 DOMAIN", "10.0.0.1 6 25 53 80"),
    (RT, "10 relay", "10 relay.example.net."),
    (X25, "311061700956", "\"311061700956\""),
    (ISDN, "150862028003217 004", "\"150862028003217\" \"004\""),
    (ISDN, "150862028003217", "\"150862028003217\""),
    (RP, "admin txt.example.", "admin.example.net. txt.example."),
    (AFSDB, "1 db", "1 db.example.net."),
    (APL, "1:192.168.32.0/21 !1:192.168.38.0/28", "1:192.168.32.0/21 !1:192.168.38.0/28"),
    (APL, "1:224.0.0.0/4 ( 2:FF00:0:0::/8 )", "1:224.0.0.0/4 2:ff00::/8"),
    (APL, "!1:0.0.0.0/0 2:::/0 1:10.1.2.3/8", "!1:0.0.0.0/0 2:::/0 1:10.1.2.3/8"),
    (APL, "", ""),
    (PX, "10 map822 prmd-net.", "10 map822.example.net. prmd-net."),
    (DHCID, "AAIB Y2/A", "AAIBY2/A"),
    (SRV, "0 5 5060 sip", "0 5 5060 sip.example.net."),
    (NAPTR, "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."),
    (CAA, "0 issue \"ca.example; x=1\"", "0 issue \"ca.example; x=1\""),
    (DS, "60485 RSASHA1 1 2bb1 83af", "60485 5 1 2BB183AF"),
    (TLSA, "3 1 1 ABCDEF", "3 1 1 ABCDEF"),
    (SSHFP, "4 2 abcd", "4 2 ABCD"),
    (DNSKEY, "257 3 13 AQID", "257 3 13 AQID"),
    (CDNSKEY, "0 3 0 AA==", "0 3 0 AA=="),
    (URI, "10 1 \"https://example.net/\"", "10 1 \"https://example.net/\""),
    (SPF, "\"v=spf1 -all\"", "\"v=spf1 -all\""),
    (EUI48, "00-00-5e-00-53-2a", "00-00-5e-00-53-2a"),
    (HTTPS, "1 . alpn=\"h2,h3\" port=8443", "1 . alpn=h2,h3 port=8443"),
    (SVCB, "0 svc.example.net.", "0 svc.example.net."),
    (TXT, r#"a="b c"d"#, r#""a=" "b c" "d""#),
    (LOC, "51 30 12.748 N 0 7 39.611 W 0.00m", "51 30 12.748 N 0 7 39.611 W 0.00m 1.00m 10000.00m 10.00m"),
    (LOC, "1 S 180 E -100000 20m", "1 0 0.000 S 180 0 0.000 E -100000.00m 20.00m 10000.00m 10.00m"),
    (65_280, "\\# 3 ab ( 01\n ff )", "\\# 3 AB01FF"),
    (65_280, "\\# 0", "\\# 0"),
    (A, "\\# 4 0a000001", "10.0.0.1"),
    (NULL, "\\# 2 0102", "\\# 2 0102"),
];

/// What is refused, and a word of the reason.
const FAULTS: &[(u16, &str, &str)] = &[
    (A, "192.0.2", "IPv4"),
    (A, "192.0.2.1 2", "after the end"),
    (A, "\\# 4 0a0000", "announces"),
    (A, "\\# 3 0a0000", "not the data of A"),
    (AAAA, "::g", "IPv6"),
    (MX, "65536 a", "65535"),
    (MX, "+1 a", "65535"),
    (MX, "10", "missing"),
    (PX, "10 map822", "missing"),
    (DHCID, "AA*B", "Base 64"),
    (ISDN, "", "missing"),
    (ISDN, "1 2 3", "after the end"),
    (APL, "1:192.0.2.0", "prefix"),
    (APL, "1:192.0.2.0/33", "prefix"),
    (APL, "1:192.0.2.0/+8", "prefix"),
    (APL, "2:192.0.2.0/24", "prefix"),
    (APL, "3:192.0.2.0/24", "prefix"),
    (APL, "!!1:192.0.2.0/24", "prefix"),
    (APL, "\\# 7 0001180301000000", "announces"),
    (APL, "\\# 7 00011803010000", "not the data of APL"),
    (NS, "a..b", "empty label"),
    (TXT, "", "missing"),
    (TXT, "\"open", "not closed"),
    (TXT, "\\256", "255"),
    (CAA, "0 is-sue x", "tag"),
    (DS, "1 2 3 abc", "odd"),
    (DNSKEY, "257 3 13 AQ", "Base 64"),
    (LOC, "91 N 0 E 0", "location"),
    (LOC, "90 0 0.001 N 0 E 0", "90 degrees"),
    (NULL, "abc", "RFC 3597"),
    (65_280, "1.2.3.4", "RFC 3597"),
    (HTTPS, "1 . alpn", "HTTPS"),
    (A, "192.0.2.1\n192.0.2.2", "line end"),
];

fn origin() -> Name {
    Name::from_text("example.net.").unwrap()
}

#[test]
fn every_form_reads_and_shows() {
    for (rtype, text, shown) in FORMS {
        let wire = rdata_from_text(*rtype, text, Some(&origin())).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(rdata_to_text(*rtype, &wire), *shown);
        assert_eq!(rdata_from_text(*rtype, shown, None).unwrap(), wire, "{shown}");
    }
}

#[test]
fn faults_say_what_is_wrong() {
    for (rtype, text, word) in FAULTS {
        let why = rdata_from_text(*rtype, text, Some(&origin())).expect_err(text);
        assert!(why.contains(word), "{text}: {why}");
    }
}

#[test]
fn a_character_string_has_255_octets_at_most() {
    assert!(rdata_from_text(TXT, &"a".repeat(255), None).is_ok());
    assert!(rdata_from_text(TXT, &"a".repeat(256), None).unwrap_err().contains("256"));
}

#[test]
fn a_name_that_the_form_cannot_show_is_kept_as_octets() {
    for name in ["\\(", "\\)", "\\;", "\\\""] {
        let wire = rdata_from_text(NSEC, &format!("{name}. A"), None).unwrap();
        let shown = rdata_to_text(NSEC, &wire);
        assert_eq!(rdata_from_text(NSEC, &shown, None), Ok(wire), "{shown}");
    }
}

#[test]
fn malformed_rdata_is_shown_as_unknown() {
    for (rtype, rdata) in [
        (A, &b"\x01\x02"[..]),
        (MX, b"\0\x0a\xc0\x0c"),
        (TXT, b""),
        (SVCB, b"\0"),
        (LOC, &[1; 16]),
        (APL, b"\0\x01\x21\0"),
    ] {
        assert!(rdata_to_text(rtype, rdata).starts_with("\\# "), "{rtype}");
        assert!(!is_well_formed(rtype, rdata));
    }
}

/// The same octets from this module and from the crate `domain`, for types that both know.
fn through_domain(rtype: u16, text: &str) -> Option<Vec<u8>> {
    use domain::base::rdata::ComposeRecordData;
    use domain::zonefile::inplace::{Entry, Zonefile};
    let line = format!("x.example.net. 1 IN {} {text}\n", rtypes::to_text(rtype));
    let mut zonefile = Zonefile::from(line.as_bytes());
    zonefile.set_origin(domain::base::Name::from_octets(origin().as_wire().to_vec().into()).ok()?);
    let Ok(Some(Entry::Record(record))) = zonefile.next_entry() else { return None };
    let mut out = Vec::new();
    record.data().compose_rdata(&mut out).ok()?;
    Some(out)
}

#[test]
fn agrees_with_the_domain_crate() {
    const OWN: &[u16] = &[WKS, RT, RP, AFSDB, X25, ISDN, APL, PX, DHCID, LOC, URI, SPF, EUI48, SOA]; // not known there, or units of time are not
    let mut compared = 0;
    for (rtype, text, _) in FORMS.iter().filter(|(rtype, ..)| !OWN.contains(rtype)) {
        let text = text.replace('@', "example.net.").replace("RSASHA1", "5"); // domain reads neither here
        let other = through_domain(*rtype, &text).unwrap_or_else(|| panic!("domain refuses {rtype} {text}"));
        assert_eq!(rdata_from_text(*rtype, &text, Some(&origin())).unwrap(), other, "{text}");
        compared += 1;
    }
    assert!(compared >= 20);
}

fn known_type() -> impl Strategy<Value = u16> {
    prop_oneof![0u16..70, 99u16..110, 249u16..260]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn shown_rdata_reads_back(rtype in known_type(), rdata in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = rdata_to_text(rtype, &rdata);
        match rdata_from_text(rtype, &text, None) {
            Ok(again) => prop_assert_eq!(again, rdata),
            Err(_) => prop_assert!(text.starts_with("\\# ") && !is_well_formed(rtype, &rdata)),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(rtype in known_type(), text in "[ -~\n\t]{0,60}") {
        if let Ok(wire) = rdata_from_text(rtype, &text, None) {
            prop_assert!(is_well_formed(rtype, &wire));
            let shown = rdata_to_text(rtype, &wire);
            prop_assert_eq!(rdata_from_text(rtype, &shown, None), Ok(wire));
        }
    }

    #[test]
    fn small_fields_agree_with_domain(rtype in prop::sample::select(vec![NAPTR, SRV, MX, DS, TLSA, SSHFP, CAA, TXT, HTTPS]), text in "([0-9]{1,3}|[a-c.]{1,4}|\"[a-z ]{0,3}\"|port=9| ){1,9}") {
        let text = text.replace("\"\"", "\" \"");
        if let (Ok(ours), Some(theirs)) = (rdata_from_text(rtype, &text, Some(&origin())), through_domain(rtype, &text)) {
            prop_assert_eq!(ours, theirs);
        }
    }
}

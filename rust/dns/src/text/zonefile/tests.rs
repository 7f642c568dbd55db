use super::super::write;
use super::*;
use proptest::prelude::*;

type Owned = (Vec<u8>, u16, u32, Vec<u8>);

/// A directory of files that is removed at the end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let dir = std::env::temp_dir().join(format!("edgeplane-zonefile-{name}-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("sub")).unwrap();
        for (file, text) in files {
            std::fs::write(dir.join(file), text).unwrap();
        }
        Self(dir)
    }

    fn read(&self, file: &str, origin: Option<&str>) -> (Result<Name, Faults>, String) {
        let mut shown = String::new();
        let origin = origin.map(|origin| Name::from_text(origin).unwrap());
        let mut sink = |record: &Record<'_>, line: u32| {
            shown.push_str(&format!("{line}: "));
            write::push_record(record, &mut shown);
        };
        let name = read(&self.0.join(file), origin.as_ref(), &mut sink);
        (name, shown.replace('\t', " "))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn records(text: &str) -> Result<Vec<Owned>, Faults> {
    let mut records = Vec::new();
    let mut sink = |r: &Record<'_>, _: u32| records.push((r.owner.to_vec(), r.rtype, r.ttl, r.rdata.to_vec()));
    read_text("text", text.as_bytes(), &Name::from_text("example.net").unwrap(), &mut sink)?;
    Ok(records)
}

fn faults(text: &str) -> Vec<(u32, String)> {
    records(text).unwrap_err().0.into_iter().map(|fault| (fault.line, fault.message)).collect()
}

#[test]
fn a_zone_as_people_write_them() {
    let text = "\u{feff}; comment\r\n$TTL 1h\r\n@ IN SOA ns1 host ( 1 ; serial\r\n 7200 900\r\n 2w 86400 )\r\n\tNS ns1\r\n\
        ns1 300 IN A 192.0.2.1\r\n IN 400 AAAA 2001:db8::1\r\n\r\n   ; blank\r\nwww CNAME @\r\n$ORIGIN sub\r\na.b TXT ( \"x;y\" z )\r\nlast. A 192.0.2.9";
    let files = Files::new("people", &[("example.net.zone", text)]);
    let (name, shown) = files.read("example.net.zone", None);
    assert_eq!(name.unwrap().to_string(), "example.net.");
    assert_eq!(
        shown,
        "3: example.net. 3600 IN SOA ns1.example.net. host.example.net. 1 7200 900 1209600 86400\n\
         6: example.net. 3600 IN NS ns1.example.net.\n\
         7: ns1.example.net. 300 IN A 192.0.2.1\n\
         8: ns1.example.net. 400 IN AAAA 2001:db8::1\n\
         11: www.example.net. 3600 IN CNAME example.net.\n\
         13: a.b.sub.example.net. 3600 IN TXT \"x;y\" \"z\"\n\
         14: last. 3600 IN A 192.0.2.9\n"
    );
}

#[test]
fn the_zone_is_what_is_given_else_the_first_origin_else_the_file() {
    let soa = "@ 60 SOA a. b. 1 2 3 4 5\n";
    let bind = "$ORIGIN .\nexample.org 60 SOA a. b. 1 2 3 4 5\n";
    let files = Files::new(
        "origin",
        &[("b.test.zone", soa), ("o.zone", &format!("$ORIGIN c.test.\n{soa}")), ("bind.zone", bind)],
    );
    let name = |file: &str, origin| files.read(file, origin).0.unwrap().to_string();
    assert_eq!(name("b.test.zone", None), "b.test.");
    assert_eq!(name("b.test.zone", Some("a.test")), "a.test.");
    assert_eq!(name("o.zone", None), "c.test.");
    assert_eq!(name("bind.zone", None), "example.org.");
    assert_eq!(zone_name(&files.0.join("bind.zone"), None).unwrap().to_string(), "example.org.");
}

#[test]
fn includes_are_relative_and_leave_the_origin_alone() {
    let files = Files::new(
        "include",
        &[
            ("m.zone", "$TTL 5\n$INCLUDE sub/a.inc sub\nx A 192.0.2.1\n$INCLUDE none.inc\n"),
            ("sub/a.inc", "y A 192.0.2.2\n$INCLUDE b.inc\nbad\n"),
            ("sub/b.inc", "@ TXT z\n"),
            ("ring.zone", "$INCLUDE ring.zone\n"),
        ],
    );
    let (name, shown) = files.read("m.zone", None);
    assert_eq!(shown, "1: y.sub.m. 5 IN A 192.0.2.2\n1: sub.m. 5 IN TXT \"z\"\n3: x.m. 5 IN A 192.0.2.1\n");
    let faults = name.unwrap_err().0;
    assert!(faults[0].place.ends_with("sub/a.inc") && faults[0].line == 3, "{faults:?}");
    assert!(faults[1].place.ends_with("m.zone") && faults[1].line == 4 && faults[1].message.contains("none.inc"));
    let ring = files.read("ring.zone", None).0.unwrap_err().0;
    assert!(ring.len() == 1 && ring[0].message.contains("ring"), "{ring:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let files = Files::new("missing", &[]);
    let fault = &files.read("none.zone", None).0.unwrap_err().0[0];
    assert!(fault.place.ends_with("none.zone") && fault.message.contains("No such file"), "{fault}");
    let fault = &files.read("sub", Some("x.")).0.unwrap_err().0[0];
    assert!(fault.message.contains("regular"), "{fault}");
}

#[test]
fn every_fault_is_told_with_its_line() {
    let text = "$TTL 300\nx A 1.2.3\ny A 192.0.2.1\n\n) z A 192.0.2.1\nw BLA 1\nv CH A 192.0.2.1\n$NOPE 1\nu TXT \"open\nt ANY x\n";
    let lines: Vec<u32> = faults(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 5, 6, 7, 8, 9, 10]);
    assert!(faults(" A 192.0.2.1").first().unwrap().1.contains("no owner"));
    assert!(faults("x A 192.0.2.1").first().unwrap().1.contains("no TTL"));
    assert!(faults("x 1 A ( 192.0.2.1\ny A 192.0.2.1\n").last().unwrap().1.contains("parentheses"));
    let many = "x A bad\n".repeat(1_000);
    assert_eq!(faults(&many).len(), MAX_FAULTS + 1);
}

#[test]
fn generate_counts_and_shapes_numbers() {
    let shown = |line: &str| {
        let records = records(&format!("$TTL 1\n{line}\n")).unwrap();
        let mut out = Vec::new();
        write::export(records, &mut out).unwrap();
        String::from_utf8(out).unwrap().replace('\t', " ")
    };
    assert_eq!(
        shown("$GENERATE 1-5/2 h$ 60 IN A 192.0.2.$"),
        "h1.example.net. 60 IN A 192.0.2.1\nh3.example.net. 60 IN A 192.0.2.3\nh5.example.net. 60 IN A 192.0.2.5\n"
    );
    assert_eq!(shown("$GENERATE 10-10 ${-3,3} TXT ${0,4,x}-$$-\\$"), "007.example.net. 1 IN TXT \"000a-$-$\"\n");
    let parameters = shown("$GENERATE 1-1 h 1 IN SVCB 1 . alpn=\"h$,h3\"\n$GENERATE 1-1 h 1 IN TXT a=\"b $\"\n");
    assert_eq!(parameters, "h.example.net. 1 IN SVCB 1 . alpn=h1,h3\nh.example.net. 1 IN TXT \"a=\" \"b 1\"\n");
    assert_eq!(shown("$GENERATE 26-26 ${0,3,n} PTR h${0,0,N}."), "a.1.example.net. 1 IN PTR hA.1.\n");
    for bad in [
        "2-1 a A 192.0.2.1",
        "1-2 a A",
        "1-2/0 a A 192.0.2.$",
        "1-2 ${0,1,q} A 192.0.2.1",
        "0-2000000000 a$ A 192.0.2.1",
        "1-2 a A ${",
    ] {
        assert_eq!(faults(&format!("$TTL 1\n$GENERATE {bad}\n")).len(), 1, "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_text_ends_and_good_records_survive_export(text in "([a-c@]|\\$(ORIGIN|TTL|GENERATE|INCLUDE)?| |\t|\n|A|TXT|MX|IN|3|\"|\\(|\\)|;|\\\\|1-3|192.0.2.1|\\.){0,40}") {
        let text = format!("$TTL 9\n{text}");
        if let Ok(first) = records(&text) {
            let mut out = Vec::new();
            write::export(first.clone(), &mut out).unwrap();
            prop_assert_eq!(records(&String::from_utf8(out).unwrap()).unwrap(), first);
        }
    }

    #[test]
    fn any_octets_end(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_text("text", &text, &Name::root(), &mut |_: &Record<'_>, _: u32| {});
    }
}

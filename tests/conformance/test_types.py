"""Every record type comes back as it was written, ANY is one whole set, and what does not fit says so."""

import dns.rdatatype
import pytest

from .ask import Question
from .court import court
from .verdict import faults, told

ZONE = r"""
$ORIGIN types.corner.
$TTL 300
@ SOA ns1 admin 1 7200 900 1209600 60
@ NS ns1
ns1 A 192.0.2.53
all A 192.0.2.1
all A 192.0.2.2
all AAAA 2001:db8::1
all MX 10 ns1
all TXT "one" "two; with a semicolon" "back\\slash \"quote\" \200"
all SPF "v=spf1 -all"
all SRV 1 2 53 ns1
all NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
all CAA 0 issue "ca.example.net"
all CAA 128 iodef "mailto:a@example.net"
all TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
all SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
all SVCB 1 svc.example. alpn="h2,h3" port="8443" ipv4hint="192.0.2.1" key65280="x"
all SVCB 0 alias.example.
all HTTPS 1 . mandatory="alpn" alpn="h2" ipv6hint="2001:db8::1"
all LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
all LOC 0 0 0.001 S 179 59 59.999 W 42849672.95m 90000000m 0.01m 1m
all URI 10 1 "https://example.net/path?x=y"
all PTR ns1
all HINFO "PC" "OS"
all RP admin.example. txt.example.
all AFSDB 1 ns1
all RT 10 ns1
all APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8
all MINFO a.example. b.test.
all KX 1 ns1
all CERT 1 2 3 AQID
all OPENPGPKEY AQIDBA==
all SMIMEA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
all EUI48 00-00-5e-00-53-2a
all EUI64 00-00-5e-ef-10-00-00-2a
all TYPE65280 \# 4 01020304
all TYPE65281 \# 0
cut NS ns.elsewhere.
cut DS 1 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
dname DNAME elsewhere.
alias CNAME elsewhere.
"""
OLD = r"""
$ORIGIN old.corner.
$TTL 300
@ SOA ns1 admin 1 7200 900 1209600 60
@ NS ns1
ns1 A 192.0.2.53
all MB ns1
all X25 "311061700956"
all ISDN "150862028003217" "004"
all MG ns1
all MR ns1
all WKS 192.0.2.1 6 25 53
"""
"""Types that Knot does not know by name, or reads as numbers."""
SIZES = (3, 4, 5, 10, 11, 30, 31)
"""Records of a set that is asked for with too little and just enough room."""
SETS = "".join(f't{n} TXT "{i:02} {"t" * 93}"\n' for n in SIZES for i in range(n))
APEX = ZONE.split("all A ")[0].replace("types", "sizes")
ZONES = {"types.corner.": ZONE, "sizes.corner.": APEX + SETS}


def types(zone: str) -> list[str]:
    """The types at `all` in a zone."""
    return sorted({line.split()[1] for line in zone.splitlines() if line.startswith("all ")})


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    with court(tmp_path_factory.mktemp("types") / "court", ZONES) as servers:
        yield servers


@pytest.mark.parametrize("rdtype", [*types(ZONE), "SOA", "NS", "DS", "CNAME", "DNAME"])
def test_every_type_is_served_as_written(judged, rdtype):
    owner = {"SOA": "", "NS": "", "DS": "cut.", "CNAME": "alias.", "DNAME": "dname."}.get(rdtype, "all.")
    case = judged.hear([Question(f"{owner}types.corner.", rdtype)], ZONES)[0]
    found = faults(case, (), set())
    assert not found, told(case, found)
    assert {kind for _, kind, _, _ in case.ours.answer} == {dns.rdatatype.from_text(rdtype)}


@pytest.fixture(scope="module")
def judged_without_knot(tmp_path_factory):
    with court(tmp_path_factory.mktemp("old") / "court", {"old.corner.": OLD}, ("bind", "nsd")) as servers:
        yield servers


@pytest.mark.parametrize("rdtype", types(OLD))
def test_old_types_are_served_as_written(judged_without_knot, rdtype):
    case = judged_without_knot.hear([Question("all.old.corner.", rdtype)], {"old.corner.": OLD})[0]
    found = faults(case, (), set())
    assert not found, told(case, found)
    assert len(case.ours.answer) == 1


@pytest.mark.parametrize("name", ["all", "@", "cut", "x.cut", "alias", "x.dname", "nothing", "ns1"])
def test_any_is_one_whole_set_of_those_that_the_judges_give(judged, name):
    """RFC 8482 section 4.1; all else is as without it."""
    question = Question("types.corner." if name == "@" else f"{name}.types.corner.", "ANY")
    case = judged.hear([question], ZONES, tcp=True)[0]
    bind = case.judges["bind"]
    assert (case.ours.rcode, case.ours.aa, case.ours.authority) == (bind.rcode, bind.aa, bind.authority)
    kinds = {(owner, kind) for owner, kind, _, _ in case.ours.answer}
    assert case.ours.answer == {record for record in bind.answer if record[:2] in kinds}
    assert bool(kinds) == bool(bind.answer)
    assert len(kinds) <= 1 or name == "x.dname"


@pytest.mark.parametrize("records", SIZES)
def test_what_does_not_fit_is_truncated_by_one_octet(judged, records):
    question = Question(f"t{records}.sizes.corner.", "TXT")
    whole = judged.servers["edgeplane"].ask_tcp(question.packet(1))
    for payload in {0, 100, 511, 512, len(whole) - 1, len(whole), 1231, 1232, 1233, 4096, 65535}:
        room = min(max(payload, 512), 1232)
        packet = question.packet(payload, payload)
        for name, server in judged.servers.items():
            answer = server.ask([packet])[0]
            assert len(answer) <= room, (name, payload)
            assert bool(answer[2] & 2) == (len(whole) > room), (name, payload)


@pytest.mark.parametrize("records", SIZES)
def test_without_edns_an_answer_has_512_octets_at_most(judged, records):
    question = Question(f"t{records}.sizes.corner.", "TXT", edns=False)
    case, whole = judged.hear([question], ZONES)[0], judged.hear([question], ZONES, tcp=True)[0]
    assert case.ours.tc == all(answer.tc for answer in case.judges.values()) == (records > 4)
    assert not whole.ours.tc
    assert len(whole.ours.answer) == records
    assert not faults(whole, (), set())

"""Messages and rdata against dnspython and dnslib."""

import contextlib

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.core.dns import Edns, Message, Question, Record, Zone, decode, encode, type_mnemonic, type_number
from edgeplane.errors import ContentError

label = st.text("abcxyzABC019-_", min_size=1, max_size=8)
name = st.lists(label, max_size=5).map(lambda labels: ".".join(labels) + ".")
word = st.text('abcdefgh "\\;()äß\x07', max_size=20)
u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
DIGESTS = {1: 32, 2: 64}
"""Octets of the matching types of TLSA that are digests (RFC 6698 section 2.1.3): the other reader measures them."""
hexadecimal = st.binary(min_size=1, max_size=20).map(bytes.hex)


def quoted(text: str) -> str:
    octets = "".join(chr(o) if 32 <= o < 127 and o not in b'"\\' else f"\\{o:03}" for o in text.encode())
    return f'"{octets}"'


def joined(*parts: st.SearchStrategy) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda values: " ".join(map(str, values)))


string = word.map(quoted)
prefix = st.builds(
    lambda negation, address, length: f"{negation}{1 if address.version == 4 else 2}:{address}/{length}",
    st.sampled_from(["", "!"]),
    st.ip_addresses(),
    st.integers(0, 32),
)
association = joined(st.just(0) | st.integers(3, 255), hexadecimal) | st.one_of(
    joined(st.just(kind), st.binary(min_size=length, max_size=length).map(bytes.hex))
    for kind, length in DIGESTS.items()
)
RDATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "NS": name,
    "CNAME": name,
    "PTR": name,
    "DNAME": name,
    "SOA": joined(name, name, u32, *[st.integers(0, 2**31 - 1)] * 4),
    "MX": joined(u16, name),
    "TXT": st.lists(string, min_size=1, max_size=3).map(" ".join),
    "SPF": string,
    "HINFO": joined(string, string),
    "RP": joined(name, name),
    "AFSDB": joined(u16, name),
    "RT": joined(u16, name),
    "X25": string,
    "ISDN": string | joined(string, word.filter(bool).map(quoted)),
    "APL": st.lists(prefix, max_size=4).map(" ".join),
    "SRV": joined(u16, u16, u16, name),
    "NAPTR": joined(u16, u16, string, string, string, name),
    "CAA": joined(u8, st.sampled_from(["issue", "issuewild", "iodef"]), string),
    "DS": joined(u16, u8, st.just(0xAB), hexadecimal),
    "TLSA": joined(u8, u8, association),
    "SSHFP": joined(st.integers(1, 4), st.integers(5, 255), hexadecimal),
    "URI": joined(u16, u16, word.filter(bool).map(quoted)),
    "TYPE65280": st.binary(max_size=20).map(lambda octets: f"\\# {len(octets)} {octets.hex()}".rstrip()),
    "SVCB": joined(st.integers(1, 65535), name, st.sampled_from(["", "port=8443", 'alpn="h2,h3"'])),
    "LOC": joined(
        st.integers(0, 89), st.integers(0, 59), st.integers(0, 59), st.sampled_from("NS"),
        st.integers(0, 179), st.integers(0, 59), st.integers(0, 59), st.sampled_from("EW"), st.just("10m"),
    ),
}  # fmt: skip
rdata = st.sampled_from(sorted(RDATA)).flatmap(lambda mnemonic: st.tuples(st.just(mnemonic), RDATA[mnemonic]))
record = st.builds(
    lambda owner, data, ttl: Record.of(owner, data[0], ttl, data[1]), name, rdata, st.integers(0, 2**31 - 1)
)
records = st.lists(record, max_size=4).map(tuple)
edns = st.builds(
    Edns,
    udp_payload_size=u16,
    dnssec_ok=st.booleans(),
    options=st.lists(st.tuples(st.integers(65001, 65010), st.binary(max_size=8)), max_size=2).map(tuple),
)
flags = {
    key: st.booleans() for key in ("response", "authoritative", "truncated", "recursion_desired", "authentic_data")
}
message = st.builds(
    Message,
    id=u16,
    rcode=st.integers(0, 10),
    question=st.builds(Question.of, name, st.sampled_from(sorted(RDATA))).map(lambda question: (question,)),
    answer=records,
    authority=records,
    additional=records,
    edns=st.none() | edns,
    **flags,
)


@given(rdata)
def test_rdata_reads_as_dnspython_reads_it(data):
    mnemonic, text = data
    ours = Record.of(".", mnemonic, 0, text)
    theirs = dns.rdata.from_text("IN", mnemonic, text, origin=dns.name.root, relativize=False)
    assert ours.rdata == theirs.to_wire()
    assert dns.rdata.from_text("IN", mnemonic, ours.text, origin=dns.name.root, relativize=False) == theirs


@given(message)
def test_decode_undoes_encode(message):
    assert decode(encode(message)) == message


@given(message)
def test_dnspython_reads_what_we_write(message):
    theirs = dns.message.from_wire(encode(message), one_rr_per_rrset=True)
    assert (theirs.id, theirs.rcode()) == (message.id, message.rcode)
    assert bool(theirs.flags & dns.flags.AA) == message.authoritative
    assert [str(q.name) for q in theirs.question] == [q.name for q in message.question]
    assert wires(theirs.answer) == [(r.name, r.type, r.ttl, r.rdata) for r in message.answer]
    assert wires(theirs.authority) == [(r.name, r.type, r.ttl, r.rdata) for r in message.authority]
    assert theirs.edns == (-1 if message.edns is None else 0)


@given(message)
def test_we_read_what_dnspython_writes(message):
    theirs = dns.message.from_wire(encode(message), one_rr_per_rrset=True)
    ours = decode(theirs.to_wire(max_size=65535))
    assert folded(ours) == folded(message), "dnspython points to names in another case"


@given(
    st.lists(st.builds(lambda n, a: (n, str(a)), name.filter(lambda n: n != "."), st.ip_addresses(v=4)), max_size=5),
    u16,
)
def test_dnslib_and_we_read_each_other(pairs, number):
    theirs = dnslib.DNSRecord(dnslib.DNSHeader(id=number, qr=1))
    theirs.add_question(dnslib.DNSQuestion("example.net", dnslib.QTYPE.A))
    for owner, address in pairs:
        theirs.add_answer(dnslib.RR(owner, dnslib.QTYPE.A, rdata=dnslib.A(address), ttl=60))
    ours = decode(theirs.pack())
    assert [(r.name.lower(), r.text) for r in ours.answer] == [(owner.lower(), address) for owner, address in pairs]
    again = dnslib.DNSRecord.parse(encode(ours))
    assert [(str(rr.rname).lower(), str(rr.rdata)) for rr in again.rr] == [(o.lower(), a) for o, a in pairs]


@given(message, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5))
def test_a_damaged_message_is_refused_or_round_trips(message, changes):
    packet = bytearray(encode(message))
    for at, octet in changes:
        packet[at % len(packet)] = octet
    with contextlib.suppress(ValueError):
        again = decode(bytes(packet))
        assert decode(encode(again)) == again


@given(st.binary(max_size=60))
def test_any_octets_are_a_message_or_a_value_error_with_a_place(octets):
    try:
        decode(octets)
    except ValueError as error:
        place = str(error)
    else:
        place = "octet 12: a header alone"
    assert place.startswith("octet ")


def test_type_names():
    assert (type_number("aaaa"), type_number("TYPE65280"), type_mnemonic(257), type_mnemonic(65280)) == (
        28,
        65280,
        "CAA",
        "TYPE65280",
    )
    with pytest.raises(ValueError, match="not a record type"):
        type_number("NONE")


def test_what_has_no_wire_form_is_a_value_error():
    for wrong in (Message(rcode=16), Message(question=(Question("a..b", 1),)), Message(opcode=16)):
        with pytest.raises(ValueError, match=r"EDNS|empty|opcode"):
            encode(wrong)


def test_a_zone_file_and_its_faults(tmp_path):
    path = tmp_path / "example.net.zone"
    path.write_text("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n")
    zone = Zone.read(path)
    assert zone.name == "example.net."
    assert [str(record) for record in zone][-1] == "ns.example.net. 60 IN A 192.0.2.1"
    path.write_text("$TTL 60\nns A 192.0.2\n")
    with pytest.raises(ContentError) as caught:
        Zone.read(path)
    assert [(fault.place, fault.line) for fault in caught.value.faults] == [(str(path), 2)]


def folded(message: Message) -> list[tuple[str, int, bytes]]:
    sections = (message.question, message.answer, message.authority, message.additional)
    return [(r.name.lower(), r.type, getattr(r, "rdata", b"").lower()) for section in sections for r in section]


def wires(rrsets: list[dns.rrset.RRset]) -> list[tuple[str, int, int, bytes]]:
    return [(str(s.name), int(s.rdtype), s.ttl, rdata.to_wire()) for s in rrsets for rdata in s]

"""Encode and decode beside dnslib's: `pytest tests/unit/core/test_benchmark.py --benchmark-enable`."""

import dnslib
import pytest

from edgeplane.core.dns import decode, encode

pytestmark = pytest.mark.benchmark(group="message")


@pytest.fixture(scope="module")
def packet() -> bytes:
    answer = dnslib.DNSRecord(dnslib.DNSHeader(id=1, qr=1, aa=1), q=dnslib.DNSQuestion("www.example.net"))
    for n in range(8):
        answer.add_answer(dnslib.RR("www.example.net", rdata=dnslib.A(f"192.0.2.{n}"), ttl=300))
    answer.add_ar(dnslib.EDNS0(udp_len=1232))
    return bytes(answer.pack())


def test_decode(benchmark, packet):
    assert len(benchmark(decode, packet).answer) == 8


def test_decode_dnslib(benchmark, packet):
    assert len(benchmark(dnslib.DNSRecord.parse, packet).rr) == 8


def test_encode(benchmark, packet):
    assert len(benchmark(encode, decode(packet))) == len(packet)


def test_encode_dnslib(benchmark, packet):
    assert len(benchmark(dnslib.DNSRecord.parse(packet).pack)) == len(packet)

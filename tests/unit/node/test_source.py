"""A configuration that is wrong in many places says so in as many lines as a person reads."""

from pathlib import Path

import pytest

from edgeplane.errors import MOST_TOLD, ContentError
from edgeplane.node.source import read_source


def site(folder: Path, zone: str, sets: int) -> Path:
    rows = ["Resources:", "  Zone: {Type: 'AWS::Route53::HostedZone', Properties: {Name: example.net}}"]
    for n in range(sets):
        said = f"HostedZoneId: {zone}, Name: r{n}.example.net, Type: A, TTL: 5, ResourceRecords: [192.0.2.1]"
        rows.append(f"  R{n}: {{Type: 'AWS::Route53::RecordSet', Properties: {{{said}}}}}")
    (folder / "site.yaml").write_text("\n".join(rows))
    (folder / "edgeplane.toml").write_text('templates = ["site.yaml"]\n[dns]\nname_servers = ["ns1.x", "ns2.x"]\n')
    return folder / "edgeplane.toml"


@pytest.mark.parametrize(
    ("zone", "said"), [("!Ref Zome", "did you mean Zone?"), ("Z0", "no hosted zone here has the id Z0")]
)
def test_one_typo_in_a_large_template_is_told_a_hundred_times_at_most(tmp_path: Path, zone: str, said: str) -> None:
    with pytest.raises(ContentError) as refused:
        read_source(site(tmp_path, zone, 500), {})
    *first, last = refused.value.faults
    assert len(first) == MOST_TOLD
    assert [fault.line for fault in first] == list(range(3, 103))
    assert all(said in fault.message for fault in first)
    assert last.message == "400 more faults; mend these first"

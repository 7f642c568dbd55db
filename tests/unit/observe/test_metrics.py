"""The page that Prometheus reads."""

import re

from hypothesis import given
from hypothesis import strategies as st

from edgeplane.observe.metrics import Metric, of_checker, of_counters, render

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\.)*"\})? \S+')


@given(st.dictionaries(st.text(), st.floats(allow_nan=False), min_size=1))
def test_whatever_a_label_holds_each_sample_is_one_line(values):
    page = render([Metric.labelled("edgeplane_x", "gauge", "Help.", "label", values)])
    lines = page.split("\n")[2:-1]
    assert len(lines) == len(values)
    assert all(LINE.fullmatch(line) for line in lines)


def test_counters_become_families():
    page = render(of_counters({"dns": {"queries": 7, "rcode": {"NOERROR": 6}}, "up": 1}))
    samples = [line for line in page.splitlines() if not line.startswith("#")]
    assert samples == [
        "edgeplane_dns_queries_total 7",
        'edgeplane_dns_rcode_total{rcode="NOERROR"} 6',
        "edgeplane_up_total 1",
    ]


def test_a_histogram_counts_upwards_and_ends_with_all():
    stats = {"checks": [], "probe_seconds": {"bounds": [0.1, 1.0], "counts": [2, 0, 3], "sum": 9.5}}
    page = render(of_checker(stats))
    assert 'edgeplane_probe_seconds_bucket{le="0.1"} 2\n' in page
    assert 'edgeplane_probe_seconds_bucket{le="+Inf"} 5\n' in page
    assert "edgeplane_probe_seconds_sum 9.5\nedgeplane_probe_seconds_count 5\n" in page

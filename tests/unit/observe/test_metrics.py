"""The page that Prometheus reads."""

import re

from hypothesis import given
from hypothesis import strategies as st

from edgeplane import _core
from edgeplane.observe.metrics import Metric, of_checker, of_dns, of_edge, render

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\.)*"\})? \S+')


@given(st.dictionaries(st.text(), st.floats(allow_nan=False), min_size=1))
def test_whatever_a_label_holds_each_sample_is_one_line(values):
    page = render([Metric.labelled("edgeplane_x", "gauge", "Help.", "label", values)])
    lines = page.split("\n")[2:-1]
    assert len(lines) == len(values)
    assert all(LINE.fullmatch(line) for line in lines)


def test_flat_counters_of_the_core_become_families_with_labels():
    totals = {
        "queries_udp_ipv4": 7,
        "queries_tcp_ipv6": 2,
        "queries_ecs": 1,
        "responses_noerror": 6,
        "responses_truncated": 3,
        "answers_ip_based": 4,
        "tcp_open": 5,
        "panics": 0,
    }
    page = render(of_dns(totals, {"tcp_open": "Connections open now"}))
    samples = {line for line in page.splitlines() if not line.startswith("#")}
    assert samples == {
        'edgeplane_dns_queries_total{transport="udp",family="ipv4"} 7',
        'edgeplane_dns_queries_total{transport="tcp",family="ipv6"} 2',
        "edgeplane_dns_queries_ecs_total 1",
        'edgeplane_dns_responses_total{rcode="NOERROR"} 6',
        "edgeplane_dns_truncated_total 3",
        'edgeplane_dns_answers_total{policy="ip_based"} 4',
        "edgeplane_dns_tcp_open 5",
        "edgeplane_dns_panics_total 0",
    }
    assert "# HELP edgeplane_dns_tcp_open Connections open now.\n# TYPE edgeplane_dns_tcp_open gauge" in page


def test_every_counter_of_the_core_is_explained_in_its_words():
    help_ = _core.metrics_help()
    assert {"queries_ecs", "tcp_open", "panics"} <= help_.keys()
    page = render(of_dns(dict.fromkeys(help_, 0), help_))
    assert "since the process began" not in page
    assert f"# HELP edgeplane_dns_panics_total {help_['panics']}.\n" in page


def test_a_histogram_counts_upwards_and_ends_with_all():
    stats = {"checks": [], "probe_seconds": {"bounds": [0.1, 1.0], "counts": [2, 0, 3], "sum": 9.5}}
    page = render(of_checker(stats))
    assert 'edgeplane_probe_seconds_bucket{le="0.1"} 2\n' in page
    assert 'edgeplane_probe_seconds_bucket{le="+Inf"} 5\n' in page
    assert "edgeplane_probe_seconds_sum 9.5\nedgeplane_probe_seconds_count 5\n" in page


def test_counters_of_distributions_are_labelled_and_not_summed_beside():
    own = {"E1": {"requests": 3, "responses_2xx": 2}, "E2": {"requests": 4, "responses_2xx": 1}}
    edge = {"requests": 7, "connections_open": 5, "panics": 0, "memory_used": 9}
    workers = [{"requests": 6, "results_hit": 2, "connections_open": 4}, {"requests": 1}]
    stats = {"edge": edge, "edge_distributions": own, "edge_workers": workers}
    page = render(of_edge(stats, {"requests": "Requests"}))
    assert {line for line in page.splitlines() if not line.startswith("#")} == {
        'edgeplane_edge_requests_total{distribution="E1"} 3',
        'edgeplane_edge_requests_total{distribution="E2"} 4',
        'edgeplane_edge_responses_total{distribution="E1",status="2xx"} 2',
        'edgeplane_edge_responses_total{distribution="E2",status="2xx"} 1',
        "edgeplane_edge_connections_open 5",
        "edgeplane_edge_panics_total 0",
        "edgeplane_edge_memory_used 9",
        'edgeplane_edge_worker_requests_total{worker="0"} 6',
        'edgeplane_edge_worker_requests_total{worker="1"} 1',
        'edgeplane_edge_worker_results_total{worker="0",result="hit"} 2',
        'edgeplane_edge_worker_connections_open{worker="0"} 4',
    }
    assert "# HELP edgeplane_edge_requests_total Requests.\n# TYPE edgeplane_edge_requests_total counter" in page
    assert list(of_edge({}, {})) == []

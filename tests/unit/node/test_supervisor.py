"""The life of a node, in real processes."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from edgeplane.errors import FaultsError
from edgeplane.node.client import NoNode

from ...running import ROOT, free_port, slay, until
from .conftest import PROGRAMS
from .programs.builder import plan


def test_it_serves_and_says_so(node):
    assert node.answer() == 1
    until(lambda: "try: " in node.written, node)
    ready, command = node.written.splitlines()[-2:]
    assert "edgeplane ready: 1 zone, 3 records, generation 1; on 127.0.0.1:" in ready
    assert command == f"try: kdig @127.0.0.1 -p {node.port} example.net. SOA"
    assert node.get("/readyz") == (200, "ready\n")
    assert node.get("/healthz")[0] == 200


def test_a_reload_serves_the_next_generation(node):
    assert node.do("reload")["generation"] == 2
    assert node.answer() == 2
    assert node.do("status")["reloads"] == {"succeeded": 2, "failed": 0}


def test_sighup_reloads(node):
    node.process.send_signal(signal.SIGHUP)
    until(lambda: node.answer() == 2, node)


def test_wrong_content_is_refused_with_every_fault_and_the_old_goes_on(node):
    node.content.write_text("wrong")
    with pytest.raises(FaultsError) as refusal:
        node.do("reload")
    assert [fault.line for fault in refusal.value.faults] == [4, 9]
    until(lambda: "the reload changed nothing; generation 1 goes on" in node.written, node)
    assert node.answer() == 1
    assert node.get("/readyz") == (
        200,
        "degraded\nsite.yaml:4: Resources.Www: wrong record\nsite.yaml:9: Resources.Www: wrong record\n",
    )
    assert 'edgeplane_reloads_total{outcome="failed"} 1\n' in node.get("/metrics")[1]
    node.content.write_text("good again")
    node.do("reload")
    assert node.get("/readyz") == (200, "ready\n")


@pytest.mark.parametrize("content", ["breaks the builder", "is refused"])
def test_a_build_or_plan_that_fails_changes_nothing(node, content):
    node.content.write_text(content)
    with pytest.raises(FaultsError):
        node.do("reload")
    assert (node.answer(), node.do("status")["generation"]) == (1, 1)


def test_a_plan_that_kills_the_front_is_never_kept(node):
    node.content.write_text("kills the front")
    with pytest.raises(FaultsError, match="the front ended"):
        node.do("reload")
    assert node.answer() == 1
    assert node.do("status")["processes"][1]["restarts"] == 1


def test_a_killed_front_comes_back_on_the_same_socket_with_the_plan_it_had(node):
    node.do("reload")
    before = node.child("front")
    slay(before)
    assert node.answer() == 2, "the query waits in the socket that the supervisor holds"
    assert until(lambda: node.child("front") != before, node)
    until(lambda: f"the front is back (process {node.child('front')})" in node.written, node)


def test_a_killed_checker_comes_back_and_is_told_its_checks(node):
    before = node.child("checker")
    os.kill(before, signal.SIGKILL)
    until(lambda: node.child("checker") != before, node)
    assert [check["id"] for check in node.do("health")] == ["hc-1"]
    assert node.answer() == 1


def test_generations_grow_over_restarts(make_node):
    first = make_node().start()
    first.do("reload")
    first.close()
    again = make_node().start()
    assert again.answer() == 3


def test_wrong_content_at_boot_serves_the_last_good_plan(make_node):
    make_node().start().close()
    degraded = make_node().start("wrong")
    assert degraded.answer() == 1
    status, body = degraded.get("/readyz")
    assert (status, body.splitlines()[0]) == (200, "degraded")
    assert "the configuration is not served; generation 1 goes on" in degraded.written


def test_wrong_content_at_boot_without_a_kept_plan_ends_with_1(make_node):
    node = make_node().start("wrong", wait=False)
    assert node.ended() == 1
    assert "site.yaml:9: Resources.Www: wrong record" in node.written
    assert "see the faults above; no last good plan is kept" in node.written


def test_a_kept_plan_that_is_refused_is_not_called_absent(make_node):
    make_node().start().close()
    again = make_node()
    (again.state_dir / "plans" / "current.plan").write_bytes(plan("is refused", 9))
    again.start("wrong", wait=False)
    assert again.ended() == 1
    assert "site.yaml:7: refused by the core" in again.written
    assert "see the faults above; nor can a kept plan be served" in again.written


@pytest.mark.parametrize("damage", [b"", b"EDGEPLAN", b"\xff" * 4096, plan("kills the front", 9)])
def test_a_damaged_kept_plan_gives_way_to_the_one_before(make_node, damage):
    first = make_node().start()
    first.do("reload")
    first.close()
    (first.state_dir / "plans" / "current.plan").write_bytes(damage)
    assert make_node().start("wrong").answer() == 1


def test_sigterm_drains_then_ends(node):
    node.process.send_signal(signal.SIGTERM)
    assert node.ended() == 0
    assert "drained 20" in node.written
    with pytest.raises(NoNode):
        node.do("status")


def test_a_second_sigterm_ends_at_once(make_node):
    node = make_node(SLOW_DRAIN="1").start()
    node.process.send_signal(signal.SIGTERM)
    until(lambda: "draining" in node.written, node)
    node.process.send_signal(signal.SIGTERM)
    assert node.ended() == 0
    assert "drained" not in node.written


def test_what_only_a_restart_can_change_is_a_warning(node):
    node.config.write_text(node.config.read_text().replace(str(node.port), str(node.port + 1)))
    assert node.do("diff")["restart"] == ["dns.listen"]
    (warning,) = node.do("reload")["warnings"]
    assert "dns.listen has changed" in warning["message"]
    assert node.answer() == 2


def test_killing_the_supervisor_takes_the_children_along(node):
    children = [node.child("front"), node.child("checker")]
    node.process.kill()
    node.ended()
    until(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children), node)


def test_an_older_plan_is_not_applied(node, tmp_path):
    old = tmp_path / "other.plan"
    old.write_bytes(plan("other", 1))
    with pytest.raises(FaultsError, match="generation 1 is not newer than 1"):
        node.do("apply", path=str(old), force=True)
    until(lambda: "the apply changed nothing; generation 1 goes on" in node.written, node)
    assert not (node.state_dir / "plans" / "next.plan").exists()
    old.write_bytes(plan("other", 7))
    assert node.do("apply", path=str(old), force=True)["generation"] == 7
    assert node.do("reload")["generation"] == 8


def test_what_is_no_plan_file_is_refused_before_it_is_copied(node, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(FaultsError, match=f"{path} is no regular file"):
            node.do("apply", path=str(path), force=True)
    assert not (node.state_dir / "plans" / "next.plan").exists()
    assert node.answer() == 1


def test_a_node_with_content_of_its_own_takes_no_plan_unless_forced(node, tmp_path):
    handed = tmp_path / "handed.plan"
    handed.write_bytes(plan("handed", 7))
    with pytest.raises(FaultsError, match=r"content of its own.*--force"):
        node.do("apply", path=str(handed))
    assert node.answer() == 1


def test_a_node_without_content_keeps_an_applied_plan_over_reloads_and_restarts(make_node, tmp_path):
    handed = tmp_path / "handed.plan"
    handed.write_bytes(plan("handed", 7))
    node = make_node(content=False).start()
    node.do("apply", path=str(handed))
    reloaded = node.do("reload")
    assert (reloaded["generation"], node.answer()) == (7, 7)
    assert "no content of its own; the applied plan, generation 7, is served" in reloaded["warnings"][0]["message"]
    assert node.do("diff")["zones"] == {"added": [], "removed": [], "changed": []}
    node.process.send_signal(signal.SIGHUP)
    until(lambda: node.written.count("the applied plan, generation 7") == 2, node)
    node.close()
    again = make_node(content=False).start()
    assert (again.answer(), again.do("status")["state"]) == (7, "ready")


def test_a_reload_takes_an_applied_plan_up_again_where_a_file_could_not_be_read(make_node, tmp_path):
    handed = tmp_path / "handed.plan"
    handed.write_bytes(plan("needs a file", 7))
    node = make_node(content=False).start()
    (node.state_dir / "file").touch()
    node.do("apply", path=str(handed))
    assert node.get("/readyz") == (200, "ready\n")
    node.close()
    (node.state_dir / "file").unlink()
    again = make_node(content=False).start()
    status, body = again.get("/readyz")
    assert (again.answer(), status, body.splitlines()[0]) == (7, 200, "degraded")
    assert "site.yaml: Resources.Key: cannot be read; the node does without until a reload" in body
    (again.state_dir / "file").touch()
    again.do("reload")
    assert again.get("/readyz") == (200, "ready\n")


def test_a_diff_names_what_would_change_and_changes_nothing(node):
    assert node.do("diff")["zones"] == {"added": [], "removed": [], "changed": []}
    node.content.write_text("other")
    assert node.do("diff")["zones"]["changed"] == ["example.net."]
    assert node.answer() == 1


def test_a_taken_port_is_named_and_ends_with_2(make_node):
    node = make_node()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", node.port))
        command = [sys.executable, "-m", "edgeplane", "serve", str(node.config)]
        run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert run.returncode == 2
    assert f"127.0.0.1:{node.port} (udp) is taken by " in run.stderr
    assert f"(process {os.getpid()})" in run.stderr


def test_a_second_node_on_one_state_directory_is_refused(node):
    program = [sys.executable, str(PROGRAMS / "supervisor.py"), str(node.config)]
    second = subprocess.run(program, capture_output=True, text=True, env=node.environ)
    assert f"in use by another node (process {node.process.pid})" in second.stderr
    assert node.answer() == 1


def test_the_service_manager_hears_of_every_step(make_node, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        node = make_node(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000").start()
        assert "READY=1\nSTATUS=edgeplane ready" in manager.recv(4096).decode()
        assert manager.recv(4096) == b"WATCHDOG=1"
        node.do("reload")
        heard = [manager.recv(4096).decode() for _ in range(4)]
        assert any(message.startswith("RELOADING=1\nMONOTONIC_USEC=") for message in heard)
        node.process.send_signal(signal.SIGTERM)
        while manager.recv(4096) != b"STOPPING=1":
            pass


def test_resources_and_metrics_tell_what_is_served(node):
    zone, check = node.do("resources")
    assert (zone["id"], zone["name"], zone["records"]) == ("Z1", "example.net.", 3)
    assert (check["id"], check["state"]) == ("hc-1", "healthy")
    page = node.get("/metrics")[1]
    assert 'edgeplane_dns_queries_total{transport="udp",family="ipv4"} 5\n' in page
    assert 'edgeplane_dns_responses_total{rcode="REFUSED"} 1\n' in page
    assert 'edgeplane_health_check_state{id="hc-1",path="site.yaml: Resources.Check"} 1\n' in page
    assert "edgeplane_generation 1\n" in page


def test_a_full_disk_is_a_failed_reload_and_leaves_the_rest_alive(node):
    directory = node.state_dir / "plans"
    directory.rename(directory.with_name("away"))
    directory.write_text("in the way")
    node.process.send_signal(signal.SIGHUP)
    until(lambda: node.do("status")["reloads"]["failed"] == 1, node)
    assert "never retrieved" not in node.written
    directory.unlink()
    directory.with_name("away").rename(directory)
    node.do("reload")
    assert node.do("status")["state"] == "ready"


def test_a_plan_that_cannot_be_kept_is_served_and_reported(node, tmp_path):
    (node.state_dir / "plans" / "previous.new").mkdir()
    handed = tmp_path / "handed.plan"
    handed.write_bytes(plan("handed", 7))
    with pytest.raises(FaultsError, match="generation 7 is served but not kept"):
        node.do("apply", path=str(handed), force=True)
    assert (node.answer(), node.do("status")["generation"]) == (7, 7)
    assert node.do("status")["state"] == "degraded"
    assert "edgeplane_generation 7\n" in node.get("/metrics")[1]


@pytest.mark.parametrize("generation", [2 + (1 << 31), (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_no_plan_uses_up_the_generations(node, tmp_path, generation):
    far = tmp_path / "far.plan"
    far.write_bytes(plan("far", generation))
    with pytest.raises(FaultsError, match=r"ahead of 1|is not a plan file"):
        node.do("apply", path=str(far), force=True)
    assert node.do("reload")["generation"] == 2


def test_checks_of_no_right_shape_are_refused_before_anything_reads_them(node, tmp_path):
    odd = tmp_path / "odd.plan"
    odd.write_bytes(plan("odd", 5, b"\x01"))
    with pytest.raises(FaultsError, match="health checks"):
        node.do("apply", path=str(odd), force=True)
    assert node.do("status")["generation"] == 1
    assert node.do("reload")["generation"] == 2


def test_kept_states_are_in_the_table_before_the_first_answer(make_node):
    make_node().start().close()
    again = make_node(SLOW_CHECKER="0.7").start("wrong")
    assert again.written.index("checker: told ['hc-1']") < again.written.index("front: serves 1")


def test_a_checker_that_does_not_come_holds_up_nobody(make_node):
    make_node().start().close()
    again = make_node(SLOW_CHECKER="9").start("wrong", wait=False)
    until(lambda: "front: serves 1" in again.written, again)
    assert "did not restore" in again.written
    assert "checker: told" not in again.written
    until(lambda: "checker: told ['hc-1']" in again.written, again)


def test_a_front_that_falls_back_takes_its_checks_along(make_node):
    node = make_node().start()
    node.do("reload")
    (node.state_dir / "plans" / "current.plan").write_bytes(b"damaged")
    before = node.written.count("checker: told")
    os.kill(node.child("front"), signal.SIGKILL)
    until(lambda: node.do("status")["generation"] == 1, node)
    assert node.written.count("checker: told") > before


def test_sigterm_ends_a_first_build(make_node):
    node = make_node().start("takes long", wait=False)
    until(lambda: "builder: at work" in node.written, node)
    node.process.send_signal(signal.SIGTERM)
    assert node.ended() == 0


def test_a_long_first_build_asks_the_service_manager_for_time(make_node, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        make_node(NOTIFY_SOCKET=str(tmp_path / "notify"), QUICK_PINGS="1").start("takes long", wait=False)
        assert [manager.recv(4096) for _ in range(2)] == [b"EXTEND_TIMEOUT_USEC=600000"] * 2


def test_a_kept_plan_is_ready_while_the_first_build_goes_on(make_node):
    make_node().start().close()
    again = make_node().start("takes long", wait=False)
    until(lambda: "builder: at work" in again.written, again)
    assert (again.get("/readyz"), again.answer()) == ((200, "ready\n"), 1)


def test_a_front_that_hangs_is_ended_even_while_a_build_goes_on(make_node):
    node = make_node(QUICK_PINGS="1").start()
    node.content.write_text("takes long")
    node.process.send_signal(signal.SIGHUP)
    until(lambda: "builder: at work" in node.written, node)
    hung = node.child("front")
    os.kill(hung, signal.SIGSTOP)
    until(lambda: node.child("front") != hung, node)
    assert node.answer() == 1


def test_a_checker_that_is_not_there_is_told_of(make_node):
    node = make_node(SLOW_CHECKER="2").start()
    os.kill(node.child("checker"), signal.SIGKILL)
    until(lambda: "checker: does not run" in node.get("/readyz")[1], node)
    assert node.do("status")["why"][0]["place"] == "checker"
    until(lambda: node.get("/readyz") == (200, "ready\n"), node)


def test_a_checker_that_hangs_is_told_of(make_node):
    node = make_node(HEARTBEAT_MS="1").start()
    status, body = node.get("/readyz")
    assert status == 200
    assert body.startswith("degraded\nchecker: no sign of life for ")
    assert "edgeplane_ready 0\n" in node.get("/metrics")[1]


def test_a_checker_that_hangs_is_ended_and_the_next_is_told_its_checks(make_node):
    node = make_node(QUICK_PINGS="1").start()
    hung, told = node.child("checker"), node.written.count("checker: told")
    os.kill(hung, signal.SIGSTOP)
    until(lambda: f"the checker (process {hung}) gave no sign of life 3 times; it is ended" in node.written, node)
    until(lambda: node.written.count("checker: told") > told, node)
    assert node.child("checker") != hung
    assert node.answer() == 1


def test_a_checker_that_hangs_is_ended_again_and_again(make_node):
    """Each has its time; between two starts in a row there is a pause."""
    node = make_node(QUICK_PINGS="1", HEARTBEAT_MS="1").start()
    until(lambda: node.written.count("the checker ended; starting it again in 0.2 s") == 1, node)
    assert node.written.count("gave no sign of life 3 times") == 3
    assert node.answer() == 1


def test_settings_of_the_host_that_only_the_builder_sees_end_with_2(make_node):
    node = make_node().start("unreadable secret", wait=False)
    assert node.ended() == 2
    assert "cookie.key: cannot be read" in node.written


def test_a_node_with_addresses_for_http_passes_them_on_and_hands_questions_to_the_edge(make_node):
    node, port = make_node(), free_port()
    node.config.write_text(f'{node.config.read_text()}[edge]\nhttp = ["127.0.0.1:{port}"]\n')
    node.start("good site")
    assert "front: serves 1 with 2 http" in node.written
    assert f"; http on 127.0.0.1:{port}\n" in node.written
    until(lambda: "try: curl" in node.written, node)
    kdig, curl = node.written.splitlines()[-2:]
    assert kdig.startswith("try: kdig @127.0.0.1 ")
    assert curl == f"try: curl --resolve e1.edge.localhost:{port}:127.0.0.1 http://e1.edge.localhost:{port}/"
    status = node.do("status")
    assert (status["http"], status["distributions"]) == ([f"127.0.0.1:{port}"], 1)
    for name in ("E1", "e1.edge.localhost", "CDN.example.net."):
        asked = node.do("invalidate", distribution=name, paths=["/a"])["asked"]
        assert asked == {"do": "invalidate", "distribution": "E1", "paths": ["/a"]}
    assert node.do("cache_stats")["asked"] == {"do": "cache_stats"}
    with pytest.raises(FaultsError, match="'E2' is no distribution; known here: E1, "):
        node.do("distribution", distribution="E2")
    assert node.do("resources")[-1]["name"] == "e1.edge.localhost"
    assert 'edgeplane_edge_requests_total{distribution="E1"} 6\n' in node.get("/metrics")[1]


def test_a_node_without_addresses_for_http_says_so(node):
    with pytest.raises(FaultsError, match=r"set edge\.http or edge\.https"):
        node.do("distributions")

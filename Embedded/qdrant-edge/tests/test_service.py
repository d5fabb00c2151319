"""The server itself: what it says it is, how it starts and ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from conftest import PROJECT


def test_names_itself_as_embedded_and_stays_compatible(server):
    answer = server.http.get("/").json()
    assert answer["title"].startswith("qdrant - vector search engine")
    assert "qdrant-edge" in answer["title"]
    assert answer["version"] == "1.19.0"
    assert isinstance(answer["commit"], str)


@pytest.mark.parametrize("path", ["/healthz", "/livez"])
def test_is_alive(server, path):
    assert server.http.get(path).text == "healthz check passed"


def test_is_ready(server):
    assert server.http.get("/readyz").text == "all shards are ready"


def test_cluster_is_disabled(server):
    assert server.call("GET", "/cluster") == {"status": "disabled"}


def test_metrics_have_the_snapshot_gauges(server):
    server.collection("metered", points=3)
    server.call("POST", "/collections/metered/snapshots")
    text = server.http.get("/metrics").text
    assert 'snapshot_creation_running{id="metered"} 0' in text
    assert 'snapshot_recovery_running{id="metered"} 0' in text
    assert 'snapshot_created_total{id="metered"} 1' in text
    assert 'collection_points{id="metered"} 3' in text
    assert "memory_resident_bytes " in text


def test_telemetry_names_the_version(server):
    assert server.call("GET", "/telemetry?details_level=1")["app"]["version"] == "1.19.0"


def test_a_slash_at_the_end_changes_nothing(server):
    server.collection("slashed")
    assert server.call("GET", "/collections/slashed/")["status"] == "green"


def test_unknown_routes_are_404_without_a_body(server):
    response = server.http.get("/collections/x/nothing/here")
    assert (response.status_code, response.content) == (404, b"")


def test_compresses_only_when_asked(server):
    server.collection("squeezed", points=200)
    body = {"limit": 200}
    plain = server.http.post("/collections/squeezed/points/scroll", json=body)
    assert "content-encoding" not in plain.headers
    packed = httpx.post(f"{server.url}/collections/squeezed/points/scroll", json=body, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json()["result"] == plain.json()["result"]


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "qdrant_edge_server", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)


def test_refuses_an_address_that_others_can_reach(tmp_path):
    ended = run("--storage", str(tmp_path / "s"), "--host", "0.0.0.0", "--port", "0")
    assert ended.returncode == 2
    assert "--allow-remote" in ended.stderr
    assert not (tmp_path / "s").exists()


def test_faults_do_not_exist_unless_enabled(launch):
    assert launch().http.put("/_faults", json={"route": ".", "kind": "refuse"}).status_code == 404


def test_ends_by_itself_when_its_parent_is_gone(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    command = [sys.executable, "-m", "qdrant_edge_server", "--storage", str(tmp_path / "s"), "--port", "0"]
    child = subprocess.Popen([*command, "--parent-pid", str(parent.pid)], cwd=PROJECT, stdout=subprocess.PIPE)
    assert b"answers on" in child.stdout.readline()
    parent.kill()  # not yet collected: a zombie is gone, too
    try:
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.stdout.close()
        parent.wait()


def test_a_signal_ends_it_while_a_reader_is_slow(launch):
    server = launch()
    server.collection("slow", points=50)
    with httpx.stream("GET", f"{server.url}/collections/slow/shards/0/snapshot") as response:
        assert response.status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0


def test_says_nothing_about_its_keys(launch):
    server = launch("--api-key", "very-secret", "--read-only-api-key", "less-secret")
    assert server.http.get("/collections", headers={"api-key": "wrong-key"}).status_code == 401
    server.stop()
    assert not any(word in server.log() for word in ("secret", "wrong-key"))


def test_the_port_file_holds_the_port_of_a_server_that_answers(launch):
    server = launch()
    assert server.http.get("/readyz").status_code == 200
    assert not [name for name in os.listdir(server.storage.parent) if name.startswith(".") and "port" in name]
    assert Path(f"{server.storage}.port").read_text() == f"{server.port}\n"

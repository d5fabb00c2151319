"""Faults: each goes wrong as asked, as often as asked, and live data stay as the reference says."""

import time

import httpx
import pytest
from kinds import BODY, fill


@pytest.fixture(scope="module")
def target(server):
    points = fill(server, "target_f", 50)
    return {
        "points": points,
        "archive": server.download(
            f"/collections/target_f/snapshots/{server.call('POST', '/collections/target_f/snapshots')['name']}"
        ),
        "streamed": server.download("/collections/target_f/shards/0/snapshot"),
    }


def fault(server, **rule):
    answer = server.http.put("/_faults", json=rule)
    assert answer.status_code == 200, answer.text


def rules(server):
    return server.http.get("/_faults").json()["result"]


def test_rules_are_shown_counted_and_deleted(server):
    fault(server, route="GET /nothing", kind="status", status=503, times=2)
    assert rules(server)[0]["times"] == 2
    server.http.get("/nothing")
    assert rules(server)[0]["times"] == 1
    server.http.get("/nothing")
    assert rules(server) == []
    fault(server, route="x", kind="refuse")
    server.http.delete("/_faults")
    assert rules(server) == []


@pytest.mark.parametrize(
    "rule",
    [{}, {"route": "x", "kind": "explode"}, {"route": "(", "kind": "refuse"}, {"route": "x", "kind": "refuse", "tmies": 1}],
)
def test_a_rule_that_makes_no_sense_is_400(server, rule):
    assert server.http.put("/_faults", json=rule).status_code == 400


def test_delay(server):
    fault(server, route="GET /collections$", kind="delay", seconds=0.4, times=1)
    before = time.monotonic()
    assert server.http.get("/collections").status_code == 200
    assert time.monotonic() - before >= 0.4
    assert rules(server) == []


def test_refuse(server):
    fault(server, route="GET /collections$", kind="refuse", times=1)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/collections")
    assert server.http.get("/collections").status_code == 200


def test_status(server):
    fault(server, route="/collections$", kind="status", status=429, retry_after=3, times=1)
    response = server.http.get("/collections")
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert response.json()["status"]["error"]


@pytest.mark.parametrize("limit", [0, 1000, 20_000])
@pytest.mark.parametrize("form", ["streamed", "stored", "ranged"])
def test_a_download_is_cut(server, target, form, limit):
    path = "/collections/target_f/shards/0/snapshot"
    if form != "streamed":
        path = f"/collections/target_f/snapshots/{server.call('GET', '/collections/target_f/snapshots')[0]['name']}"
    headers = {"Range": "bytes=5-"} if form == "ranged" else {}
    fault(server, route=r"GET .*/snapshots?(/.*)?$", kind="cut_after", bytes=limit, times=1)
    received = b""
    with pytest.raises(httpx.TransportError):
        with httpx.stream("GET", server.url + path, headers={"Accept-Encoding": "identity", **headers}) as response:
            for piece in response.iter_raw():
                received += piece
    assert len(received) == limit
    assert server.count("target_f") == len(target["points"])
    server.call("PUT", "/collections/target_f/points?wait=true", {"points": []})


@pytest.mark.parametrize("shard", [False, True])
def test_an_upload_is_cut(server, target, shard):
    path = "/collections/target_f/" + ("shards/0/" if shard else "") + "snapshots/upload"
    fault(server, route="POST .*/upload", kind="cut_after", bytes=10_000, times=1)
    with pytest.raises(httpx.TransportError):
        httpx.post(server.url + path, files={"snapshot": ("cut.snapshot", target["streamed" if shard else "archive"])})
    assert server.scroll("target_f") == target["points"]
    assert not list((server.storage / "snapshots/tmp").iterdir())


@pytest.mark.parametrize("shard", [False, True])
def test_a_restore_fails_before_the_data_are_exchanged(server, target, shard):
    path = "/collections/target_f/" + ("shards/0/" if shard else "") + "snapshots/upload"
    fault(server, route="/upload", kind="fail_restore", times=1)
    server.upload(path, target["streamed" if shard else "archive"], 500)
    assert server.scroll("target_f") == target["points"]


def test_a_restore_fails_after_the_old_data_were_moved_away(server, target):
    """The replica becomes a dummy, is marked dead, and its data are gone (reference, section 1.8)."""
    server.collection("unlucky", BODY)
    fault(server, route="/upload", kind="fail_restore", stage="load", times=1)
    path = "/collections/unlucky/shards/0/snapshots/upload"
    server.upload(path, target["streamed"], 500)
    view = server.call("GET", "/collections/unlucky/cluster")["local_shards"][0]
    assert (view["state"], view["points_count"]) == ("Dead", 0)
    server.error("POST", "/collections/unlucky/points/scroll", {}, 500)
    assert server.call("GET", "/collections/unlucky")["status"] == "red"
    server.upload(path, target["streamed"])
    assert server.scroll("unlucky") == target["points"]


def test_success_is_faked(server, target):
    fault(server, route="/upload", kind="fake_success")
    server.call("DELETE", "/collections/faked")
    assert server.upload("/collections/faked/snapshots/upload", target["archive"]) is True
    assert server.call("GET", "/collections/faked/exists") == {"exists": False}
    server.collection("faked", BODY)
    assert server.upload("/collections/faked/shards/0/snapshots/upload", target["streamed"]) is None
    assert server.count("faked") == 0


@pytest.mark.parametrize("status, text", [(None, "Insufficient storage: "), (500, "Service internal error: ")])
def test_the_disk_is_full(server, target, status, text):
    more = {"status": status} if status else {}
    fault(server, route="/snapshots(/upload)?$", kind="disk_full", bytes=5000, **more)
    before = server.http.get("/metrics").text
    for path in ("/collections/target_f/snapshots", "/collections/target_f/shards/0/snapshots"):
        assert server.error("POST", path, None, status or 507).startswith(text)
    for path, archive in (("", target["archive"]), ("shards/0/", target["streamed"])):
        error = server.upload(f"/collections/target_f/{path}snapshots/upload", archive, status or 507, "full.snapshot")
        assert error["status"]["error"].startswith(text)
    assert server.call("GET", "/collections/target_f/shards/0/snapshots") == []
    assert not list((server.storage / "snapshots/tmp").iterdir())
    assert server.scroll("target_f") == target["points"]
    line = next(line for line in before.splitlines() if line.startswith('snapshot_created_total{id="target_f"}'))
    assert line in server.http.get("/metrics").text


def test_a_full_disk_without_waiting_is_only_in_the_log(server, target):
    server.collection("silent", points=2)
    fault(server, route="POST .*/silent/snapshots$", kind="disk_full", times=1)
    server.call("POST", "/collections/silent/snapshots?wait=false", None, 202)
    for _ in range(200):
        if "a background job failed: Insufficient storage" in server.log():
            break
        time.sleep(0.05)
    assert "a background job failed: Insufficient storage" in server.log()
    assert server.call("GET", "/collections/silent/snapshots") == []

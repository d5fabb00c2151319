"""Keys and what they allow (reference, section 1.5)."""

import pytest

FULL, READ = {"api-key": "full"}, {"api-key": "read"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    from conftest import Server

    running = Server(tmp_path_factory.mktemp("guarded") / "storage", "--api-key", "full", "--read-only-api-key", "read")
    running.http.headers.update(FULL)
    running.collection("c", points=3)
    running.call("POST", "/collections/c/snapshots")
    running.call("POST", "/collections/c/shards/0/snapshots")
    yield running
    running.stop()


@pytest.mark.parametrize("path", ["/", "/healthz", "/livez", "/readyz"])
def test_some_routes_need_no_key(guarded, path):
    assert guarded.http.get(path, headers={"api-key": "wrong"}).status_code == 200


@pytest.mark.parametrize("headers", [{"api-key": "wrong"}, {"api-key": ""}, {"Authorization": "Bearer wrong"}])
def test_a_wrong_key_is_401_in_plain_text(guarded, headers):
    del guarded.http.headers["api-key"]
    try:
        response = guarded.http.get("/collections", headers=headers)
        missing = guarded.http.get("/collections")
    finally:
        guarded.http.headers.update(FULL)
    for answer in (response, missing):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "text/plain"


def test_a_bearer_token_is_a_key(guarded):
    del guarded.http.headers["api-key"]
    try:
        assert guarded.http.get("/collections", headers={"Authorization": "Bearer full"}).status_code == 200
    finally:
        guarded.http.headers.update(FULL)


READS = [
    ("GET", "/collections"),
    ("GET", "/collections/c"),
    ("GET", "/aliases"),
    ("GET", "/metrics"),
    ("GET", "/cluster"),
    ("GET", "/collections/c/cluster"),
    ("POST", "/collections/c/points/scroll"),
    ("POST", "/collections/c/points/count"),
    ("POST", "/collections/c/points/query"),
    ("POST", "/collections/c/shards/0/points/scroll"),
    ("GET", "/collections/c/snapshots"),
    ("GET", "/collections/c/shards/0/snapshots"),
    ("GET", "/collections/c/shards/0/snapshot/partial/manifest"),
]
WRITES = [
    ("PUT", "/collections/d"),
    ("PATCH", "/collections/c"),
    ("DELETE", "/collections/c"),
    ("POST", "/collections/aliases"),
    ("PUT", "/collections/c/points"),
    ("POST", "/collections/c/points/delete"),
    ("POST", "/collections/c/points/payload"),
    ("PUT", "/collections/c/index"),
    ("POST", "/collections/c/snapshots"),
    ("DELETE", "/collections/c/snapshots/x.snapshot"),
    ("PUT", "/collections/c/snapshots/recover"),
    ("POST", "/collections/c/snapshots/upload"),
    ("GET", "/collections/c/shards/0/snapshot"),
    ("POST", "/collections/c/shards/0/snapshots"),
    ("POST", "/collections/c/shards/0/snapshots/upload"),
    ("PUT", "/collections/c/shards/0/snapshots/recover"),
    ("POST", "/collections/c/shards/0/snapshot/partial/create"),
    ("POST", "/collections/c/shards/0/snapshot/partial/recover"),
    ("POST", "/collections/c/shards/0/snapshot/partial/recover_from"),
]


@pytest.mark.parametrize("method, path", READS)
def test_a_read_only_key_reads(guarded, method, path):
    response = guarded.http.request(method, path, json={} if method == "POST" else None, headers=READ)
    assert response.status_code == 200, response.text


def test_a_read_only_key_downloads_snapshots(guarded):
    for folder in ("/collections/c/snapshots", "/collections/c/shards/0/snapshots"):
        name = guarded.call("GET", folder)[0]["name"]
        assert len(guarded.http.get(f"{folder}/{name}", headers=READ).content) > 10_000


@pytest.mark.parametrize("method, path", WRITES)
def test_a_read_only_key_changes_nothing(guarded, method, path):
    response = guarded.http.request(method, path, json={}, headers=READ)
    assert response.status_code == 403
    assert response.json()["status"]["error"].startswith("Forbidden: ")
    assert guarded.count("c") == 3

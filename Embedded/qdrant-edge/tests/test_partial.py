"""Partial snapshots: manifest, what is newer, merging (reference, section 1.9)."""

import io
import json
import tarfile
import threading
import time

import httpx
import kinds
import pytest

PARTIAL = "shards/0/snapshot/partial"
RUNNING = 'snapshot_recovery_running{id="follower"} 1'
#: Optimising gives segments new names, so that another manifest is the current one.
BODY = {
    "vectors": {"text": {"size": 8, "distance": "Cosine"}, "late": {**kinds.BODY["vectors"]["late"]}},
    "sparse_vectors": {"words": {}},
    "optimizers_config": {"indexing_threshold": 0},
}


def manifest(server, name):
    return server.call("GET", f"/collections/{name}/{PARTIAL}/manifest")


def create(server, name, held):
    return server.http.post(f"/collections/{name}/{PARTIAL}/create", json=held)


def merge(server, name, archive, status=200, query=""):
    return server.upload(f"/collections/{name}/{PARTIAL}/recover{query}", archive, status)


def names_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}


@pytest.fixture
def pair(server):
    """A collection, and a copy whose shard holds the same segments."""
    server.collection("leader", BODY)
    made = kinds.make_points(60, 4)
    for point in made:
        point["vector"] = {name: vector for name, vector in point["vector"].items() if name in ("text", "late", "words")}
    server.call("PUT", "/collections/leader/points?wait=true", {"points": made})
    server.call("POST", "/collections/leader/points/delete?wait=true", {"points": [5, 8]})
    points = server.scroll("leader")
    archive = server.download("/collections/leader/shards/0/snapshot")
    server.call("DELETE", "/collections/follower")
    server.call("PUT", "/collections/follower", BODY)
    server.upload("/collections/follower/shards/0/snapshots/upload", archive)
    assert server.scroll("follower") == points
    return points


def change(server, name="leader"):
    point = {"id": 4711, "vector": {"text": [1] * 8}, "payload": {"n": 4711}}
    server.call("PUT", f"/collections/{name}/points?wait=true", {"points": [point]})
    server.call("POST", f"/collections/{name}/points/delete?wait=true", {"points": [2, 4]})


def test_the_manifest_has_a_version_for_every_file(server):
    server.collection("versions_of", points=5)
    shown = manifest(server, "versions_of")
    assert shown
    for segment, entry in shown.items():
        assert entry["segment_id"] == segment and isinstance(entry["segment_version"], int)
        assert "payload_storage/page_0.dat" in entry["file_versions"]
        assert all(version is None or isinstance(version, int) for version in entry["file_versions"].values())


def test_an_equal_manifest_is_304_without_a_body(server):
    server.collection("current", points=5)
    response = create(server, "current", manifest(server, "current"))
    assert (response.status_code, response.content) == (304, b"")


def test_an_empty_manifest_gets_everything_with_manifests(server):
    server.collection("everything", points=5)
    members = names_of(create(server, "everything", {}).content)
    shown = manifest(server, "everything")
    for segment, entry in shown.items():
        inside = {name for name in members if name.startswith(f"segments/{segment}/")}
        files = {f"segments/{segment}/files/{file}" for file in entry["file_versions"]}
        assert files <= inside
        own = json.loads(members[f"segments/{segment}/files/segment_manifest.json"])
        assert own == entry


def twice_written(server, name):
    """A collection whose files are newer than version 0, which always counts as changed; gives its manifest."""
    server.collection(name, points=50)
    server.call("PUT", f"/collections/{name}/points?wait=true", {"points": [{"id": 99, "vector": [9, 9]}]})
    return manifest(server, name)


def test_only_what_is_newer_is_sent(server):
    held = twice_written(server, "newer")
    server.call("POST", "/collections/newer/points/payload?wait=true", {"points": [1], "payload": {"x": 1}})
    members = names_of(create(server, "newer", held).content)
    segment = next(iter(held))
    assert f"segments/{segment}/files/payload_storage/page_0.dat" in members
    assert {f"segments/{segment}/segment.json", f"segments/{segment}/version.info"} <= set(members)
    unchanged = {
        file
        for file, version in manifest(server, "newer")[segment]["file_versions"].items()
        if version is not None and version > 0 and version == held[segment]["file_versions"].get(file)
    }
    assert "vector_storage/vectors/chunk_0.mmap" in unchanged
    assert not {f"segments/{segment}/files/{file}" for file in unchanged} & set(members)


def test_merging_gives_the_leaders_points(server, pair):
    held = manifest(server, "follower")
    change(server)
    partial = create(server, "leader", held).content
    assert merge(server, "follower", partial) is True
    assert server.scroll("follower") == server.scroll("leader") != pair
    change(server, "follower")
    assert server.count("follower") == server.count("leader")


def test_merging_an_everything_partial_into_another_shard(server, pair):
    server.call("POST", "/collections/follower/points/delete?wait=true", {"filter": {}})
    assert merge(server, "follower", create(server, "leader", {}).content) is True
    assert server.scroll("follower") == pair


def test_fetching_from_another_server(server, launch, pair):
    other = launch("--api-key", "k")
    other.http.headers["api-key"] = "k"
    other.call("PUT", "/collections/leader", BODY)
    body = {"peer_url": server.url}
    path = f"/collections/leader/{PARTIAL}/recover_from"
    assert other.call("POST", path, body) is True
    assert other.scroll("leader") == pair
    # The leader may still optimise; once it rests there is nothing to fetch.
    assert any(other.call("POST", path, body) is False for _ in range(10))
    change(server)
    assert other.call("POST", path, body) is True
    assert other.scroll("leader") == server.scroll("leader")
    assert other.error("POST", path, {"peer_url": "ftp://x"}, 400)


def test_the_wrong_kind_of_archive_is_refused_on_either_route(server, pair):
    full = server.download("/collections/leader/shards/0/snapshot")
    partial = create(server, "leader", {}).content
    merge(server, "follower", full, 400)
    server.upload("/collections/follower/shards/0/snapshots/upload", partial, 400)
    assert server.scroll("follower") == pair


def test_a_truncated_or_incomplete_partial_changes_nothing(server, pair):
    held = manifest(server, "leader")
    change(server)
    partial = create(server, "leader", held).content
    for end in (700, len(partial) // 2, len(partial) - 1024, len(partial) - 1):
        merge(server, "follower", partial[:end], 500)
    merge(server, "follower", partial, 400, f"?checksum={'1' * 64}")
    assert server.scroll("follower") == pair


def test_a_partial_for_a_shard_that_holds_less_changes_nothing(server):
    held = twice_written(server, "rich")
    server.call("POST", "/collections/rich/points/payload?wait=true", {"points": [1], "payload": {"x": 1}})
    partial = create(server, "rich", held).content
    server.collection("stranger", points=3)
    error = merge(server, "stranger", partial, 500)["status"]["error"]
    assert "neither the snapshot nor the shard has" in error
    assert server.count("stranger") == 3


def test_a_second_recovery_at_the_same_time_is_503(server, pair):
    partial = create(server, "leader", {}).content
    head = b'--b\r\nContent-Disposition: form-data; name="snapshot"; filename="p"\r\n\r\n'
    finish = threading.Event()
    answers = []

    def slowly():
        yield head + partial[:1000]
        assert finish.wait(60)
        yield partial[1000:] + b"\r\n--b--\r\n"

    def upload():
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        path = f"{server.url}/collections/follower/{PARTIAL}/recover"
        answers.append(httpx.post(path, content=slowly(), headers=kind, timeout=90))

    thread = threading.Thread(target=upload)
    thread.start()
    try:
        # Sent too early, the second would be the first: the server's own gauge tells when the upload has begun.
        deadline = time.monotonic() + 30
        while not (begun := RUNNING in server.http.get("/metrics").text) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert begun
        response = server.http.post(f"/collections/follower/{PARTIAL}/recover", files={"snapshot": ("p", b"x")})
    finally:
        finish.set()
        thread.join()
    assert response.status_code == 503
    assert response.json()["status"] == "already_in_progress"
    assert answers[0].status_code == 200, answers[0].text


@pytest.mark.parametrize(
    "held", [[], {"a": 1}, {"a": {"segment_version": 1}}, {"a": {"segment_version": 1, "file_versions": {"f": "x"}}}]
)
def test_a_manifest_that_is_none_is_400(server, held):
    server.collection("odd_manifest", points=1)
    assert create(server, "odd_manifest", held).status_code == 400

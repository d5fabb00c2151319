"""Snapshots: made, listed, downloaded, checked, restored, with every point equal."""

import hashlib
import io
import json
import subprocess
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from kinds import BODY, INDEXES, fill


@pytest.fixture(scope="module")
def source(server):
    """A filled collection, its points, a stored snapshot and a streamed shard snapshot."""
    points = fill(server, "source")
    made = server.call("POST", "/collections/source/snapshots")
    archive = server.download(f"/collections/source/snapshots/{made['name']}")
    streamed = server.download("/collections/source/shards/0/snapshot")
    return {"points": points, "made": made, "archive": archive, "streamed": streamed}


def scores(server, name):
    body = {"query": [0.2, -0.4, 0.1, 0.9, 0, 0.3, -0.8, 0.5], "using": "text", "limit": 20, "params": {"exact": True}}
    return server.call("POST", f"/collections/{name}/points/query", body)["points"]


def snapshots(server, name="source"):
    return [entry["name"] for entry in server.call("GET", f"/collections/{name}/snapshots")]


def wait_for(condition):
    for _ in range(400):
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("waited in vain")


# Making and fetching


def test_the_description_is_that_of_the_file(server, source):
    made, archive = source["made"], source["archive"]
    assert made["size"] == len(archive)
    assert made["checksum"] == hashlib.sha256(archive).hexdigest()
    peer = server.call("GET", "/collections/source/cluster")["peer_id"]
    assert peer > 2**53
    time.strptime(made["name"], f"source-{peer}-%Y-%m-%d-%H-%M-%S.snapshot")
    time.strptime(made["creation_time"], "%Y-%m-%dT%H:%M:%S")
    assert made in server.call("GET", "/collections/source/snapshots")
    assert (server.storage / "snapshots/source" / f"{made['name']}.checksum").read_text() == made["checksum"]


def test_two_snapshots_in_a_second_have_two_names(server):
    server.collection("hasty", points=2)
    names = {server.call("POST", "/collections/hasty/snapshots")["name"] for _ in range(2)}
    assert len(names) == 2 and names == set(snapshots(server, "hasty"))


def test_without_waiting_the_list_tells(server):
    server.collection("patient", points=2)
    answer = server.call("POST", "/collections/patient/snapshots?wait=false", None, 202)
    assert answer["status"] == "accepted" and "result" not in answer
    assert wait_for(lambda: snapshots(server, "patient"))
    server.error("POST", "/collections/patient/snapshots?wait=maybe", None, 400)


def test_downloads_have_length_tag_and_ranges(server, source):
    path = f"/collections/source/snapshots/{source['made']['name']}"
    whole = server.http.get(path)
    assert int(whole.headers["content-length"]) == len(source["archive"])
    assert whole.headers["accept-ranges"] == "bytes" and whole.headers["etag"] and whole.headers["last-modified"]
    part = server.http.get(path, headers={"Range": "bytes=1000-1999", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, source["archive"][1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(source['archive'])}"
    rest = server.http.get(path, headers={"Range": f"bytes={len(source['archive']) - 7}-"})
    assert rest.content == source["archive"][-7:]
    assert server.http.get(path, headers={"Range": f"bytes={10**12}-"}).status_code == 416
    changed = server.http.get(path, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, len(source["archive"]))


def test_a_compressed_download_has_neither_length_nor_ranges(server, source):
    path = f"{server.url}/collections/source/snapshots/{source['made']['name']}"
    packed = httpx.get(path, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert packed.status_code == 200 and packed.headers["content-encoding"] == "gzip"
    assert "content-length" not in packed.headers
    assert packed.content == source["archive"]


@pytest.mark.parametrize("name", ["unknown.snapshot", "..%2F..%2Fraft_state.json", "x.checksum"])
def test_unknown_snapshots_are_404(server, source, name):
    server.error("GET", f"/collections/source/snapshots/{name}", None, 404) if "%" not in name else None
    assert server.http.get(f"/collections/source/snapshots/{name}").status_code == 404
    assert server.http.delete(f"/collections/source/snapshots/{name}").status_code == 404


def test_a_deleted_snapshot_is_gone_with_its_checksum(server):
    server.collection("deleting", points=1)
    for prefix in ("/collections/deleting/snapshots", "/collections/deleting/shards/0/snapshots"):
        name = server.call("POST", prefix)["name"]
        assert server.call("DELETE", f"{prefix}/{name}") is True
        assert server.call("GET", prefix) == []
        server.error("GET", f"{prefix}/{name}", None, 404)
    assert not [path for path in (server.storage / "snapshots/deleting").rglob("*") if path.is_file()]


# Layout


def names_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: member for member in opened}


def test_a_collection_snapshot_has_the_layout_of_a_server(server, source):
    members = names_of(source["archive"])
    order = list(members)
    segments = [name for name in order if name.startswith("0/segments/")]
    assert segments and all(name.endswith(".tar") for name in segments)
    assert order[-4:] == ["version.info", "config.json", "shard_key_mapping.json", "payload_index.json"]
    for name in ("0/wal", "0/wal/first-index", "0/applied_seq.json", "0/replica_state.json", "0/shard_config.json"):
        assert name in members
    assert not [name for name in order if "edge_config" in name or name.endswith(".wal") or "journal" in name]
    with tarfile.open(fileobj=io.BytesIO(source["archive"])) as opened:
        read = {name: opened.extractfile(name).read() for name in order if members[name].size and "/segments" not in name}
        inner = tarfile.open(fileobj=opened.extractfile(segments[0]))
        inside = inner.getnames()
        assert inner.extractfile("snapshot/version.info").read() == b"0.6.0"
    assert {"snapshot/segment.json", "snapshot/version.info"} <= set(inside)
    assert all(name.startswith("snapshot/") for name in inside)
    assert "snapshot/files/payload_storage/page_0.dat" in inside
    assert read["version.info"] == b"0.4.2"
    config = json.loads(read["config.json"])
    assert config["params"]["vectors"] == BODY["vectors"] and config["uuid"] and config["metadata"] == BODY["metadata"]
    assert set(config) >= {"params", "hnsw_config", "optimizer_config", "wal_config", "quantization_config"}
    assert json.loads(read["payload_index.json"]) == {"schema": INDEXES}
    assert json.loads(read["shard_key_mapping.json"]) == []
    peer = server.call("GET", "/collections/source/cluster")["peer_id"]
    state = {"is_local": True, "this_peer_id": peer, "peers": {str(peer): "Active"}}
    assert json.loads(read["0/replica_state.json"]) == state
    assert json.loads(read["0/shard_config.json"]) == {"type": "ReplicaSet"}
    acked = json.loads(read["0/wal/first-index"])["ack_index"]
    assert json.loads(read["0/applied_seq.json"]) == {"op_num": acked}


def test_files_with_holes_are_sparse_members(source):
    members = names_of(source["archive"])
    logs = [member for name, member in members.items() if name.startswith("0/wal/open-")]
    assert logs and all(member.type == tarfile.GNUTYPE_SPARSE and member.size == 32 << 20 for member in logs)
    apparent = sum(member.size for member in names_of(source["streamed"]).values())
    assert apparent > 50 * len(source["streamed"])


def test_a_streamed_shard_snapshot_has_files_one_by_one(server, source):
    members = names_of(source["streamed"])
    segments = {name.split("/")[1] for name in members if name.startswith("segments/")}
    for segment in segments:
        assert {f"segments/{segment}/segment.json", f"segments/{segment}/version.info"} <= set(members)
    inner = [n for n in members if n.startswith("segments/") and not n.endswith(("segment.json", "version.info"))]
    assert inner and all(name.split("/")[2] == "files" for name in inner)
    assert not [name for name in members if "segment_manifest" in name or name.endswith(".tar")]
    log = [name for name in members if name.startswith("wal/")]
    assert len(log) == 1 and log[0].startswith("wal/closed-")
    assert list(members)[-2:] == ["replica_state.json", "shard_config.json"]


def test_a_streamed_answer_has_no_length_and_stores_nothing(server):
    server.collection("flowing", points=5)
    with server.http.stream("GET", "/collections/flowing/shards/0/snapshot") as response:
        assert "content-length" not in response.headers
        assert response.headers["content-disposition"].startswith("attachment; filename=")
        body = response.read()
    assert body.endswith(bytes(1024))
    assert snapshots(server, "flowing") == [] and server.call("GET", "/collections/flowing/shards/0/snapshots") == []
    assert not list((server.storage / "snapshots/tmp").iterdir())


def test_an_update_in_the_middle_of_a_stream_neither_waits_for_its_end_nor_gets_into_it(server):
    points = server.bulk("midway", 9000)
    before = server.scroll("midway", with_vector=False, limit=9000)
    with server.http.stream("GET", "/collections/midway/shards/0/snapshot") as response:
        pieces = response.iter_raw(4096)
        received = next(pieces)
        with httpx.Client(base_url=server.url, timeout=60) as other:
            change = {"points": [{"id": n, "vector": [0] * 400} for n in range(0, 9000, 100)]}
            assert other.put("/collections/midway/points?wait=true", json=change).status_code == 200
            assert other.post("/collections/midway/points/delete?wait=true", json={"points": [1, 2]}).status_code == 200
        assert len(list((server.storage / "snapshots/tmp").iterdir())) == 1
        received += b"".join(pieces)
    assert server.count("midway") == 8998
    server.upload("/collections/midway/shards/0/snapshots/upload", received)
    assert server.scroll("midway", with_vector=False, limit=9000) == before
    found = server.call("POST", "/collections/midway/points", {"ids": [0, 100, 8900], "with_vector": True})
    assert [point["vector"] for point in found] == [points[n]["vector"] for n in (0, 100, 8900)]
    assert wait_for(lambda: not list((server.storage / "snapshots/tmp").iterdir()))


def test_a_stored_shard_snapshot_is_nested(server, source):
    made = server.call("POST", "/collections/source/shards/0/snapshots")
    assert made["name"].startswith("source-shard-0-")
    archive = server.download(f"/collections/source/shards/0/snapshots/{made['name']}")
    assert hashlib.sha256(archive).hexdigest() == made["checksum"]
    members = names_of(archive)
    assert any(name.startswith("segments/") and name.endswith(".tar") for name in members)
    assert "replica_state.json" in members and "config.json" not in members
    assert (server.storage / "snapshots/source/shards/0" / made["name"]).exists()
    server.error("GET", "/collections/source/shards/7/snapshots", None, 404)
    server.error("GET", "/collections/source/shards/7/snapshot", None, 404)


def test_gnu_tar_reads_the_archives(source, tmp_path):
    for name in ("archive", "streamed"):
        (tmp_path / name).write_bytes(source[name])
        subprocess.run(["tar", "-xf", tmp_path / name, "-C", tmp_path], check=True)
    for nested in (tmp_path / "0/segments").glob("*.tar"):
        segment = tmp_path / "segments" / nested.stem / "files"
        subprocess.run(["tar", "-xf", nested, "-C", tmp_path], check=True)
        for path in (tmp_path / "snapshot/files").rglob("*"):
            if path.is_file() and segment.exists():
                assert path.read_bytes() == (segment / path.relative_to(tmp_path / "snapshot/files")).read_bytes()


# Restoring


def same(server, name, source):
    assert server.scroll(name) == source["points"]
    assert scores(server, name) == scores(server, "source")


@pytest.mark.parametrize("wait", [True, False])
def test_an_uploaded_snapshot_makes_the_collection_anew(server, source, wait):
    server.call("DELETE", "/collections/copy")
    path = f"/collections/copy/snapshots/upload?priority=snapshot&checksum={source['made']['checksum'].upper()}"
    if wait:
        assert server.upload(path, source["archive"], name="mine.snapshot") is True
    else:
        assert server.upload(f"{path}&wait=false", source["archive"], 202, "mine.snapshot")["status"] == "accepted"
        wait_for(lambda: server.call("GET", "/collections/copy/exists")["exists"] and server.count("copy") > 0)
    same(server, "copy", source)
    shown, original = (server.call("GET", f"/collections/{name}") for name in ("copy", "source"))
    assert shown["config"] == original["config"]
    assert shown["payload_schema"] == original["payload_schema"]
    kept = [entry for entry in server.call("GET", "/collections/copy/snapshots") if entry["name"] == "mine.snapshot"]
    assert kept and "checksum" not in kept[0]


def test_the_copy_can_be_changed_and_survives_a_restart(launch, source):
    other = launch()
    other.upload("/collections/copy/snapshots/upload?priority=snapshot", source["archive"])
    for _ in range(2):
        point = {"id": 777, "vector": {"text": [1] * 8}, "payload": {"n": 777}}
        other.call("PUT", "/collections/copy/points?wait=true", {"points": [point]})
        other.call("POST", "/collections/copy/points/delete?wait=true", {"points": [source["points"][0]["id"]]})
        other.stop()
        other.start()
        ids = [point["id"] for point in other.scroll("copy")]
        assert 777 in ids and source["points"][0]["id"] not in ids and len(ids) == len(source["points"])
    condition = {"must": [{"key": "n", "match": {"value": 777}}]}
    assert other.call("POST", "/collections/copy/points/count", {"filter": condition})["count"] == 1


def test_a_restore_over_the_collection_replaces_its_points_only(server, source):
    server.call("DELETE", "/collections/over")
    server.upload("/collections/over/snapshots/upload", source["archive"])
    server.call("POST", "/collections/over/points/delete?wait=true", {"filter": {}})
    server.call("PATCH", "/collections/over", {"metadata": {"mine": 1}})
    assert server.count("over") == 0
    server.upload("/collections/over/snapshots/upload", source["archive"])
    same(server, "over", source)
    assert server.call("GET", "/collections/over")["config"]["metadata"] == {**BODY["metadata"], "mine": 1}


@pytest.mark.parametrize("form", ["streamed", "nested"])
def test_a_shard_snapshot_restores_every_point(server, source, form):
    server.call("DELETE", "/collections/shard_copy")
    server.call("PUT", "/collections/shard_copy", BODY)
    archive = source["streamed"]
    if form == "nested":
        name = server.call("POST", "/collections/source/shards/0/snapshots")["name"]
        archive = server.download(f"/collections/source/shards/0/snapshots/{name}")
    path = f"/collections/shard_copy/shards/0/snapshots/upload?checksum={hashlib.sha256(archive).hexdigest()}"
    assert server.upload(path, archive) is None
    same(server, "shard_copy", source)
    assert server.call("GET", "/collections/shard_copy/shards/0/snapshots") == []


def test_archives_built_by_others_in_streamed_form_are_accepted(server, source, tmp_path):
    (tmp_path / "in.tar").write_bytes(source["streamed"])
    work = tmp_path / "tree"
    work.mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "in.tar", "-C", work], check=True)
    made = subprocess.run(
        [
            "tar",
            "--format=oldgnu",
            "--sparse",
            "-cf",
            "-",
            "-C",
            work,
            "segments",
            "wal",
            "replica_state.json",
            "shard_config.json",
        ],
        check=True,
        capture_output=True,
    ).stdout
    server.call("DELETE", "/collections/built")
    server.call("PUT", "/collections/built", BODY)
    server.upload("/collections/built/shards/0/snapshots/upload?priority=snapshot", made)
    same(server, "built", source)


def recover(server, name, location, status=200, shard=None, **more):
    prefix = f"/collections/{name}/" + ("" if shard is None else f"shards/{shard}/")
    return server.call("PUT", f"{prefix}snapshots/recover", {"location": location, **more}, status)


def test_recovery_from_a_file_in_the_snapshots_folder(server, source, tmp_path):
    stored = server.storage / "snapshots/source" / source["made"]["name"]
    server.call("DELETE", "/collections/recovered")
    assert recover(server, "recovered", f"file://{stored}", checksum=source["made"]["checksum"], priority="snapshot") is True
    same(server, "recovered", source)
    outside = tmp_path / "outside.snapshot"
    outside.write_bytes(source["archive"])
    link = server.storage / "snapshots" / "link.snapshot"
    link.symlink_to(outside)
    try:
        for refused in (outside, link):
            assert recover(server, "r2", f"file://{refused}", 403)["status"]["error"].startswith("Forbidden: ")
    finally:
        link.unlink()
    recover(server, "r2", f"file://{stored}.none", 400)
    recover(server, "r2", f"file://elsewhere{stored}", 400)
    recover(server, "r2", "ftp://localhost/x.snapshot", 400)
    assert server.call("GET", "/collections/r2/exists") == {"exists": False}


def test_recovery_from_the_url_of_a_guarded_server(server, source, launch):
    other = launch("--api-key", "k")
    other.http.headers["api-key"] = "k"
    location = f"{server.url}/collections/source/snapshots/{source['made']['name']}"
    assert recover(other, "fetched", location) is True
    assert other.scroll("fetched") == source["points"]
    other.call("PUT", "/collections/target", BODY)
    assert recover(other, "target", f"{server.url}/collections/source/shards/0/snapshot", shard=0) is True
    assert other.scroll("target") == source["points"]
    made = other.call("POST", "/collections/target/snapshots")
    location = f"{other.url}/collections/target/snapshots/{made['name']}"
    recover(server, "back", location, 400)
    recover(server, "back", location, 400, api_key="wrong")
    assert recover(server, "back", location, api_key="k") is True
    assert server.scroll("back") == source["points"]
    server.call("DELETE", "/collections/back")


def test_a_shard_recovers_from_its_own_stored_snapshot(server):
    server.collection("rewind", points=6)
    name = server.call("POST", "/collections/rewind/shards/0/snapshots")["name"]
    server.call("POST", "/collections/rewind/points/delete?wait=true", {"points": [1, 2]})
    assert recover(server, "rewind", name, shard=0) is True
    assert server.count("rewind") == 6
    recover(server, "rewind", "unknown.snapshot", 404, shard=0)
    recover(server, "rewind", f"file://{server.storage}/snapshots/rewind/shards/0/{name}", 400, shard=0)


class _Odd(BaseHTTPRequestHandler):
    """A server that gives less than it promises, a redirect, or HTML."""

    def do_GET(self):
        if self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/html")
            self.end_headers()
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>" + b" " * 3000)

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("path, status", [("/short", 500), ("/moved", 400), ("/html", 500)])
def test_recovery_from_an_odd_server_fails_before_any_change(server, path, status):
    server.collection("odd", points=3)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as odd:
        thread = threading.Thread(target=odd.serve_forever)
        thread.start()
        try:
            recover(server, "odd", f"http://127.0.0.1:{odd.server_port}{path}", status)
        finally:
            odd.shutdown()
            thread.join()
    assert server.count("odd") == 3
    assert not list((server.storage / "snapshots/tmp").iterdir())


# Refusals, each before anything live is touched


def refused(server, name, archive, status, query="", shard=False):
    before = server.scroll(name)
    path = f"/collections/{name}/" + ("shards/0/" if shard else "") + f"snapshots/upload{query}"
    error = server.upload(path, archive, status)["status"]["error"]
    assert server.scroll(name) == before
    assert server.call("GET", f"/collections/{name}/cluster")["local_shards"][0]["state"] == "Active"
    return error


def test_a_wrong_checksum_is_400_and_a_malformed_one_422(server, source):
    server.collection("checked", points=3)
    for shard, archive in ((False, source["archive"]), (True, source["streamed"])):
        assert "checksum" in refused(server, "checked", archive, 400, f"?checksum={'0' * 64}", shard)
        refused(server, "checked", archive, 422, "?checksum=xyz", shard)
    assert snapshots(server, "checked") == []
    stored = server.storage / "snapshots/source" / source["made"]["name"]
    recover(server, "checked", f"file://{stored}", 400, checksum="0" * 64)
    recover(server, "checked", f"file://{stored}", 422, checksum="0")
    refused(server, "checked", source["archive"], 400, "?priority=mine")


def test_a_truncated_archive_is_refused_wherever_it_ends(server, source):
    server.collection("cut", BODY)
    server.call("PUT", "/collections/cut/points?wait=true", {"points": [{"id": 1, "vector": {}}]})
    for shard, archive in ((False, source["archive"]), (True, source["streamed"])):
        length = len(archive)
        for end in (0, 100, 512, length // 7 + 3, length // 2, length * 3 // 4, length - 1024, length - 512, length - 1):
            assert "cut off" in refused(server, "cut", archive[:end], 500, shard=shard)


def test_other_vectors_or_shards_are_incompatible(server, source):
    for body in (
        {"vectors": {"size": 2, "distance": "Dot"}},
        {**BODY, "shard_number": 2},
        {**BODY, "vectors": {**BODY["vectors"], "text": {"size": 8, "distance": "Dot"}}},
    ):
        server.collection("unlike", body)
        text = refused(server, "unlike", source["archive"], 400)
        assert text == "Bad request: Snapshot is not compatible with existing collection"


def entry(name, kind=tarfile.REGTYPE, content=b""):
    """One member as Python's tarfile writes it."""
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, len(content), "/etc/passwd"
    return member.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def with_members(archive, *extra, without=()):
    """The archive with more members before its end, and without some of its own."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        members = opened.getmembers()
    starts = [member.offset for member in members] + [len(archive) - 1024]
    kept = [archive[starts[n] : starts[n + 1]] for n, member in enumerate(members) if member.name not in without]
    return b"".join([*kept, *extra, bytes(1024)])


@pytest.fixture(scope="module")
def small(server):
    server.collection("small", points=4)
    name = server.call("POST", "/collections/small/snapshots")["name"]
    return {
        "archive": server.download(f"/collections/small/snapshots/{name}"),
        "streamed": server.download("/collections/small/shards/0/snapshot"),
    }


def test_what_is_not_allowed_in_an_archive_is_400(server, small):
    for extra in (
        entry("0/link", tarfile.SYMTYPE),
        entry("0/hard", tarfile.LNKTYPE),
        entry("0/device", tarfile.CHRTYPE),
        entry("../../escape", content=b"x"),
        entry("config.json", content=b"{}"),
    ):
        assert refused(server, "small", with_members(small["archive"], extra), 400).startswith("Wrong input: ")
    link = entry("segments/link", tarfile.SYMTYPE)
    refused(server, "small", with_members(small["streamed"], link), 400, shard=True)


def test_foreign_archives_are_refused(server, small):
    foreign = entry("readme.txt", content=b"hi") + bytes(1024)
    for shard in (False, True):
        refused(server, "small", foreign, 500, shard=shard)
        refused(server, "small", b"PK\x03\x04" + bytes(4000), 500, shard=shard)
    refused(server, "small", small["streamed"], 500)
    refused(server, "small", small["archive"], 500, shard=True)
    for missing in ("replica_state.json", "shard_config.json"):
        refused(server, "small", with_members(small["streamed"], without=(missing,)), 500, shard=True)
    refused(server, "small", with_members(small["archive"], without=("config.json",)), 500)
    assert server.call("GET", "/collections/small/exists") == {"exists": True}


def test_a_foreign_archive_makes_no_collection(server, small):
    server.upload("/collections/never/snapshots/upload", b"no archive at all", 500)
    server.upload("/collections/never/snapshots/upload", small["archive"][:-2048], 500)
    assert server.call("GET", "/collections/never/exists") == {"exists": False}


def test_a_remote_shard_cannot_be_restored(server, small):
    state = json.dumps({"is_local": False, "this_peer_id": 1, "peers": {"2": "Active"}}).encode()
    changed = with_members(small["archive"], entry("0/replica_state.json", content=state), without=("0/replica_state.json",))
    assert "missing data at shard" in refused(server, "small", changed, 500)


def test_a_shard_of_other_vectors_is_taken_without_a_word(server, small):
    """The real server's gap (reference, section 1.8): nothing compares the vectors."""
    server.collection("gap", {"vectors": {"size": 5, "distance": "Cosine"}})
    assert server.upload("/collections/gap/shards/0/snapshots/upload?priority=snapshot", small["streamed"]) is None
    assert server.scroll("gap") == server.scroll("small")
    assert server.call("GET", "/collections/gap")["config"]["params"]["vectors"]["size"] == 5


def test_the_collection_and_the_shard_must_exist(server, small):
    server.upload("/collections/nowhere/shards/0/snapshots/upload", small["streamed"], 404)
    server.upload("/collections/small/shards/9/snapshots/upload", small["streamed"], 404)
    server.error("POST", "/collections/nowhere/snapshots", None, 404)


def test_a_body_that_is_no_upload_is_400(server, small):
    path = "/collections/small/snapshots/upload"
    server.call("POST", path, None, 400, files={"other": ("x.snapshot", b"x")})
    server.call("POST", path, None, 400, content=b"raw", headers={"Content-Type": "application/octet-stream"})
    head = b'--b\r\nContent-Disposition: form-data; name="snapshot"; filename="a.snapshot"\r\n\r\n'
    server.call(
        "POST", path, None, 400, content=head + b"never ended", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert not list((server.storage / "snapshots/tmp").iterdir())


def test_restored_operations_have_newer_numbers(server, small):
    server.collection("numbers")
    server.upload("/collections/numbers/shards/0/snapshots/upload", small["streamed"])
    body = {"points": [{"id": 1, "vector": [7, 7]}]}
    done = server.call("PUT", "/collections/numbers/points?wait=true", body)
    assert done["operation_id"] >= 1
    assert server.scroll("numbers")[1]["vector"] == [7, 7]

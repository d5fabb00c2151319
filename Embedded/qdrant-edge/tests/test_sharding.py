"""Collections of several shards, by hash and by shard keys."""

import pytest
from kinds import BODY, INDEXES, make_points


@pytest.fixture(scope="module")
def many(server):
    server.call("DELETE", "/collections/many")
    server.call("PUT", "/collections/many", {**BODY, "shard_number": 3})
    for field in ("n", "kind"):
        server.call("PUT", "/collections/many/index?wait=true", {"field_name": field, "field_schema": INDEXES[field]})
    points = make_points(150, 3)
    server.call("PUT", "/collections/many/points?wait=true", {"points": points})
    return server.scroll("many")


def shard_points(server, name, shard):
    body = {"limit": 1000, "with_vector": True}
    return server.call("POST", f"/collections/{name}/shards/{shard}/points/scroll", body)["points"]


def test_points_are_spread_and_read_as_one(server, many):
    parts = [shard_points(server, "many", shard) for shard in range(3)]
    assert all(len(part) > 20 for part in parts)
    together = [point for part in parts for point in part]
    assert sorted(together, key=lambda point: str(point["id"])) == sorted(many, key=lambda point: str(point["id"]))
    assert len(many) == 150
    for shard, part in enumerate(parts):
        count = server.call("POST", f"/collections/many/shards/{shard}/points/count", {"exact": True})["count"]
        assert count == len(part)
    view = server.call("GET", "/collections/many/cluster")
    assert view["shard_count"] == 3
    assert [entry["points_count"] for entry in view["local_shards"]] == [len(part) for part in parts]
    server.error("POST", "/collections/many/shards/3/points/count", {}, 404)


def test_queries_rank_over_all_shards(server, many):
    server.call("DELETE", "/collections/single")
    server.call("PUT", "/collections/single", BODY)
    server.call("PUT", "/collections/single/points?wait=true", {"points": make_points(150, 3)})
    for using, query in (("text", [1, 2, 3, 4, 5, 6, 7, 8]), ("small", [0.5] * 8)):
        body = {"query": query, "using": using, "limit": 25, "params": {"exact": True}}
        found = [
            [
                (point["id"], point["score"])
                for point in server.call("POST", f"/collections/{name}/points/query", body)["points"]
            ]
            for name in ("many", "single")
        ]
        assert found[0] == found[1]


def test_an_update_finds_the_shard_of_its_point(server, many):
    change = [{"id": point["id"], "vector": {}, "payload": {"n": -1}} for point in many[:30]]
    server.call("PUT", "/collections/many/points?wait=true", {"points": change})
    assert server.count("many") == 150
    server.call("POST", "/collections/many/points/payload?wait=true", {"points": [many[0]["id"]], "payload": {"n": -2}})
    assert server.call("GET", f"/collections/many/points/{many[0]['id']}")["payload"] == {"n": -2}
    originals = {str(point["id"]): point for point in make_points(150, 3)}
    back = [originals[str(point["id"])] for point in many[:30]]
    server.call("PUT", "/collections/many/points?wait=true", {"points": back})
    assert server.scroll("many") == many


def test_a_collection_snapshot_restores_every_shard(server, many):
    name = server.call("POST", "/collections/many/snapshots")["name"]
    archive = server.download(f"/collections/many/snapshots/{name}")
    server.call("DELETE", "/collections/many_copy")
    server.upload("/collections/many_copy/snapshots/upload", archive)
    for shard in range(3):
        assert shard_points(server, "many_copy", shard) == shard_points(server, "many", shard)
    assert server.scroll("many_copy") == many
    assert set(server.call("GET", "/collections/many_copy")["payload_schema"]) == {"n", "kind"}


def test_shards_restore_one_by_one(server, many):
    server.call("DELETE", "/collections/piecewise")
    server.call("PUT", "/collections/piecewise", {**BODY, "shard_number": 3})
    for shard in (2, 0, 1):
        archive = server.download(f"/collections/many/shards/{shard}/snapshot")
        server.upload(f"/collections/piecewise/shards/{shard}/snapshots/upload", archive)
    assert server.scroll("piecewise") == many


CUSTOM = {"vectors": {"size": 2, "distance": "Dot"}, "sharding_method": "custom", "shard_number": 2}


def custom(server, name, *keys):
    server.collection(name, CUSTOM)
    for key in keys:
        assert server.call("PUT", f"/collections/{name}/shards", {"shard_key": key}) is True


def put(server, name, ids, key, status=200):
    points = [{"id": n, "vector": [n, 1]} for n in ids]
    return server.call("PUT", f"/collections/{name}/points?wait=true", {"points": points, "shard_key": key}, status)


@pytest.fixture
def tenants(server):
    custom(server, "tenants", "north", 7)
    put(server, "tenants", range(20), "north")
    put(server, "tenants", range(100, 130), 7)
    return server.scroll("tenants")


def test_shard_keys_decide_where_points_go(server, tenants):
    assert server.call("GET", "/collections/tenants/shards") == {"shard_keys": [{"key": "north"}, {"key": 7}]}
    view = server.call("GET", "/collections/tenants/cluster")
    assert [(entry["shard_id"], entry["shard_key"]) for entry in view["local_shards"]] == [
        (0, "north"),
        (1, "north"),
        (2, 7),
        (3, 7),
    ]
    assert sum(entry["points_count"] for entry in view["local_shards"][:2]) == 20
    assert {point["shard_key"] for point in tenants} == {"north", 7}
    only = server.call("POST", "/collections/tenants/points/scroll", {"limit": 100, "shard_key": 7})["points"]
    assert [point["id"] for point in only] == list(range(100, 130))
    count = server.call("POST", "/collections/tenants/points/count", {"shard_key": ["north"], "exact": True})
    assert count == {"count": 20}


def test_points_without_a_key_or_with_an_unknown_one_are_refused(server, tenants):
    put(server, "tenants", [1], None, 400)
    put(server, "tenants", [1], "south", 400)
    server.collection("plain", points=1)
    put(server, "plain", [1], "north", 400)
    server.error("PUT", "/collections/plain/shards", {"shard_key": "x"}, 400)
    server.error("PUT", "/collections/tenants/shards", {"shard_key": "north"}, 400)
    assert server.scroll("tenants") == tenants


def test_a_dropped_key_takes_its_points_along(server, tenants):
    assert server.call("POST", "/collections/tenants/shards/delete", {"shard_key": "north"}) is True
    assert [point["id"] for point in server.scroll("tenants")] == list(range(100, 130))
    server.error("POST", "/collections/tenants/shards/delete", {"shard_key": "north"}, 400)


def archive_of(server, name):
    made = server.call("POST", f"/collections/{name}/snapshots")["name"]
    return server.download(f"/collections/{name}/snapshots/{made}")


def test_the_real_servers_flaw_is_here_too(server, tenants):
    """A custom-sharded snapshot into a new collection: 200, and nothing in it (reference, section 2.4)."""
    archive = archive_of(server, "tenants")
    server.call("DELETE", "/collections/emptied")
    assert server.upload("/collections/emptied/snapshots/upload?priority=snapshot", archive) is True
    assert server.count("emptied") == 0
    assert server.call("GET", "/collections/emptied/cluster")["shard_count"] == 0
    assert server.call("GET", "/collections/emptied")["config"]["params"]["sharding_method"] == "custom"


def test_with_its_keys_made_first_it_restores(server, tenants):
    archive = archive_of(server, "tenants")
    custom(server, "rebuilt", "north", 7)
    assert server.upload("/collections/rebuilt/snapshots/upload?priority=snapshot", archive) is True
    assert server.scroll("rebuilt") == tenants


def test_keys_survive_a_restart(launch):
    server = launch()
    custom(server, "kept", "a", "b")
    put(server, "kept", range(10), "a")
    server.kill()
    server.start()
    assert server.call("GET", "/collections/kept/shards") == {"shard_keys": [{"key": "a"}, {"key": "b"}]}
    assert server.count("kept") == 10

"""Collections, aliases, indexes: what is asked for is what the info says."""

import time

import pytest
from kinds import BODY, INDEXES, fill

#: A graph that is built quickly.
QUICK = {"m": 4, "ef_construct": 4}


def info(server, name):
    return server.call("GET", f"/collections/{name}")


def test_the_info_says_what_the_creation_asked_for(server):
    fill(server, "asked", 60)
    shown = info(server, "asked")
    config = shown["config"]
    assert config["params"]["vectors"] == BODY["vectors"]
    assert config["params"]["sparse_vectors"] == BODY["sparse_vectors"]
    assert config["hnsw_config"]["ef_construct"] == 50
    assert config["optimizer_config"]["indexing_threshold"] == 1
    assert config["metadata"] == BODY["metadata"]
    assert "uuid" not in config
    assert shown["points_count"] == server.count("asked")
    assert set(shown["payload_schema"]) == set(INDEXES)
    assert shown["payload_schema"]["kind"]["data_type"] == "keyword"
    assert shown["payload_schema"]["ref"]["params"] == INDEXES["ref"]
    assert shown["payload_schema"]["n"]["points"] > 30


@pytest.mark.parametrize(
    "quantization",
    [
        {"scalar": {"type": "int8", "quantile": 0.99}},
        {"product": {"compression": "x16"}},
        {"binary": {"always_ram": True}},
        {"turbo": {"bits": "bits4"}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_every_quantisation_can_be_used(server, quantization):
    body = {
        "vectors": {"size": 16, "distance": "Cosine"},
        "quantization_config": quantization,
        "optimizers_config": {"indexing_threshold": 1},
        "on_disk_payload": False,
    }
    server.collection("quantised", body)
    points = [{"id": n, "vector": [(n * k) % 7 - 3 for k in range(1, 17)]} for n in range(300)]
    server.call("PUT", "/collections/quantised/points?wait=true", {"points": points})
    assert info(server, "quantised")["config"]["quantization_config"] == quantization
    found = server.call("POST", "/collections/quantised/points/query", {"query": 5, "limit": 3})["points"]
    assert len(found) == 3


def test_collections_are_listed_and_deleted(server):
    server.collection("listed")
    assert {"name": "listed"} in server.call("GET", "/collections")["collections"]
    assert server.call("GET", "/collections/listed/exists") == {"exists": True}
    assert server.call("DELETE", "/collections/listed") is True
    assert server.call("DELETE", "/collections/listed") is False
    assert server.call("GET", "/collections/listed/exists") == {"exists": False}
    assert server.error("GET", "/collections/listed", None, 404) == "Not found: Collection `listed` doesn't exist!"


def test_a_name_is_taken_once(server):
    server.collection("taken")
    text = server.error("PUT", "/collections/taken", {"vectors": {"size": 1, "distance": "Dot"}}, 409)
    assert text == "Wrong input: Collection `taken` already exists!"


REFUSED = [
    ({"vectors": {"size": 0, "distance": "Dot"}}, 422),
    ({"vectors": {"size": 1, "distance": "Far"}}, 400),
    ({"vectors": {"size": 1, "distance": "Dot", "datatype": "turbo4"}}, 400),
    ({"vectors": {"size": 1, "distance": "Dot", "datatype": "int3"}}, 400),
    ({"vectors": {"a": {"size": 1}}}, 400),
    ({"vectors": {"size": 1, "distance": "Dot"}, "shard_number": 0}, 422),
    ({"vectors": {"size": 1, "distance": "Dot"}, "sharding_method": "magic"}, 400),
    ({"vectors": {"size": 1, "distance": "Dot"}, "quantization_config": {"odd": {}}}, 400),
    ({"vectors": {"a": {"size": 1, "distance": "Dot"}}, "sparse_vectors": {"a": {}}}, 400),
]


@pytest.mark.parametrize("body, status", REFUSED)
def test_a_configuration_that_cannot_be_is_refused(server, body, status):
    server.call("DELETE", "/collections/refused")
    server.error("PUT", "/collections/refused", body, status)
    assert server.call("GET", "/collections/refused/exists") == {"exists": False}


def test_collections_without_dense_vectors(server):
    server.collection("words_only", {"sparse_vectors": {"w": {}}})
    point = {"id": 1, "vector": {"w": {"indices": [3], "values": [1]}}}
    server.call("PUT", "/collections/words_only/points?wait=true", {"points": [point]})
    assert server.scroll("words_only")[0]["vector"] == point["vector"]


def test_a_patch_changes_only_what_it_names(server):
    server.collection("patched", points=3)
    before = info(server, "patched")["config"]
    server.call("PATCH", "/collections/patched", {})
    assert info(server, "patched")["config"] == before
    change = {
        "optimizers_config": {"indexing_threshold": 5},
        "hnsw_config": {"m": 4},
        "params": {"read_fan_out_factor": 2},
        "quantization_config": {"scalar": {"type": "int8"}},
        "metadata": {"k": "v"},
    }
    server.call("PATCH", "/collections/patched", change)
    after = info(server, "patched")["config"]
    assert after["optimizer_config"] == {**before["optimizer_config"], "indexing_threshold": 5}
    assert after["hnsw_config"] == {**before["hnsw_config"], "m": 4}
    assert after["params"] == {**before["params"], "read_fan_out_factor": 2}
    assert (after["quantization_config"], after["metadata"]) == (change["quantization_config"], {"k": "v"})
    assert server.count("patched") == 3


def test_an_optimised_collection_is_green_and_indexed(server):
    server.collection(
        "indexed", {"vectors": {"size": 64, "distance": "Dot"}, "optimizers_config": {"indexing_threshold": 1}}
    )
    points = [{"id": n, "vector": [(n * k) % 11 for k in range(64)]} for n in range(500)]
    server.call("PUT", "/collections/indexed/points?wait=true", {"points": points})
    for _ in range(200):
        shown = info(server, "indexed")
        if shown["status"] == "green" and shown["indexed_vectors_count"] == 500:
            break
        time.sleep(0.1)
    assert shown["indexed_vectors_count"] == 500
    assert server.count("indexed") == 500


def test_large_shards_are_optimised_beside_the_live_one(launch):
    server = launch()
    body = {
        "vectors": {"size": 2000, "distance": "Dot"},
        "optimizers_config": {"indexing_threshold": 1000},
        "hnsw_config": QUICK,
    }
    server.collection("large", body)
    points = [{"id": n, "vector": [(n * k) % 9 for k in range(2000)], "payload": {"n": n}} for n in range(550)]
    server.call("PUT", "/collections/large/points?wait=true", {"points": points})
    before, seen = server.scroll("large"), set()
    for _ in range(1000):
        shown = info(server, "large")
        assert shown["points_count"] == 550, "reads go on while the shard is optimised"
        seen.add(shown["status"])
        if shown["indexed_vectors_count"] == 550 and shown["status"] == "green":
            break
        time.sleep(0.02)
    assert shown["indexed_vectors_count"] == 550 and shown["status"] == "green"
    assert "yellow" in seen
    assert server.scroll("large") == before
    done = server.call("PUT", "/collections/large/points?wait=true", {"points": [{"id": 1, "vector": [1] * 2000}]})
    assert done["operation_id"] >= 1
    server.kill()
    server.start()
    assert server.scroll("large")[1]["vector"] == [1] * 2000
    assert server.scroll("large")[2:] == before[2:]


def test_updates_and_snapshots_do_not_wait_for_optimising(launch):
    server = launch()
    body = {
        "vectors": {"size": 2000, "distance": "Dot"},
        "optimizers_config": {"indexing_threshold": 1000},
        "hnsw_config": QUICK,
    }
    server.collection("busy", body)
    points = [{"id": n, "vector": [(n * k) % 9 for k in range(2000)]} for n in range(550)]
    server.call("PUT", "/collections/busy/points?wait=true", {"points": points})
    for _ in range(1000):
        if info(server, "busy")["status"] == "yellow":
            break
        time.sleep(0.01)
    server.call("PUT", "/collections/busy/points?wait=true", {"points": [{"id": 9000, "vector": [1] * 2000}]})
    assert server.download("/collections/busy/shards/0/snapshot").endswith(bytes(1024))
    for _ in range(1000):
        if info(server, "busy")["indexed_vectors_count"] >= 550:
            break
        time.sleep(0.02)
    assert server.count("busy") == 551
    assert info(server, "busy")["indexed_vectors_count"] >= 550
    server.stop()


def test_indexes_come_and_go(server):
    server.collection("fields", points=5)
    server.call("PUT", "/collections/fields/index?wait=true", {"field_name": "n", "field_schema": "integer"})
    server.call("PUT", "/collections/fields/index?wait=true", {"field_name": "a.b", "field_schema": {"type": "keyword"}})
    shown = info(server, "fields")["payload_schema"]
    assert shown["n"] == {"data_type": "integer", "points": 5}
    assert shown["a.b"] == {"data_type": "keyword", "points": 0, "params": {"type": "keyword"}}
    server.call("DELETE", "/collections/fields/index/a.b?wait=true")
    assert set(info(server, "fields")["payload_schema"]) == {"n"}
    server.error("PUT", "/collections/fields/index", {"field_name": "x", "field_schema": "colour"}, 400)
    server.error("PUT", "/collections/fields/index", {"field_schema": "keyword"}, 400)


def act(server, *actions, status=200):
    return server.call("POST", "/collections/aliases", {"actions": list(actions)}, status)


def create(alias, collection):
    return {"create_alias": {"collection_name": collection, "alias_name": alias}}


def delete(alias):
    return {"delete_alias": {"alias_name": alias}}


def test_an_alias_stands_for_its_collection(server):
    server.collection("target", points=4)
    act(server, create("stand-in", "target"))
    assert server.count("stand-in") == 4
    assert len(server.scroll("stand-in")) == 4
    server.call("PUT", "/collections/stand-in/points?wait=true", {"points": [{"id": 9, "vector": [1, 1]}]})
    assert server.count("target") == 5
    assert info(server, "stand-in")["points_count"] == 5
    made = server.call("POST", "/collections/stand-in/snapshots")
    assert made in server.call("GET", "/collections/target/snapshots")
    assert server.call("GET", "/collections/target/aliases")["aliases"] == [
        {"alias_name": "stand-in", "collection_name": "target"}
    ]


def test_all_actions_or_none(server):
    server.collection("one", points=1)
    server.collection("two", points=2)
    act(server, create("live", "one"))
    act(server, delete("live"), create("live", "two"))
    assert server.count("live") == 2
    before = server.call("GET", "/aliases")
    act(server, delete("live"), create("live", "nowhere"), status=404)
    act(server, create("one", "two"), status=409)
    act(server, {"paint_alias": {}}, status=400)
    assert server.call("GET", "/aliases") == before
    act(server, {"rename_alias": {"old_alias_name": "live", "new_alias_name": "alive"}})
    assert server.count("alive") == 2
    server.error("GET", "/collections/live", None, 404)


def test_aliases_go_with_their_collection(server):
    server.collection("mortal")
    act(server, create("ghost", "mortal"))
    server.call("DELETE", "/collections/mortal")
    assert "ghost" not in [entry["alias_name"] for entry in server.call("GET", "/aliases")["aliases"]]
    server.error("GET", "/collections/ghost", None, 404)


def test_snapshots_stay_when_their_collection_goes(server):
    server.collection("leaving", points=1)
    made = server.call("POST", "/collections/leaving/snapshots")
    server.call("DELETE", "/collections/leaving")
    assert (server.storage / "snapshots" / "leaving" / made["name"]).exists()

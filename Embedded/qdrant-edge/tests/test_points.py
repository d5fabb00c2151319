"""Points: what is written is what is read, in every kind, and errors say what is wrong."""

import struct
import uuid

import pytest
from kinds import fill, make_points

NUMBERS = [0, 1, 2**32, 2**53 + 1, 2**63, 2**64 - 1]
UUIDS = [
    "00000000-0000-0000-0000-000000000001",
    "550e8400-e29b-41d4-a716-446655440000",
    "ffffffff-0000-0000-0000-000000000000",
]


@pytest.fixture(scope="module")
def kinds(server):
    return fill(server, "kinds")


def f32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def test_ids_come_in_order_numbers_first(server):
    server.collection("ids")
    points = [{"id": i, "vector": [1, 1]} for i in [*reversed(UUIDS), *reversed(NUMBERS)]]
    server.call("PUT", "/collections/ids/points?wait=true", {"points": points})
    assert [point["id"] for point in server.scroll("ids")] == NUMBERS + UUIDS


@pytest.mark.parametrize("form", [str, str.upper, lambda text: text.replace("-", ""), lambda text: f"urn:uuid:{text}"])
def test_uuids_are_answered_in_one_form(server, form):
    server.collection("forms")
    server.call("PUT", "/collections/forms/points?wait=true", {"points": [{"id": form(UUIDS[1]), "vector": [1, 1]}]})
    assert [point["id"] for point in server.scroll("forms")] == [UUIDS[1]]


def test_pages_join_to_the_whole(server, kinds):
    for limit in (9, 50):
        found, offset, pages = [], None, 0
        while True:
            body = {"limit": limit, "offset": offset, "with_payload": False}
            page = server.call("POST", "/collections/kinds/points/scroll", body)
            found += [point["id"] for point in page["points"]]
            pages += 1
            if page["next_page_offset"] is None:
                break
            assert page["next_page_offset"] not in found
            offset = page["next_page_offset"]
        assert found == [point["id"] for point in kinds]
        assert pages == -(-len(found) // limit)


def test_payloads_and_vectors_come_back_exactly(server, kinds):
    sent = {str(point["id"]): point for point in make_points(120, 1)}
    sent |= {str(point["id"]): point for point in make_points(120, 2)[:20]}
    assert len(kinds) > 90
    for point in server.scroll("kinds"):
        original = sent[str(point["id"])]
        payload = dict(original["payload"] or {})
        # The engine reads a 64-bit float of a payload back with an error of up to one unit in the last place.
        assert point["payload"].pop("price", None) == pytest.approx(payload.pop("price", None), rel=1e-15)
        place, sent_place = point["payload"].pop("place", {}), payload.pop("place", {})
        assert place == pytest.approx(sent_place, rel=1e-15)
        assert point["payload"] == payload
        assert set(point["vector"]) == set(original["vector"])
        for name in ("bytes", "small"):
            if name in point["vector"]:
                assert point["vector"][name] == pytest.approx(original["vector"][name], rel=1e-6)
        if "half" in point["vector"]:
            expected = [struct.unpack("e", struct.pack("e", value))[0] for value in original["vector"]["half"]]
            assert point["vector"]["half"] == pytest.approx(expected, rel=1e-6)
        if "text" in point["vector"]:
            assert sum(value * value for value in point["vector"]["text"]) == pytest.approx(1, abs=1e-5)
        if "plain" in point["vector"]:
            assert point["vector"]["plain"] == original["vector"]["plain"]


def test_floats_are_printed_as_the_shortest_decimals_of_32_bits(server):
    server.collection("floats")
    values = [0.1, 1 / 3]
    server.call("PUT", "/collections/floats/points?wait=true", {"points": [{"id": 1, "vector": values}]})
    text = server.http.post("/collections/floats/points", json={"ids": [1], "with_vector": True}).text
    assert '"vector":[0.1,0.33333334]' in text
    assert [f32(value) for value in (0.1, 0.33333334)] == [f32(value) for value in values]


def test_retrieve_leaves_out_what_is_missing(server):
    server.collection("few", points=3)
    found = server.call("POST", "/collections/few/points", {"ids": [2, 77, 0], "with_payload": ["n"]})
    assert [(point["id"], point["payload"]) for point in found] == [(2, {"n": 2}), (0, {"n": 0})]
    assert "vector" not in found[0]
    assert server.call("GET", "/collections/few/points/1")["payload"] == {"n": 1}
    server.error("GET", "/collections/few/points/9", None, 404)


def test_the_batch_form_is_the_list_form(server):
    server.collection("batch", {"vectors": {"a": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"s": {}}})
    batch = {
        "ids": [1, UUIDS[0]],
        "vectors": {"a": [[1, 2], [3, 4]], "s": [{"indices": [9, 1], "values": [1, 2]}, {"indices": [3], "values": [4]}]},
        "payloads": [{"x": 1}, None],
    }
    server.call("PUT", "/collections/batch/points?wait=true", {"batch": batch})
    assert server.scroll("batch") == [
        {"id": 1, "payload": {"x": 1}, "vector": {"a": [1, 2], "s": {"indices": [1, 9], "values": [2, 1]}}},
        {"id": UUIDS[0], "payload": {}, "vector": {"a": [3, 4], "s": {"indices": [3], "values": [4]}}},
    ]


def test_update_modes(server):
    server.collection("modes", points=2)
    change = {"points": [{"id": 1, "vector": [5, 5]}, {"id": 2, "vector": [6, 6]}]}
    server.call("PUT", "/collections/modes/points?wait=true", {**change, "update_mode": "insert_only"})
    assert [point["vector"] for point in server.scroll("modes")] == [[0, 1], [1, 1], [6, 6]]
    change["points"][1]["id"] = 3
    server.call("PUT", "/collections/modes/points?wait=true", {**change, "update_mode": "update_only"})
    assert [point["vector"] for point in server.scroll("modes")] == [[0, 1], [5, 5], [6, 6]]


def test_wait_says_how_far_the_update_is(server):
    server.collection("waiting")
    body = {"points": [{"id": 1, "vector": [1, 1]}]}
    first = server.call("PUT", "/collections/waiting/points", body)
    second = server.call("PUT", "/collections/waiting/points?wait=true", body)
    assert (first, second) == (
        {"operation_id": 0, "status": "acknowledged"},
        {"operation_id": 1, "status": "completed"},
    )


def test_payload_changes(server):
    server.collection("payloads", points=4)
    path = "/collections/payloads/points/payload"
    server.call("POST", f"{path}?wait=true", {"points": [0, 1], "payload": {"x": 1}})
    server.call("PUT", f"{path}?wait=true", {"filter": {"must": [{"key": "n", "match": {"value": 1}}]}, "payload": {"y": 2}})
    server.call("POST", f"{path}/delete?wait=true", {"points": [2], "keys": ["n"]})
    server.call("POST", f"{path}/clear?wait=true", {"points": [3]})
    assert [point["payload"] for point in server.scroll("payloads")] == [{"n": 0, "x": 1}, {"y": 2}, {}, {}]
    server.error("POST", f"{path}?wait=true", {"points": [99], "payload": {"x": 1}}, 404)


def test_vector_changes(server):
    server.collection("vectors", {"vectors": {"a": {"size": 1, "distance": "Dot"}, "b": {"size": 1, "distance": "Dot"}}})
    server.call("PUT", "/collections/vectors/points", {"points": [{"id": 1, "vector": {"a": [1]}}]})
    server.call("PUT", "/collections/vectors/points/vectors", {"points": [{"id": 1, "vector": {"b": [2]}}]})
    assert server.scroll("vectors")[0]["vector"] == {"a": [1], "b": [2]}
    for name in ("a", "b"):
        server.call("POST", "/collections/vectors/points/vectors/delete", {"points": [1], "vector": [name]})
    assert server.scroll("vectors")[0]["vector"] == {}


def test_deletions_by_id_and_by_filter(server):
    server.collection("deletions", points=10)
    server.call("POST", "/collections/deletions/points/delete?wait=true", {"points": [0, 1, 500]})
    condition = {"key": "n", "range": {"gte": 8}}
    server.call("POST", "/collections/deletions/points/delete?wait=true", {"filter": {"must": [condition]}})
    assert [point["id"] for point in server.scroll("deletions")] == [2, 3, 4, 5, 6, 7]


def matches(server, condition, clause="must"):
    body = {"limit": 1000, "filter": {clause: [condition]}, "with_payload": True}
    found = server.call("POST", "/collections/kinds/points/scroll", body)["points"]
    counted = server.call("POST", "/collections/kinds/points/count", {"filter": body["filter"], "exact": True})
    assert counted["count"] == len(found)
    return found


CONDITIONS = [
    ({"key": "kind", "match": {"value": "ü"}}, lambda p: p.get("kind") == "ü"),
    ({"key": "kind", "match": {"any": ["a", "b"]}}, lambda p: p.get("kind") in ("a", "b")),
    ({"key": "kind", "match": {"except": ["a"]}}, lambda p: p.get("kind", "a") != "a"),
    ({"key": "flag", "match": {"value": True}}, lambda p: p.get("flag") is True),
    ({"key": "n", "match": {"value": 31}}, lambda p: p.get("n") == 31),
    ({"key": "n", "range": {"gt": 10, "lte": 20}}, lambda p: 10 < p.get("n", 0) <= 20),
    ({"key": "price", "range": {"lt": 0.5}}, lambda p: p.get("price", 1) < 0.5),
    ({"key": "at", "range": {"gte": "2026-01-20T00:00:00Z"}}, lambda p: p.get("at", "") >= "2026-01-20"),
    ({"key": "title", "match": {"text": "chapter 12th"}}, lambda p: " 12th " in p.get("title", "")),
    ({"is_empty": {"key": "kind"}}, lambda p: "kind" not in p),
    ({"is_null": {"key": "deep.list[].y"}}, lambda p: "deep" in p),
    ({"nested": {"key": "deep.list", "filter": {"must": [{"key": "x", "match": {"value": 4}}]}}}, lambda p: p.get("n") == 4),
    ({"should": [{"key": "n", "match": {"value": 3}}, {"key": "n", "match": {"value": 4}}]}, lambda p: p.get("n") in (3, 4)),
]


@pytest.mark.parametrize(
    "condition, holds", CONDITIONS, ids=[str(list(c))[:40] + str(i) for i, (c, _) in enumerate(CONDITIONS)]
)
def test_filters_find_what_the_condition_says(server, kinds, condition, holds):
    expected = [point["id"] for point in kinds if holds(point["payload"])]
    assert expected, "a condition that holds for nothing proves nothing"
    assert [point["id"] for point in matches(server, condition)] == expected
    others = [point["id"] for point in kinds if not holds(point["payload"])]
    assert [point["id"] for point in matches(server, condition, "must_not")] == others


def test_filter_by_ids_and_by_vector(server, kinds):
    wanted = [kinds[3]["id"], kinds[-1]["id"]]
    assert [point["id"] for point in matches(server, {"has_id": wanted})] == wanted
    expected = [point["id"] for point in kinds if "late" in point["vector"]]
    assert [point["id"] for point in matches(server, {"has_vector": "late"})] == expected


def test_order_by_pages_by_value(server, kinds):
    body = {"limit": 5, "order_by": {"key": "n", "direction": "desc", "start_from": 50}}
    page = server.call("POST", "/collections/kinds/points/scroll", body)
    assert page["next_page_offset"] is None
    expected = sorted((point["payload"]["n"] for point in kinds if point["payload"].get("n", 51) <= 50), reverse=True)
    assert [point["payload"]["n"] for point in page["points"]] == expected[:5]
    assert "index" in server.error("POST", "/collections/kinds/points/scroll", {"order_by": "exact"}, 400)


def query(server, body, collection="kinds"):
    return server.call("POST", f"/collections/{collection}/points/query", body)["points"]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def test_dense_queries_rank_as_a_count_by_hand(server, kinds):
    wanted = [0.3, -0.2, 0.5, 0.1, -0.7, 0.2, 0.4, -0.1]
    length = dot(wanted, wanted) ** 0.5
    ranked = sorted(
        ((dot(point["vector"]["text"], wanted) / length, point["id"]) for point in kinds if "text" in point["vector"]),
        reverse=True,
    )
    found = query(server, {"query": wanted, "using": "text", "limit": 10, "params": {"exact": True}})
    assert [point["id"] for point in found] == [identity for _, identity in ranked[:10]]
    assert [point["score"] for point in found] == pytest.approx([score for score, _ in ranked[:10]], abs=1e-5)
    assert all("payload" not in point and "vector" not in point for point in found)


def test_distances_rank_the_nearest_first(server, kinds):
    body = {"query": [0.5] * 8, "using": "small", "limit": 200, "params": {"exact": True}}
    scores = [point["score"] for point in query(server, body)]
    assert scores == sorted(scores) and len(scores) > 50


def test_sparse_queries_count_shared_words(server, kinds):
    point = next(point for point in kinds if "words" in point["vector"])
    found = query(server, {"query": point["vector"]["words"], "using": "words", "limit": 5, "with_vector": ["words"]})
    assert found[0]["id"] == point["id"]
    assert set(found[0]["vector"]) == {"words"}


def test_multivector_queries(server, kinds):
    point = next(point for point in kinds if len(point["vector"].get("late", [])) > 2)
    found = query(server, {"query": point["vector"]["late"], "using": "late", "limit": 1, "params": {"exact": True}})
    assert found[0]["id"] == point["id"]
    assert found[0]["score"] == pytest.approx(len(point["vector"]["late"]), abs=1e-4)


def test_a_query_by_id_leaves_that_point_out(server, kinds):
    point = next(point for point in kinds if "text" in point["vector"])
    by_id = query(server, {"query": point["id"], "using": "text", "limit": 5, "params": {"exact": True}})
    by_vector = query(server, {"query": point["vector"]["text"], "using": "text", "limit": 6, "params": {"exact": True}})
    assert by_vector[0]["id"] == point["id"]
    assert [found["id"] for found in by_id] == [found["id"] for found in by_vector[1:]]


def test_filters_offsets_and_thresholds_hold_in_queries(server, kinds):
    base = {"query": [1, 0, 0, 0, 0, 0, 0, 0], "using": "text", "params": {"exact": True}}
    whole = query(server, {**base, "limit": 20})
    assert query(server, {**base, "limit": 5, "offset": 5}) == whole[5:10]
    limit = whole[7]["score"]
    assert all(point["score"] >= limit for point in query(server, {**base, "limit": 20, "score_threshold": limit}))
    only = {"must": [{"key": "kind", "match": {"value": "a"}}]}
    found = query(server, {**base, "limit": 20, "filter": only, "with_payload": True})
    assert found and all(point["payload"]["kind"] == "a" for point in found)


def test_fusion_of_dense_and_sparse(server, kinds):
    point = next(point for point in kinds if {"text", "words"} <= set(point["vector"]))
    prefetch = [
        {"query": point["vector"]["text"], "using": "text", "limit": 10},
        {"query": point["vector"]["words"], "using": "words", "limit": 10},
    ]
    assert query(server, {"prefetch": prefetch, "query": {"fusion": "rrf"}, "limit": 3})[0]["id"] == point["id"]


def test_recommend_discover_context_and_sample(server, kinds):
    ids = [point["id"] for point in kinds if "text" in point["vector"]][:4]
    for asked in (
        {"recommend": {"positive": ids[:2], "negative": ids[2:3]}},
        {"recommend": {"positive": ids[:2], "strategy": "best_score"}},
        {"discover": {"target": ids[0], "context": [{"positive": ids[1], "negative": ids[2]}]}},
        {"context": [{"positive": ids[1], "negative": ids[2]}]},
    ):
        found = query(server, {"query": asked, "using": "text", "limit": 5})
        assert len(found) == 5 and not {point["id"] for point in found} & set(ids[:2])
    assert len(query(server, {"query": {"sample": "random"}, "limit": 5})) == 5


def test_the_old_search_is_the_new_query(server, kinds):
    vector = [0.1] * 8
    old = server.call("POST", "/collections/kinds/points/search", {"vector": {"name": "text", "vector": vector}, "limit": 4})
    assert old == query(server, {"query": vector, "using": "text", "limit": 4})


def test_a_scored_query_tells_versions(server):
    server.collection("versions", points=2)
    server.call("PUT", "/collections/versions/points?wait=true", {"points": [{"id": 1, "vector": [9, 9]}]})
    assert {p["id"]: p["version"] for p in query(server, {"query": [1, 1]}, "versions")} == {0: 0, 1: 1}


BROKEN = [
    ({"points": [{"id": 1, "vector": [1, 2, 3]}]}, 400, "Wrong input: Vector dimension error: expected dim: 2, got 3"),
    ({"points": [{"id": 1, "vector": {"x": [1, 2]}}]}, 400, "Wrong input: Not existing vector name error: x"),
    ({"points": [{"id": -1, "vector": [1, 2]}]}, 400, "Format error in JSON body: "),
    ({"points": [{"id": 2**64, "vector": [1, 2]}]}, 400, "Format error in JSON body: "),
    ({"points": [{"id": "no uuid", "vector": [1, 2]}]}, 400, "Format error in JSON body: "),
    ({"points": [{"vector": [1, 2]}]}, 400, "Format error in JSON body: "),
    ({"points": [{"id": 1, "vector": ["a", "b"]}]}, 400, "Wrong input: "),
    ({"batch": {"ids": [1, 2], "vectors": [[1, 2]]}}, 400, "Wrong input: "),
    ({}, 400, "Format error in JSON body: "),
]


@pytest.mark.parametrize("body, status, text", BROKEN)
def test_a_broken_upsert_changes_nothing(server, body, status, text):
    server.collection("broken", points=2)
    before = server.scroll("broken")
    if "points" in body:
        body = {"points": [{"id": 0, "vector": [8, 8]}, *body["points"]]}
    assert server.error("PUT", "/collections/broken/points?wait=true", body, status).startswith(text)
    assert server.scroll("broken") == before


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"points":[{"id":1,"vector":[NaN,1]}]}', b"\xff"])
def test_what_is_not_json_is_refused(server, raw):
    server.collection("raw")
    response = server.http.put("/collections/raw/points", content=raw)
    assert response.status_code == 400
    assert response.json()["status"]["error"].startswith("Format error in JSON body")


def test_a_missing_collection_is_404(server):
    for method, path in (("PUT", "points"), ("POST", "points/scroll"), ("POST", "points/query"), ("GET", "snapshots")):
        text = server.error(method, f"/collections/nowhere/{path}", {} if method != "GET" else None, 404)
        assert text == "Not found: Collection `nowhere` doesn't exist!"


def test_limits_are_checked(server, kinds):
    assert "limit" in server.error("POST", "/collections/kinds/points/scroll", {"limit": 0}, 422)


def test_random_ids_of_both_kinds_count_right(server):
    server.collection("both")
    ids = [*range(50), *(str(uuid.UUID(int=n * 7919)) for n in range(1, 51))]
    body = {"points": [{"id": identity, "vector": [1, 1]} for identity in ids]}
    server.call("PUT", "/collections/both/points?wait=true", body)
    assert server.count("both") == 100

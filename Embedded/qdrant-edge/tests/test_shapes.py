"""Answers have the shapes of Qdrant's OpenAPI file, and no fields beyond them."""

import json
import os
from pathlib import Path

import pytest
import trim_openapi
from kinds import fill
from shapes import SUBSET, problems

C = "/collections/{collection_name}"
ONE = {"points": [{"id": 1, "vector": {"text": [1] * 8}}]}
CALLS = [
    ("GET", "/collections", None),
    ("GET", C, None),
    ("GET", f"{C}/exists", None),
    ("PATCH", C, {"optimizers_config": {"indexing_threshold": 1}}),
    ("PUT", f"{C}/index", {"field_name": "added", "field_schema": "keyword"}),
    ("GET", f"{C}/cluster", None),
    ("GET", f"{C}/aliases", None),
    ("GET", "/aliases", None),
    ("POST", "/collections/aliases", {"actions": [{"create_alias": {"collection_name": "shaped", "alias_name": "sa"}}]}),
    ("PUT", f"{C}/points", ONE),
    ("POST", f"{C}/points", {"ids": [1, 2, 4], "with_vector": True}),
    ("POST", f"{C}/points/delete", {"points": [1]}),
    ("POST", f"{C}/points/scroll", {"limit": 60, "with_vector": True}),
    ("POST", f"{C}/points/count", {}),
    ("POST", f"{C}/points/query", {"query": [1] * 8, "using": "text", "with_vector": True, "with_payload": True}),
    ("POST", f"{C}/facet", {"key": "kind"}),
    ("POST", f"{C}/snapshots", None),
    ("GET", f"{C}/snapshots", None),
    ("POST", f"{C}/shards/{{shard_id}}/snapshots", None),
    ("GET", f"{C}/shards/{{shard_id}}/snapshots", None),
    ("GET", "/cluster", None),
    ("GET", "/telemetry", None),
    ("GET", "/", None),
]


@pytest.fixture(scope="module")
def shaped(server):
    fill(server, "shaped", 60)
    return server


@pytest.mark.parametrize("method, path, body", CALLS, ids=[f"{method} {path}" for method, path, _ in CALLS])
def test_answers_have_the_shape_of_the_schema(shaped, method, path, body):
    url = path.replace("{collection_name}", "shaped").replace("{shard_id}", "0")
    response = shaped.http.request(method, url, json=body)
    assert response.status_code == 200
    assert problems(f"{method.lower()} {path}", response.json()) == []


def test_creation_and_deletion_have_the_shape_of_the_schema(server):
    for method, path, body in (("PUT", C, {"vectors": {"size": 1, "distance": "Dot"}}), ("DELETE", C, None)):
        answer = server.http.request(method, "/collections/short_lived", json=body).json()
        assert problems(f"{method.lower()} {path}", answer) == []


@pytest.mark.parametrize("path", ["/collections/none", "/collections/none/cluster", "/collections/none/snapshots"])
def test_errors_have_the_shape_of_the_schema(server, path):
    assert problems("error", server.http.get(path).json()) == []


def test_the_comparison_notices_what_is_wrong():
    good = {"result": {"exists": True}, "status": "ok", "time": 0.1}
    assert problems(f"get {C}/exists", good) == []
    assert problems(f"get {C}/exists", {**good, "result": {"exists": 1}})
    assert problems(f"get {C}/exists", {**good, "result": {}})
    assert problems(f"get {C}/exists", {**good, "result": {"exists": True, "more": 1}})


def test_the_subset_is_the_one_of_the_whole_file():
    whole = os.environ.get("QDRANT_OPENAPI")
    if not whole:
        pytest.skip("QDRANT_OPENAPI does not name the whole file")
    assert trim_openapi.trim(json.loads(Path(whole).read_text())) == SUBSET

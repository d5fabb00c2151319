"""The published qdrant-client, which knows nothing of this program."""

import warnings

import httpx
import pytest
from qdrant_client import QdrantClient, models


@pytest.fixture(scope="module")
def client(server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a client of 1.20 notices a server of 1.19
        made = QdrantClient(url=server.url, timeout=60, check_compatibility=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def filled(client):
    client.delete_collection("py")
    client.create_collection(
        "py",
        vectors_config={
            "dense": models.VectorParams(size=4, distance=models.Distance.COSINE),
            "late": models.VectorParams(
                size=2,
                distance=models.Distance.DOT,
                multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
            ),
        },
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        quantization_config=models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8)),
    )
    client.create_payload_index("py", "kind", models.PayloadSchemaType.KEYWORD, wait=True)
    points = [
        models.PointStruct(
            id=n if n % 2 else f"00000000-0000-0000-0000-{n:012d}",
            vector={
                "dense": [1, n, n * n % 7, 2],
                "late": [[n, 1], [1, n]],
                "words": models.SparseVector(indices=[n, n + 1], values=[1.0, 0.5]),
            },
            payload={"kind": "even" if n % 2 == 0 else "odd", "n": n},
        )
        for n in range(64)
    ]
    client.upload_points("py", points[:32], batch_size=10, wait=True)
    assert client.upsert("py", points[32:], wait=True).status == models.UpdateStatus.COMPLETED
    return client


def everything(client, name):
    found, offset = [], None
    while True:
        page, offset = client.scroll(name, limit=10, offset=offset, with_vectors=True)
        found += page
        if offset is None:
            return found


def test_it_creates_and_describes(filled):
    info = filled.get_collection("py")
    assert info.status in (models.CollectionStatus.GREEN, models.CollectionStatus.YELLOW)
    assert info.points_count == 64
    assert info.config.params.vectors["dense"].size == 4
    assert info.payload_schema["kind"].data_type == models.PayloadSchemaType.KEYWORD
    assert filled.collection_exists("py") and not filled.collection_exists("no")


def test_it_scrolls_counts_and_retrieves(filled):
    assert len(everything(filled, "py")) == 64
    odd = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value="odd"))])
    assert filled.count("py", count_filter=odd, exact=True).count == 32
    assert filled.retrieve("py", [5], with_vectors=True)[0].vector["late"] == [[5, 1], [1, 5]]


def test_it_queries_in_every_way(filled):
    dense = filled.query_points(
        "py", query=[1, 5, 4, 2], using="dense", limit=3, search_params=models.SearchParams(exact=True)
    )
    assert dense.points[0].id == 5 and dense.points[0].score == pytest.approx(1, abs=1e-5)
    words = filled.query_points("py", query=models.SparseVector(indices=[9], values=[1.0]), using="words", limit=2)
    assert {point.payload["n"] for point in words.points} == {8, 9} if words.points[0].payload else words.points
    late = filled.query_points("py", query=[[1.0, 0.0]], using="late", limit=1)
    assert late.points[0].id == 63
    fused = filled.query_points(
        "py",
        prefetch=[
            models.Prefetch(query=[1, 5, 4, 2], using="dense", limit=5),
            models.Prefetch(query=models.SparseVector(indices=[5], values=[1.0]), using="words", limit=5),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=1,
    )
    assert fused.points[0].id == 5
    by_id = filled.query_points("py", query=5, using="dense", limit=3)
    assert 5 not in [point.id for point in by_id.points]


def test_it_changes_payloads_and_deletes(client, filled):
    client.set_payload("py", {"mark": 1}, points=[3], wait=True)
    assert client.retrieve("py", [3])[0].payload["mark"] == 1
    client.delete_payload("py", ["mark"], points=[3], wait=True)
    client.upsert("py", [models.PointStruct(id=999, vector={"dense": [1, 1, 1, 1]})], wait=True)
    client.delete("py", models.PointIdsList(points=[999]), wait=True)
    assert client.count("py").count == 64


def test_it_switches_aliases(client, filled):
    make = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name="py", alias_name="py-live"))
    assert client.update_collection_aliases([make])
    assert client.count("py-live").count == 64
    assert [alias.alias_name for alias in client.get_collection_aliases("py").aliases] == ["py-live"]


def test_it_snapshots_and_restores(client, server, filled):
    before = everything(client, "py")
    made = client.create_snapshot("py")
    assert made.name in [snapshot.name for snapshot in client.list_snapshots("py")]
    client.delete_collection("py2")
    location = f"{server.url}/collections/py/snapshots/{made.name}"
    assert client.recover_snapshot("py2", location, checksum=made.checksum, priority=models.SnapshotPriority.SNAPSHOT)
    assert everything(client, "py2") == before
    shard = client.create_shard_snapshot("py", 0)
    client.delete("py2", models.FilterSelector(filter=models.Filter()), wait=True)
    location = f"{server.url}/collections/py/shards/0/snapshots/{shard.name}"
    assert client.recover_shard_snapshot("py2", 0, location)
    assert everything(client, "py2") == before
    assert client.delete_snapshot("py", made.name) and client.delete_shard_snapshot("py", 0, shard.name)
    assert client.list_snapshots("py") == []


def test_it_understands_errors(client, filled):
    from qdrant_client.http.exceptions import UnexpectedResponse

    with pytest.raises(UnexpectedResponse) as caught:
        client.query_points("py", query=[1.0], using="dense")
    assert caught.value.status_code == 400 and b"Vector dimension error" in caught.value.content
    with pytest.raises(UnexpectedResponse) as caught:
        client.get_collection("nowhere")
    assert caught.value.status_code == 404


def test_it_uses_keys(launch):
    server = launch("--api-key", "k", "--read-only-api-key", "r")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full = QdrantClient(url=server.url, api_key="k", check_compatibility=False)
        reader = QdrantClient(url=server.url, api_key="r", check_compatibility=False)
    full.create_collection("c", vectors_config=models.VectorParams(size=1, distance=models.Distance.DOT))
    assert reader.count("c").count == 0
    from qdrant_client.http.exceptions import UnexpectedResponse

    with pytest.raises(UnexpectedResponse) as caught:
        reader.delete_collection("c")
    assert caught.value.status_code == 403
    assert httpx.get(f"{server.url}/collections").status_code == 401
    full.close()
    reader.close()

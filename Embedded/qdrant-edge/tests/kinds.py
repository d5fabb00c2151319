"""A collection with every kind of vector, id and payload, made from a seed."""

import random
import uuid
from typing import Any

BODY = {
    "vectors": {
        "text": {"size": 8, "distance": "Cosine"},
        "half": {"size": 6, "distance": "Euclid", "datatype": "float16"},
        "bytes": {"size": 4, "distance": "Dot", "datatype": "uint8"},
        "late": {"size": 3, "distance": "Cosine", "multivector_config": {"comparator": "max_sim"}},
        "small": {
            "size": 8,
            "distance": "Manhattan",
            "on_disk": True,
            "hnsw_config": {"m": 8},
            "quantization_config": {"scalar": {"type": "int8", "always_ram": True}},
        },
    },
    "sparse_vectors": {"words": {"modifier": "idf"}, "plain": {"index": {"on_disk": True}}},
    "hnsw_config": {"ef_construct": 50},
    "optimizers_config": {"indexing_threshold": 1},
    "metadata": {"owner": "tests", "numbers": [1, 2.5]},
}
INDEXES = {
    "n": "integer",
    "kind": "keyword",
    "title": {"type": "text", "tokenizer": "word", "lowercase": True},
    "price": "float",
    "at": "datetime",
    "place": "geo",
    "flag": "bool",
    "ref": {"type": "uuid", "on_disk": True},
}


def make_points(count: int, seed: int) -> list[dict[str, Any]]:
    """Points with numeric and UUID ids; some lack some vectors, some all."""
    dice = random.Random(seed)
    points = []
    for n in range(count):
        identity: Any = n if n % 3 else str(uuid.UUID(int=dice.getrandbits(128)))
        if n == 7:
            identity = (1 << 64) - 1
        words = sorted(dice.sample(range(1000), dice.randint(1, 6)))
        vectors: dict[str, Any] = {
            "text": [dice.gauss(0, 1) for _ in range(8)],
            "half": [dice.gauss(0, 1) for _ in range(6)],
            "bytes": [dice.randint(0, 255) for _ in range(4)],
            "late": [[dice.gauss(0, 1) for _ in range(3)] for _ in range(dice.randint(1, 4))],
            "small": [dice.random() for _ in range(8)],
            "words": {"indices": words, "values": [dice.random() + 0.1 for _ in words]},
            "plain": {"indices": [n, 5000 + n], "values": [1.5, -2.0]},
        }
        kept = {name: value for name, value in vectors.items() if dice.random() < 0.85}
        payload = {
            "n": n,
            "kind": dice.choice(["a", "b", "ü"]),
            "title": f"The {n}th Chapter of the book",
            "price": dice.random(),
            "at": f"2026-01-{n % 28 + 1:02d}T10:00:00Z",
            "place": {"lon": dice.uniform(-180, 180), "lat": dice.uniform(-90, 90)},
            "flag": n % 2 == 0,
            "ref": str(uuid.UUID(int=n)),
            "exact": [2**63 - 1, -(2**63), 2**64 - 1, 9007199254740993],
            "deep": {"list": [{"x": n, "y": None}, {"x": -n}], "empty": {}},
        }
        points.append({"id": identity, "vector": kept if n % 25 else {}, "payload": payload if n % 10 else None})
    return points


def fill(server: Any, name: str, count: int = 120, seed: int = 1) -> list[dict[str, Any]]:
    """Makes the collection with indexes, points, changes and deletions, and gives what it then holds."""
    server.call("DELETE", f"/collections/{name}")
    server.call("PUT", f"/collections/{name}", BODY)
    for field, schema in INDEXES.items():
        server.call("PUT", f"/collections/{name}/index?wait=true", {"field_name": field, "field_schema": schema})
    points = make_points(count, seed)
    server.call("PUT", f"/collections/{name}/points?wait=true", {"points": points})
    again = make_points(count, seed + 1)[: count // 6]
    server.call("PUT", f"/collections/{name}/points?wait=true", {"points": again})
    gone = [point["id"] for point in points[count // 2 :: 5]]
    server.call("POST", f"/collections/{name}/points/delete?wait=true", {"points": gone})
    return server.scroll(name)

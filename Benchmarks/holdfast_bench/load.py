"""`python -m holdfast_bench.load URL COLLECTION SEED COUNT`: makes a collection and fills it through REST.

A process of its own, since it needs numpy: see `holdfast_bench.measure`.
"""

import sys

from .data.points import DIMENSIONS, batches
from .qdrant import Qdrant

#: Qdrant's default: a segment whose vectors are larger, in KB, gets an index.
_INDEXING_THRESHOLD_KB = 10_000


def main() -> None:
    """Creates the collection and upserts all points."""
    url, collection, seed, count = sys.argv[1:]
    qdrant = Qdrant(url)
    path = f"/collections/{collection}"
    # The effort for the index as in the shard tree. It is built once, after the last point.
    body = {
        "vectors": {"size": DIMENSIONS, "distance": "Cosine", "on_disk": True},
        "hnsw_config": {"m": 16, "ef_construct": 48},
        "optimizers_config": {"indexing_threshold": 0},
    }
    qdrant.call("PUT", path, body)
    qdrant.call("PUT", f"{path}/index?wait=true", {"field_name": "source", "field_schema": "keyword"})
    for ids, vectors, payloads in batches(int(seed), int(count), 500):
        rows = zip(ids, vectors.tolist(), payloads, strict=True)
        points = [{"id": number, "vector": vector, "payload": payload} for number, vector, payload in rows]
        qdrant.call("PUT", f"{path}/points?wait=true", {"points": points})
        if (ids.stop - 1) % 20_000 == 0:
            print(f"    {ids.stop - 1:,} points", file=sys.stderr, flush=True)
    qdrant.call("PATCH", path, {"optimizers_config": {"indexing_threshold": _INDEXING_THRESHOLD_KB}})
    if int(count) * DIMENSIONS * 4 > _INDEXING_THRESHOLD_KB << 10:
        print("    building the index", file=sys.stderr, flush=True)
        qdrant.wait_until_indexed(collection)


main()

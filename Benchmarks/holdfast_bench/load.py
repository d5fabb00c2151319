"""`python -m holdfast_bench.load URL COLLECTION SEED COUNT`: makes a collection and fills it through REST.

A process of its own, since it needs numpy: see `holdfast_bench.measure`.
"""

import sys

from .data.points import DIMENSIONS, batches
from .qdrant import Qdrant


def main() -> None:
    """Creates the collection and upserts all points."""
    url, collection, seed, count = sys.argv[1:]
    qdrant = Qdrant(url)
    path = f"/collections/{collection}"
    # As in the shard tree: half of the default effort for a graph of the same form.
    body = {
        "vectors": {"size": DIMENSIONS, "distance": "Cosine", "on_disk": True},
        "hnsw_config": {"m": 16, "ef_construct": 48},
    }
    qdrant.call("PUT", path, body)
    qdrant.call("PUT", f"{path}/index?wait=true", {"field_name": "source", "field_schema": "keyword"})
    for ids, vectors, payloads in batches(int(seed), int(count), 500):
        rows = zip(ids, vectors.tolist(), payloads, strict=True)
        points = [{"id": number, "vector": vector, "payload": payload} for number, vector, payload in rows]
        qdrant.call("PUT", f"{path}/points?wait=true", {"points": points})
        if (ids.stop - 1) % 20_000 == 0:
            print(f"    {ids.stop - 1:,} points", file=sys.stderr, flush=True)


main()

"""The tree of a shard, made by Qdrant's own engine, as a shard snapshot holds it.

The points are the same for the same seed. The files are not: the engine names segments at random and builds the index
with several threads.
"""

import shutil
import sys
from pathlib import Path

import qdrant_edge as edge

from .points import DIMENSIONS, batches

_SEGMENTS = 4


def make(folder: Path, seed: int, count: int) -> None:
    """Fills `folder`, which must not exist, with a shard of `count` points in four indexed segments."""
    folder.mkdir(parents=True)
    # One segment more than are indexed: the engine always keeps one for what is written next.
    config = edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine, on_disk=True),
        on_disk_payload=True,
        # Half of the default effort: the graph has the same form and nearly the same size, and is ready much sooner.
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=48, full_scan_threshold=10_000, max_indexing_threads=0),
        optimizers=edge.EdgeOptimizersConfig(default_segment_number=_SEGMENTS + 1, indexing_threshold=1_000),
    )
    shard = edge.EdgeShard.create(str(folder), config)
    shard.update(edge.UpdateOperation.create_field_index("source", edge.PayloadSchemaType.Keyword))
    share = -(-count // _SEGMENTS)
    for ids, vectors, payloads in batches(seed, count, min(1_000, share)):
        rows = zip(ids, vectors.tolist(), payloads, strict=True)
        shard.update(edge.UpdateOperation.upsert_points([edge.Point(*row) for row in rows]))
        if (ids.stop - 1) % share == 0 or ids.stop > count:
            print(f"    {ids.stop - 1:,} points, building the index", file=sys.stderr, flush=True)
            shard.optimize()
    held = shard.count(edge.CountRequest(exact=True))
    shard.flush()
    shard.close()
    if held != count:
        raise SystemExit(f"the engine holds {held} points instead of {count}")
    # A shard snapshot carries neither: what the log holds is in the segments by now.
    for name in ("wal", "temp_segments"):
        shutil.rmtree(folder / name, ignore_errors=True)

"""The tree of a shard, made by Qdrant's own engine, as a shard snapshot holds it, in three generations.

The points are the same for the same seed. The files are not: the engine names segments at random and builds the index
with several threads.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from . import points
from .points import DIMENSIONS

_SEGMENTS = 4
#: One point in so many changes from one generation to the next.
_CHANGED_SHARE = 100


def make(folder: Path, seed: int, count: int) -> None:
    """Fills `folder`, which must not exist:

    - `0` is a shard of `count` points in four indexed segments;
    - `1` is the same after 1 % of the points, picked at random, got other vectors and other texts;
    - `2` is that after the optimiser has written all of its segments anew, without what was deleted.
    """
    # The generations are copies of one shard that goes on: without its log the engine would count operations from the start
    # again, and leave out what it takes for older than what the segments hold.
    shard = folder / "shard"
    _make_first(shard, seed, count)
    _copy(shard, folder / "0")
    _change(shard, seed, count)
    _copy(shard, folder / "1")
    _optimise(shard, count)
    _copy(shard, folder / "2")
    shutil.rmtree(shard)


def _make_first(folder: Path, seed: int, count: int) -> None:
    folder.mkdir(parents=True)
    shard = edge.EdgeShard.create(str(folder), _config())
    shard.update(edge.UpdateOperation.create_field_index("source", edge.PayloadSchemaType.Keyword))
    share = -(-count // _SEGMENTS)
    for ids, vectors, payloads in points.batches(seed, count, min(1_000, share)):
        _upsert(shard, ids, vectors, payloads)
        if (ids.stop - 1) % share == 0 or ids.stop > count:
            print(f"    {ids.stop - 1:,} points, building the index", file=sys.stderr, flush=True)
            shard.optimize()
    _close(shard, count)


def _change(folder: Path, seed: int, count: int) -> None:
    print("    1 % of the points changed", file=sys.stderr, flush=True)
    shard = edge.EdgeShard.load(str(folder))
    changed = max(1, count // _CHANGED_SHARE)
    for ids, vectors, payloads in points.changes(seed, count, changed, min(1_000, changed)):
        _upsert(shard, ids, vectors, payloads)
        held = {record.id: record.payload for record in shard.retrieve(ids, True, False)}
        if held != dict(zip(ids, payloads, strict=True)):
            raise SystemExit("the engine does not hold the points that it was given")
    _close(shard, count)


def _optimise(folder: Path, count: int) -> None:
    print("    all segments written anew", file=sys.stderr, flush=True)
    before = _segments(folder)
    # By default the engine waits until a fifth of a segment is deleted.
    shard = edge.EdgeShard.load(str(folder), _config(deleted_threshold=0.001, vacuum_min_vector_number=100))
    # One call does what is due at its time; what it leaves behind may be due for the next one.
    while shard.optimize():
        pass
    _close(shard, count)
    kept = before & _segments(folder)
    # The segment that takes what is written next may stay as it is.
    if len(kept) > 1:
        raise SystemExit(f"the engine has left {len(kept)} of {len(before)} segments as they were")


def _segments(folder: Path) -> set[str]:
    return {path.name for path in (folder / "segments").iterdir()}


def _config(**optimizers: float) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine, on_disk=True),
        on_disk_payload=True,
        # Half of the default effort: the graph has the same form and nearly the same size, and is ready much sooner.
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=48, full_scan_threshold=10_000, max_indexing_threads=0),
        # One segment more than are indexed: the engine always keeps one for what is written next.
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=_SEGMENTS + 1, indexing_threshold=1_000, **optimizers
        ),
    )


def _upsert(shard: edge.EdgeShard, ids: list[int] | range, vectors: np.ndarray, payloads: list[dict]) -> None:
    rows = zip(ids, vectors.tolist(), payloads, strict=True)
    shard.update(edge.UpdateOperation.upsert_points([edge.Point(*row) for row in rows]))


def _close(shard: edge.EdgeShard, count: int) -> None:
    held = shard.count(edge.CountRequest(exact=True))
    shard.flush()
    shard.close()
    if held != count:
        raise SystemExit(f"the engine holds {held} points instead of {count}")


def _copy(shard: Path, generation: Path) -> None:
    """Copies a shard as a shard snapshot holds it: without its log, whose points are in the segments by now."""
    subprocess.run(["cp", "--archive", shard, generation], check=True)
    for name in ("wal", "temp_segments"):
        shutil.rmtree(generation / name, ignore_errors=True)

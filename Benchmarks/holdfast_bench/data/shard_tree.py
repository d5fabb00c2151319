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
#: Half of the default: the graph has the same form and nearly the same size, and is ready much sooner.
_EFFORT = 48


def make(folder: Path, seed: int, count: int) -> None:
    """Fills `folder`, which must not exist:

    - `0` is a shard of `count` points in four indexed segments;
    - `1` is the same after 1 % of the points, picked at random, got other vectors and other texts;
    - `2` is that after the optimiser has written all of its segments anew.
    """
    _make_first(folder / "0", seed, count)
    _copy(folder / "0", folder / "1")
    _change(folder / "1", seed, count)
    _copy(folder / "1", folder / "2")
    _optimise(folder / "2", count)


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
    _close(shard, folder, count)


def _change(folder: Path, seed: int, count: int) -> None:
    print("    1 % of the points changed", file=sys.stderr, flush=True)
    shard = edge.EdgeShard.load(str(folder))
    changed = max(1, count // _CHANGED_SHARE)
    for ids, vectors, payloads in points.changes(seed, count, changed, min(1_000, changed)):
        _upsert(shard, ids, vectors, payloads)
    _close(shard, folder, count)


def _optimise(folder: Path, count: int) -> None:
    print("    all segments written anew", file=sys.stderr, flush=True)
    before = {path.name for path in (folder / "segments").iterdir()}
    # An index of another effort is asked for: the optimiser then builds every segment again, as it does after a vacuum or a
    # merge. The engine's own threshold for a vacuum, a fifth of a segment deleted, cannot be lowered as far as 1 %.
    shard = edge.EdgeShard.load(str(folder), _config(_EFFORT + 1))
    shard.optimize()
    _close(shard, folder, count)
    kept = before & {path.name for path in (folder / "segments").iterdir()}
    # The segment that takes what is written next may stay as it is.
    if len(kept) > 1:
        raise SystemExit(f"the engine has left {len(kept)} of {len(before)} segments as they were")


def _config(effort: int = _EFFORT) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(size=DIMENSIONS, distance=edge.Distance.Cosine, on_disk=True),
        on_disk_payload=True,
        hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=effort, full_scan_threshold=10_000, max_indexing_threads=0),
        # One segment more than are indexed: the engine always keeps one for what is written next.
        optimizers=edge.EdgeOptimizersConfig(default_segment_number=_SEGMENTS + 1, indexing_threshold=1_000),
    )


def _upsert(shard: edge.EdgeShard, ids: list[int] | range, vectors: np.ndarray, payloads: list[dict]) -> None:
    rows = zip(ids, vectors.tolist(), payloads, strict=True)
    shard.update(edge.UpdateOperation.upsert_points([edge.Point(*row) for row in rows]))


def _close(shard: edge.EdgeShard, folder: Path, count: int) -> None:
    held = shard.count(edge.CountRequest(exact=True))
    shard.flush()
    shard.close()
    if held != count:
        raise SystemExit(f"the engine holds {held} points instead of {count}")
    # A shard snapshot carries neither: what the log holds is in the segments by now.
    for name in ("wal", "temp_segments"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _copy(old: Path, new: Path) -> None:
    subprocess.run(["cp", "--archive", old, new], check=True)

"""Optimising large shards in a process of their own: the engine keeps the interpreter to itself while it indexes.

A copy of the shard is optimised beside the live one, which goes on answering reads, and then takes its place.
Small shards are optimised where they are, which is quicker than the copy.
"""

import logging
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

from .files import copy_tree_sparse, discard
from .wal import reset_wal

if TYPE_CHECKING:
    from .collection import Collection
    from .shard import Shard

log = logging.getLogger("qdrant_edge_server")

#: Vectors that the engine indexes so fast that nobody notices, in 32-bit numbers.
_SMALL = 1_000_000


def optimize_shard(collection: "Collection", shard: "Shard") -> None:
    """Lets the engine merge, index and quantise what its thresholds ask for; call with `writing` held."""
    engine = shard.engine
    if engine is None:
        return
    if _unindexed_numbers(collection, shard) < _SMALL:
        engine.optimize()
        engine.flush()
        return
    threshold = collection.config["optimizer_config"].get("indexing_threshold")
    if threshold == 0 or _unindexed_numbers(collection, shard) * 4 < (threshold or 10000) << 10:
        return
    copy = collection.trash / f"optimize-{uuid.uuid4().hex}"
    try:
        copy_tree_sparse(shard.folder, copy)
        command = [sys.executable, "-m", f"{__package__}.optimizer", str(copy)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        reset_wal(copy, collection.config["wal_config"]["wal_capacity_mb"], shard.next_operation)
        collection.replace_shard(shard, copy)
        collection.unoptimized = False
    finally:
        discard(copy, collection.trash)


def _unindexed_numbers(collection: "Collection", shard: "Shard") -> int:
    """About how many numbers of dense vectors have no index yet."""
    info = shard.require().info()
    dense, _ = collection.vector_params()
    width = sum(params["size"] for params in dense.values())
    if not dense:
        return 0
    return max(0, info.points_count * len(dense) - info.indexed_vectors_count) * width // len(dense)


def main() -> None:
    """Optimises the shard in the folder that the command line names."""
    import qdrant_edge as edge

    shard = edge.EdgeShard.load(sys.argv[1])
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    main()

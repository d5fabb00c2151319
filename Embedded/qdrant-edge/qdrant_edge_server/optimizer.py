"""Optimising: small shards where they are, large ones as a copy in a process of their own.

The engine keeps the interpreter to itself while it indexes, so a large shard would stop every answer. Its copy is
optimised beside the live shard, which goes on answering, taking updates and being snapshotted; the copy takes
its place when the live shard was not changed meanwhile, and is thrown away otherwise.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import uuid
from typing import TYPE_CHECKING

from .files import copy_tree_sparse, discard
from .wal import reset_wal

if TYPE_CHECKING:
    from .collection import Collection
    from .shard import Shard

log = logging.getLogger("qdrant_edge_server")

#: Set when the program ends: optimising is given up, its copy is removed.
stopping = threading.Event()

#: A shard with fewer 32-bit numbers is optimised so fast that nobody notices.
_SMALL = 1_000_000


def optimize_small(collection: "Collection") -> "list[Shard]":
    """Optimises the small shards, and gives the large ones that need it; call with `writing` held."""
    large = []
    for shard in collection.shards.values():
        if shard.engine is None:
            continue
        if _numbers(collection, shard)[0] < _SMALL:
            shard.engine.optimize()
            shard.engine.flush()
        elif _needs_index(collection, shard):
            large.append(shard)
    return large


def optimize_large(collection: "Collection", shard: "Shard") -> bool:
    """Optimises a copy and puts it in the shard's place; false when the shard was changed meanwhile."""
    copy = collection.trash / f"optimize-{uuid.uuid4().hex}"
    try:
        with collection.unchanging():
            state = (shard.engine, shard.next_operation)
            copy_tree_sparse(shard.folder, copy)
        command = [sys.executable, "-m", f"{__package__}.optimizer", str(copy)]
        if not _finishes(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)):
            return False
        with collection.unchanging():
            if collection.shards.get(shard.number) is not shard or (shard.engine, shard.next_operation) != state:
                return False
            reset_wal(copy, collection.config["wal_config"]["wal_capacity_mb"], shard.next_operation)
            collection.replace_shard(shard, copy)
        return True
    finally:
        discard(copy, collection.trash)


def _finishes(process: "subprocess.Popen[bytes]") -> bool:
    """Waits for the other process, which is ended when this one is to stop. Raises when it failed by itself."""
    while process.poll() is None:
        if stopping.wait(0.05):
            process.kill()
            process.wait()
            return False
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return True


def _numbers(collection: "Collection", shard: "Shard") -> tuple[int, int]:
    """About how many numbers the shard's dense vectors have, and how many of them are in no index."""
    info = shard.require().info()
    dense, _ = collection.vector_params()
    if not dense:
        return 0, 0
    width = sum(params["size"] for params in dense.values()) // len(dense)
    vectors = info.points_count * len(dense)
    return vectors * width, max(0, vectors - info.indexed_vectors_count) * width


def _needs_index(collection: "Collection", shard: "Shard") -> bool:
    threshold = collection.config["optimizer_config"].get("indexing_threshold")
    if threshold == 0:
        return False
    return _numbers(collection, shard)[1] * 4 >= (threshold or 10000) << 10


def main() -> None:
    """Optimises the shard in the folder that the command line names."""
    import ctypes

    import qdrant_edge as edge

    os.nice(10)
    # PR_SET_PDEATHSIG: a killed server leaves nothing running.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    shard = edge.EdgeShard.load(sys.argv[1])
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    main()

"""Empty shards as patterns: making one costs the engine dozens of syncs, copying one costs nothing."""

import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from .engine import edge_config
from .files import copy_tree_sparse, discard

#: What of a collection's configuration an empty shard depends on.
_PARTS = ("params", "hnsw_config", "optimizer_config", "quantization_config", "wal_config")


def make_blank_shard(folder: Path, config: dict[str, Any], temporary: Path) -> None:
    """Makes an empty shard of the engine in a new folder, its segments under names of their own."""
    pattern = _pattern(config, temporary)
    copy_tree_sparse(pattern, folder)
    for segment in list((folder / "segments").iterdir()):
        os.rename(segment, segment.with_name(str(uuid.uuid4())))


def _pattern(config: dict[str, Any], temporary: Path) -> Path:
    """The pattern for a configuration; the temporary folder is emptied when the program starts."""
    described = json.dumps([config.get(part) for part in _PARTS], sort_keys=True)
    pattern = temporary / f"blank-{hashlib.sha256(described.encode()).hexdigest()}"
    if not pattern.exists():
        building = temporary / f"new-blank-{uuid.uuid4().hex}"
        building.mkdir()
        try:
            edge.EdgeShard.create(str(building), edge_config(config)).close()
            if not pattern.exists():
                os.rename(building, pattern)
        finally:
            discard(building, temporary)
    return pattern

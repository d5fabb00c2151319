"""One shard: a folder of the engine, opened, with its place among the collection's shards."""

import logging
import os
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from .blanks import make_blank_shard
from .engine import edge_config
from .errors import from_engine, internal
from .files import discard, read_json, write_json
from .indexes import engine_schema
from .wal import last_entry, log_bytes, next_index, reset_wal

log = logging.getLogger("qdrant_edge_server")

#: A log that holds more than this is emptied when the shard is opened; everything in it is in the segments.
_MAX_LOG_BYTES = 128 << 20


class Shard:
    """A replica on this node. Without an engine it is dead: its data could not be loaded."""

    def __init__(self, number: int, folder: Path, peer: int):
        self.number = number
        self.folder = folder
        self.peer = peer
        self.engine: edge.EdgeShard | None = None
        self.next_operation = 0

    @property
    def state(self) -> str:
        """The replica's state as the cluster view names it."""
        return "Active" if self.engine is not None else "Dead"

    def require(self) -> edge.EdgeShard:
        """The open engine, or an error for a dead replica."""
        if self.engine is None:
            raise internal(f"The replica of shard {self.number} on peer {self.peer} is not active")
        return self.engine

    @staticmethod
    def create(folder: Path, peer: int, config: dict[str, Any], temporary: Path) -> None:
        """Makes the folder of an empty shard."""
        make_blank_shard(folder, config, temporary)
        write_server_files(folder, peer, "Active")

    def open(self, config: dict[str, Any], schema: dict[str, Any]) -> None:
        """Loads the shard; one that cannot be loaded stays dead.

        Vectors that do not fit the collection are no reason to refuse: a real server does not look at them when it
        restores a shard (reference, section 1.8), so they are loaded with the shape that the segments have.
        """
        try:
            if self.has_long_log():
                next_number = max(next_index(self.folder), last_entry(self.folder) + 1)
                reset_wal(self.folder, config["wal_config"]["wal_capacity_mb"], next_number)
            if not any((self.folder / "segments").glob("*/version.info")):
                raise ValueError("the folder holds no segment")
            self._load(config)
            self.add_missing_indexes(schema)
            self.require().flush()
        except BaseException as failure:
            self.close()
            log.error("shard %s could not be loaded: %s", self.folder.name, from_engine(failure).text)

    def has_long_log(self) -> bool:
        """Whether the log is so long that opening the shard anew, which empties it, is worth it."""
        return log_bytes(self.folder) > _MAX_LOG_BYTES

    def _load(self, config: dict[str, Any]) -> None:
        try:
            engine = edge.EdgeShard.load(str(self.folder), edge_config(config))
        except Exception as failure:
            if "incompatible" not in str(failure):
                raise
            log.warning("shard %s holds other vectors than its collection: %s", self.folder.name, failure)
            (self.folder / "edge_config.json").unlink(missing_ok=True)
            engine = edge.EdgeShard.load(str(self.folder))
        self.engine = engine
        self.renumber()

    def renumber(self) -> None:
        """Takes the number of the next operation from the log and the segments."""
        engine = self.require()
        newest = max((segment["segment_version"] or 0 for segment in engine.snapshot_manifest().values()), default=0)
        filled = newest > 0 or engine.info().points_count > 0
        self.next_operation = max(last_entry(self.folder) + 1, newest + 1 if filled else 0)

    def add_missing_indexes(self, schema: dict[str, Any]) -> None:
        """Builds the payload indexes that the collection has and the shard's segments lack."""
        present = self.require().info().payload_schema
        for field, wanted in schema.items():
            if field not in present:
                self.update(edge.UpdateOperation.create_field_index(field, engine_schema(wanted)))

    def update(self, operation: edge.UpdateOperation) -> int:
        """Applies one operation and gives its number."""
        number = self.next_operation
        self.next_operation += 1
        self.require().update(operation)
        return number

    def close(self) -> None:
        """Flushes and closes the engine's shard."""
        if self.engine is not None:
            self.engine.close()
            self.engine = None

    def replace(self, prepared: Path, trash: Path) -> None:
        """Puts a prepared folder in the place of the closed shard's one.

        A crash between the two renames leaves `.old`, which the next start puts back.
        """
        old = old_folder(self.folder)
        discard(old, trash)
        if self.folder.exists():
            os.rename(self.folder, old)
        os.rename(prepared, self.folder)
        write_server_files(self.folder, self.peer, "Active")
        discard(old, trash)


def old_folder(folder: Path) -> Path:
    """Where the former data lie while a shard is replaced."""
    return folder.with_name(f"{folder.name}.old")


def settle_folder(folder: Path, trash: Path) -> None:
    """After a crash: brings former data back when no new ones are in place, else removes them."""
    old = old_folder(folder)
    if old.exists() and not folder.exists():
        os.rename(old, folder)
    else:
        discard(old, trash)


def write_server_files(folder: Path, peer: int, state: str) -> None:
    """Writes the two files that a server keeps in every shard folder."""
    peers = {"is_local": True, "this_peer_id": peer, "peers": {str(peer): state}}
    write_json(folder / "replica_state.json", peers, durable=False)
    write_json(folder / "shard_config.json", {"type": "ReplicaSet"}, durable=False)


def is_local(folder: Path) -> bool:
    """Whether the shard's files say that it was local to the node that made them."""
    state = folder / "replica_state.json"
    return not state.exists() or bool(read_json(state).get("is_local", True))

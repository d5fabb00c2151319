"""One collection: its configuration, its shards, and the order in which they may be changed."""

import copy
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from .config import dense_vectors, is_custom, sparse_vectors
from .envelope import parse_json
from .errors import ServiceError, bad_input, bad_request, not_found
from .files import discard, read_json, write_json, write_text
from .indexes import engine_schema, schema_info
from .journal import Journal
from .locks import ChangeLock, Gate
from .shard import Shard, settle_folder, write_server_files
from .updates import may_stay_unflushed, plan_update

log = logging.getLogger("qdrant_edge_server")

#: The engine is flushed and the journal emptied when it has grown to this.
_MAX_JOURNAL_BYTES = 64 << 20
COLLECTION_FORMAT = "0.4.2"


class Collection:
    """A collection that is open.

    `writing` is held by whatever changes points or needs them unchanged (updates, snapshots, restores); `gate` is
    open for reads and closed only while a shard's folder is exchanged. Take `writing` first, then `gate`.
    """

    def __init__(self, name: str, folder: Path, trash: Path, peer: int):
        self.name = name
        self.folder = folder
        self.trash = trash
        self.peer = peer
        self.writing = ChangeLock()
        self.gate = Gate()
        self.config: dict[str, Any] = read_json(folder / "config.json")
        self.schema: dict[str, Any] = read_json(folder / "payload_index.json")["schema"]
        self.key_mapping: list[dict[str, Any]] = read_json(folder / "shard_key_mapping.json")
        self.shards: dict[int, Shard] = {}
        self.deleted = False
        self.optimizing = False
        self.unoptimized = False
        self.last_update = 0.0
        self.journal = Journal(folder / "updates.journal")

    # Life

    @classmethod
    def create(
        cls,
        folder: Path,
        peer: int,
        config: dict[str, Any],
        schema: dict[str, Any] | None = None,
        prepared: Path | None = None,
    ) -> None:
        """Writes the folder of a new collection: empty, or with the shards that lie in the folder `prepared`.

        The folder is made in the temporary one, to be moved when it is complete. Custom sharding starts without shards.
        """
        folder.mkdir(parents=True)
        for number in range(config["params"]["shard_number"]) if not is_custom(config) else ():
            if prepared is None:
                Shard.create(folder / str(number), peer, config, folder.parent)
            else:
                os.rename(prepared / str(number), folder / str(number))
                write_server_files(folder / str(number), peer, "Active")
        write_json(folder / "shard_key_mapping.json", [], durable=False)
        write_json(folder / "payload_index.json", {"schema": schema or {}}, durable=False)
        write_text(folder / "version.info", COLLECTION_FORMAT, durable=False)
        write_json(folder / "config.json", config)

    def open(self) -> None:
        """Loads all shards and applies what the journal holds."""
        numbers = _mapped(self.key_mapping) if self.custom else range(self.config["params"]["shard_number"])
        for number in numbers:
            folder = self.folder / str(number)
            settle_folder(folder, self.trash)
            shard = self.shards[number] = Shard(number, folder, self.peer)
            shard.open(self.config, self.schema)
        replayed = 0
        for operation, body in self.journal.records():
            try:
                for shard, change in plan_update(self, operation, parse_json(body)):
                    shard.update(change)
            except BaseException as failure:  # it failed when it was sent, too
                log.warning("an update of `%s` in the journal cannot be applied: %s", self.name, failure)
            replayed += 1
        if replayed:
            log.info("`%s`: %d updates applied from the journal", self.name, replayed)
            self.flush()
            self.unoptimized = True

    def close(self) -> None:
        """Flushes and closes everything; the folder can be moved afterwards."""
        with self.gate.exclusive():
            self.deleted = True
            for shard in self.shards.values():
                shard.close()
        self.journal.clear()
        self.journal.close()

    def require_live(self) -> None:
        """404 when the collection was deleted while the request waited."""
        if self.deleted:
            raise not_found(f"Collection `{self.name}` doesn't exist!")

    def freeze(self) -> None:
        """Keeps updates out until `writing` is released; everything acknowledged is in the segments on disk."""
        self.writing.acquire()
        try:
            self.require_live()
            self.flush()
        except BaseException:
            self.writing.release()
            raise

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """Keeps updates out for a while."""
        self.freeze()
        try:
            yield
        finally:
            self.writing.release()

    def flush(self) -> None:
        """Flushes the engine and empties the journal; call with `writing` held."""
        for shard in self.shards.values():
            if shard.engine is not None:
                shard.engine.flush()
        self.journal.clear()

    def shorten_logs(self) -> None:
        """Opens shards anew whose log has grown long; call with `writing` held."""
        long = [shard for shard in self.shards.values() if shard.engine is not None and shard.has_long_log()]
        if not long:
            return
        self.flush()
        with self.gate.exclusive():
            for shard in long:
                shard.close()
                shard.open(self.config, self.schema)

    # Shape

    @property
    def custom(self) -> bool:
        """Whether shards belong to shard keys."""
        return is_custom(self.config)

    def vector_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Dense and sparse vector parameters by name."""
        return dense_vectors(self.config), sparse_vectors(self.config)

    def shard_key(self, number: int) -> Any:
        """The key a shard belongs to, none without custom sharding."""
        for entry in self.key_mapping:
            if number in entry["shard_ids"]:
                return entry["key"]
        return None

    def shard(self, number: int) -> Shard:
        """One shard, or 404."""
        if number not in self.shards:
            raise not_found(f"Shard {number} not found")
        return self.shards[number]

    def select(self, shard_key: Any = None) -> list[Shard]:
        """The shards a request addresses: all, or those of one or several keys."""
        if shard_key is None:
            return list(self.shards.values())
        if isinstance(shard_key, dict):
            target = shard_key.get("target")
            known = any(entry["key"] == target for entry in self.key_mapping)
            shard_key = target if known else shard_key.get("fallback")
        keys = shard_key if isinstance(shard_key, list) else [shard_key]
        if not self.custom:
            raise bad_request("Shard key is not allowed in a collection with automatic sharding")
        chosen: list[Shard] = []
        for key in keys:
            entry = next((entry for entry in self.key_mapping if entry["key"] == key), None)
            if entry is None:
                raise bad_input(f"Shard key {key} not found")
            chosen += [self.shards[number] for number in entry["shard_ids"]]
        return chosen

    def route(
        self, items: list[Any], identity: Callable[[Any], Any], shard_key: Any, existing: bool = False
    ) -> list[tuple[Shard, list[Any]]]:
        """Groups items by the shard their id belongs to.

        A point that a shard already holds stays there, so that restored shards of another distribution stay whole.
        With `existing` a custom-sharded collection may be addressed without a key.
        """
        if self.custom and shard_key is None and not existing:
            raise bad_request("Shard key not specified")
        shards = self.select(shard_key)
        if len(shards) <= 1:
            return [(shards[0], items)] if shards else []
        owners: dict[Any, Shard] = {}
        ids = [identity(item) for item in items]
        for shard in shards:
            for record in shard.require().retrieve(ids, False, False):
                owners[record.id] = shard
        groups: dict[int, tuple[Shard, list[Any]]] = {}
        for item, point in zip(items, ids, strict=True):
            shard = owners.get(point) or shards[_spread(point) % len(shards)]
            groups.setdefault(shard.number, (shard, []))[1].append(item)
        return list(groups.values())

    # Changes

    def update(self, operation: str, body: bytes) -> int:
        """Checks, journals and applies one update, and gives its number in the first shard it touched."""
        parsed = parse_json(body)
        if not isinstance(parsed, dict):
            raise ServiceError(400, "Format error in JSON body: expected an object")
        with self.writing:
            self.require_live()
            plan = plan_update(self, operation, parsed)
            for shard, _ in plan:
                shard.require()
            self.journal.append(operation, body)
            numbers = [shard.update(change) for shard, change in plan]
            self.last_update, self.unoptimized = time.monotonic(), True
            if not may_stay_unflushed(operation, parsed) or self.journal.size > _MAX_JOURNAL_BYTES:
                self.flush()
        return numbers[0] if numbers else 0

    def create_index(self, field: str, schema: Any) -> int:
        """Adds a payload index to every shard and to the collection's schema."""
        wanted = engine_schema(schema)
        with self.writing:
            self.require_live()
            operation = edge.UpdateOperation.create_field_index(field, wanted)
            numbers = [shard.update(operation) for shard in self.shards.values() if shard.engine]
            self.schema = {**self.schema, field: schema}
            write_json(self.folder / "payload_index.json", {"schema": self.schema})
            self.flush()
        return numbers[0] if numbers else 0

    def delete_index(self, field: str) -> int:
        """Drops a payload index; one that does not exist is no error."""
        with self.writing:
            self.require_live()
            operation = edge.UpdateOperation.delete_field_index(field)
            numbers = [shard.update(operation) for shard in self.shards.values() if shard.engine]
            self.schema = {name: kept for name, kept in self.schema.items() if name != field}
            write_json(self.folder / "payload_index.json", {"schema": self.schema})
            self.flush()
        return numbers[0] if numbers else 0

    def change_config(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Stores a changed configuration and opens the shards with it."""
        with self.unchanging():
            config = change(self.config)
            if config != self.config:
                write_json(self.folder / "config.json", config)
                self.config = config
                with self.gate.exclusive():
                    for shard in self.shards.values():
                        shard.close()
                        shard.open(config, self.schema)
            self.unoptimized = True

    def create_shard_key(self, key: Any, count: int) -> None:
        """Makes the shards of a new key; their numbers follow the highest there is."""
        with self.unchanging():
            if not self.custom:
                raise bad_request("Shard Key cannot be created with Auto sharding method")
            if any(entry["key"] == key for entry in self.key_mapping):
                raise bad_request(f"Shard key {key} already exists")
            first = max(self.shards, default=-1) + 1
            made = [Shard(number, self.folder / str(number), self.peer) for number in range(first, first + count)]
            for shard in made:
                Shard.create(shard.folder, self.peer, self.config, self.trash)
                shard.open(self.config, self.schema)
            mapping = [*self.key_mapping, {"key": key, "shard_ids": [shard.number for shard in made]}]
            write_json(self.folder / "shard_key_mapping.json", mapping)
            with self.gate.exclusive():
                self.shards = {**self.shards, **{shard.number: shard for shard in made}}
                self.key_mapping = mapping

    def delete_shard_key(self, key: Any) -> None:
        """Removes a key and its shards."""
        with self.unchanging():
            entry = next((entry for entry in self.key_mapping if entry["key"] == key), None)
            if entry is None:
                raise bad_request(f"Shard key {key} does not exist")
            mapping = [kept for kept in self.key_mapping if kept is not entry]
            write_json(self.folder / "shard_key_mapping.json", mapping)
            with self.gate.exclusive():
                gone = [self.shards[number] for number in entry["shard_ids"]]
                self.shards = {n: shard for n, shard in self.shards.items() if n not in entry["shard_ids"]}
                self.key_mapping = mapping
            for shard in gone:
                shard.close()
                discard(shard.folder, self.trash)

    def replace_shard(self, shard: Shard, prepared: Path) -> None:
        """Exchanges a shard's data for a prepared folder; call with `writing` held."""
        with self.gate.exclusive():
            shard.close()
            shard.replace(prepared, self.trash)
            shard.open(self.config, self.schema)
        if shard.engine is None:
            discard(shard.folder, self.trash)
            raise ServiceError(500, f"Service internal error: Failed to load restored shard {shard.number}")
        self.unoptimized = True

    # Views

    def info(self) -> dict[str, Any]:
        """The collection's info; counts are those of the engine, or zero for dead replicas."""
        with self.gate.shared():
            self.require_live()
            infos = [shard.engine.info() for shard in self.shards.values() if shard.engine is not None]
            dead = [shard for shard in self.shards.values() if shard.engine is None]
        config = copy.deepcopy(self.config)
        config.pop("uuid", None)
        indexed = {
            field: sum(info.payload_schema[field].points for info in infos if field in info.payload_schema)
            for field in self.schema
        }
        return {
            "status": "red" if dead else "yellow" if self.optimizing else "green",
            "optimizer_status": {"error": "replica is dead"} if dead else "ok",
            "indexed_vectors_count": sum(info.indexed_vectors_count for info in infos),
            "points_count": sum(info.points_count for info in infos),
            "segments_count": sum(info.segments_count for info in infos),
            "config": config,
            "payload_schema": {field: schema_info(schema, indexed[field]) for field, schema in self.schema.items()},
            "update_queue": {"length": 0, "deferred_points": 0},
        }

    def cluster(self) -> dict[str, Any]:
        """The collection's part of the cluster view: every shard is local."""
        with self.gate.shared():
            self.require_live()
            local = []
            for shard in self.shards.values():
                entry: dict[str, Any] = {"shard_id": shard.number}
                if self.shard_key(shard.number) is not None:
                    entry["shard_key"] = self.shard_key(shard.number)
                entry["points_count"] = shard.engine.info().points_count if shard.engine else 0
                entry["state"] = shard.state
                local.append(entry)
        return {
            "peer_id": self.peer,
            "shard_count": len(local),
            "local_shards": local,
            "remote_shards": [],
            "shard_transfers": [],
        }


def _mapped(mapping: list[dict[str, Any]]) -> list[int]:
    return sorted(number for entry in mapping for number in entry["shard_ids"])


def _spread(point: Any) -> int:
    """A stable number for an id, well mixed: neighbouring ids go to different shards."""
    value = point if isinstance(point, int) else point.int
    value = (value ^ (value >> 64)) & 0xFFFFFFFFFFFFFFFF
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 33)

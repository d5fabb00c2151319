"""Restores: a collection or a shard from an archive, checked as far as a real server checks."""

import logging
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .collection import Collection
from .config import config_from_archive, is_custom, require_equal_vectors
from .errors import ServiceError, internal
from .files import read_json
from .indexes import index_type
from .registry import Registry
from .shard import Shard, is_local
from .tar_reader import ArchiveError
from .unpack import Limit, drop_locks, require_segments, unpack
from .wal import acknowledged, last_entry, next_index, reset_wal

log = logging.getLogger("qdrant_edge_server")


@dataclass
class Sabotage:
    """What a test asked to go wrong in this restore."""

    pretend: bool = False
    fail_at: str | None = None
    limit: Limit = field(default_factory=Limit)


class Restorer:
    """Restores into one registry."""

    def __init__(self, registry: Registry):
        self.registry = registry

    def collection(self, name: str, archive: Path, sabotage: Sabotage) -> None:
        """Restores a collection snapshot; an absent collection is created from the archive."""
        if sabotage.pretend:
            return
        with _Workplace(self.registry, archive, sabotage) as unpacked:
            saved, schema = _collection_files(unpacked)
            if self.registry.exists(name):
                self._replace(self.registry.resolve(name), unpacked, saved, sabotage)
            else:
                self._create(name, unpacked, config_from_archive(saved), schema, sabotage)

    def _create(self, name: str, unpacked: Path, config: dict[str, Any], schema: dict[str, Any], sabotage: Sabotage) -> None:
        """Makes the collection with the shards of the snapshot, whose indexes are in them."""
        if is_custom(config):
            # The real server's flaw: no shards are made, the loop over them is empty, and it answers 200.
            self.registry.create(name, config, schema)
            log.warning("`%s` uses custom sharding: nothing of the snapshot was restored", name)
            return
        for number in range(config["params"]["shard_number"]):
            _require_shard(unpacked / str(number), number)
            _prepare(unpacked / str(number), config)
            if sabotage.fail_at == "load":
                _spoil(unpacked / str(number))
        collection = self.registry.create(name, config, schema, unpacked)
        dead = [shard.number for shard in collection.shards.values() if shard.engine is None]
        if dead:
            raise internal(f"Failed to load restored shards {dead}")

    def _replace(self, collection: Collection, unpacked: Path, saved: dict[str, Any], sabotage: Sabotage) -> None:
        """Puts the shards of the snapshot in the place of the collection's; its configuration stays."""
        require_equal_vectors(collection.config, saved)
        for number in collection.shards:
            _require_shard(unpacked / str(number), number)
        with collection.unchanging():
            for shard in list(collection.shards.values()):
                prepared = unpacked / str(shard.number)
                _prepare(prepared, collection.config)
                if sabotage.fail_at == "load":
                    _spoil(prepared)
                collection.replace_shard(shard, prepared)

    def shard(self, collection: Collection, shard: Shard, archive: Path, sabotage: Sabotage) -> None:
        """Restores a shard snapshot. Nobody checks that its vectors fit the collection."""
        if sabotage.pretend:
            return
        with _Workplace(self.registry, archive, sabotage) as unpacked:
            require_segments(unpacked)
            _prepare(unpacked, collection.config)
            if sabotage.fail_at == "load":
                _spoil(unpacked)
            with collection.unchanging():
                collection.replace_shard(shard, unpacked)


class _Workplace:
    """An archive, unpacked in a folder that goes away; the reader's refusals become errors of the API."""

    def __init__(self, registry: Registry, archive: Path, sabotage: Sabotage):
        self._folder = registry.temporary / f"restore-{uuid.uuid4().hex}"
        self._archive = archive
        self._sabotage = sabotage

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir()
            unpack(self._archive, self._folder, self._sabotage.limit)
            if self._sabotage.fail_at == "unpack":
                raise internal("Failed to restore the snapshot: a fault was asked for")
            return self._folder
        except BaseException as failure:
            self.__exit__(type(failure), failure, None)
            raise

    def __exit__(self, kind: Any, failure: BaseException | None, trace: Any) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if isinstance(failure, ArchiveError):
            prefix = "Wrong input" if failure.status == 400 else "Service internal error"
            raise ServiceError(failure.status, f"{prefix}: Failed to read snapshot archive: {failure}") from None


def _collection_files(unpacked: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and payload index schema of an unpacked collection snapshot."""
    for name in ("config.json", "version.info"):
        if not (unpacked / name).is_file():
            raise ArchiveError(f"the snapshot lacks {name}, it is not one of a collection")
    try:
        saved = read_json(unpacked / "config.json")
        file = unpacked / "payload_index.json"
        schema = read_json(file)["schema"] if file.is_file() else {}
        for wanted in schema.values():
            index_type(wanted)
        if not isinstance(saved.get("params"), dict):
            raise ValueError("config.json has no params")
        return saved, schema
    except (ValueError, KeyError, AttributeError, TypeError) as failure:
        raise ArchiveError(f"the snapshot's configuration cannot be read: {failure}") from None


def _require_shard(folder: Path, number: int) -> None:
    if not folder.is_dir() or not is_local(folder):
        raise ServiceError(
            500, f"Service internal error: Can't restore snapshot in local mode with missing data at shard: {number}"
        )
    require_segments(folder)


def _prepare(shard: Path, config: dict[str, Any]) -> None:
    """Makes an unpacked shard ready to load: the engine gets an empty log behind the newest operation."""
    applied = shard / "applied_seq.json"
    try:
        newest, acked = last_entry(shard), acknowledged(shard)
        if applied.is_file():
            acked = max(acked, read_json(applied).get("op_num", -1))
        following = max(next_index(shard), newest + 1)
    except (ValueError, AttributeError) as failure:
        raise ArchiveError(f"a file of shard folder {shard.name} cannot be read: {failure}") from None
    if newest > acked and newest >= next_index(shard):
        log.warning(
            "operations %d to %d of the snapshot's log may be in none of its segments; the engine does not replay them",
            max(acked + 1, next_index(shard)),
            newest,
        )
    drop_locks(shard)
    applied.unlink(missing_ok=True)
    reset_wal(shard, config["wal_config"]["wal_capacity_mb"], following)


def _spoil(shard: Path) -> None:
    """Makes a prepared shard impossible to load."""
    for segment in (shard / "segments").iterdir():
        (segment / "segment.json").write_text("{")

"""Applying of partial snapshots: checked file by file first, then merged by the engine."""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from .archives import SEGMENT_MANIFEST
from .collection import Collection
from .errors import ServiceError, bad_body, from_engine
from .registry import Registry
from .shard import Shard
from .tar_reader import ArchiveError
from .unpack import Limit, require_segments, unpack

#: Another partial recovery of the same shard is running.
ALREADY_RUNNING = ServiceError(503, "already_in_progress")


def check_manifest(value: Any) -> dict[str, Any]:
    """A manifest from a request, or 400."""
    if not isinstance(value, dict):
        raise bad_body("expected a snapshot manifest")
    for segment, entry in value.items():
        files = entry.get("file_versions") if isinstance(entry, dict) else None
        if not isinstance(files, dict) or not isinstance(entry.get("segment_version"), int):
            raise bad_body(f"manifest of segment {segment}: missing field `segment_version` or `file_versions`")
        if not all(version is None or isinstance(version, int) for version in files.values()):
            raise bad_body(f"manifest of segment {segment}: versions must be numbers or null")
    return value


def apply_partial(registry: Registry, collection: Collection, shard: Shard, archive: Path, limit: Limit) -> None:
    """Merges a partial snapshot into a shard: segments it lacks are deleted, the others overlaid."""
    workplace = registry.temporary / f"partial-{uuid.uuid4().hex}"
    workplace.mkdir()
    try:
        with collection.unchanging():
            try:
                unpack(archive, workplace, limit)
                require_segments(workplace, partial=True)
                _require_complete(workplace, shard.folder)
            except ArchiveError as failure:
                prefix = "Wrong input" if failure.status == 400 else "Service internal error"
                raise ServiceError(failure.status, f"{prefix}: Failed to read snapshot archive: {failure}") from None
            shutil.rmtree(workplace / "segments")
            with collection.gate.exclusive():
                _merge(collection, shard, archive, workplace)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _merge(collection: Collection, shard: Shard, archive: Path, workplace: Path) -> None:
    try:
        shard.require().update_from_snapshot(str(archive), str(workplace))
        shard.renumber()
        shard.add_missing_indexes(collection.schema)
        shard.require().flush()
    except ServiceError:
        raise
    except BaseException as failure:
        # The engine may have stopped half-way: what is on disk decides.
        error = from_engine(failure)
        shard.close()
        shard.open(collection.config, collection.schema)
        raise ServiceError(500, f"Service internal error: Failed to apply partial snapshot: {error.text}") from None


def _require_complete(partial: Path, live: Path) -> None:
    """Every file a manifest names must be in the partial snapshot or already here."""
    for segment in (partial / "segments").iterdir():
        try:
            files = json.loads((segment / SEGMENT_MANIFEST).read_bytes())["file_versions"]
        except (ValueError, KeyError, TypeError) as failure:
            raise ArchiveError(f"the manifest of segment {segment.name} cannot be read: {failure}") from None
        for file in files:
            if not (segment / file).exists() and not (live / "segments" / segment.name / file).exists():
                raise ArchiveError(f"neither the snapshot nor the shard has {file} of segment {segment.name}")

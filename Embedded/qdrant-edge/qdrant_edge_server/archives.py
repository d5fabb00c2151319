"""What goes into the archives: collection snapshots, shard snapshots, their streamed and partial forms.

The layout is that of Qdrant 1.19.0 (reference, section 2.3). Call these with the collection's `unchanging()` held
until the archive is written.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .collection import COLLECTION_FORMAT, Collection
from .shard import Shard
from .tar_writer import Bytes, File, Folder, Holes, Member, Nested
from .wal import empty_wal_header

SEGMENT_MANIFEST = "segment_manifest.json"
#: At the top of a segment; everything else goes under `files/`.
_SEGMENT_TOP = ("segment.json", "version.info")


def compact(value: Any) -> bytes:
    """JSON without spaces, as the server writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def collection_members(collection: Collection) -> list[Member]:
    """A collection snapshot: all shards in nested form with their logs, then the four files of the collection."""
    members: list[Member] = []
    for shard in collection.shards.values():
        shard.require()
        prefix = f"{shard.number}/"
        members += _nested_segments(shard, prefix)
        members += _clocks(shard, prefix)
        members += _log(shard, prefix, collection.config)
        members += _state(shard, prefix)
    return [
        *members,
        Bytes("version.info", COLLECTION_FORMAT.encode()),
        Bytes("config.json", compact(collection.config)),
        Bytes("shard_key_mapping.json", compact(collection.key_mapping)),
        Bytes("payload_index.json", compact({"schema": collection.schema})),
    ]


def shard_members(shard: Shard, config: dict[str, Any]) -> list[Member]:
    """A stored shard snapshot: nested segments and an empty log at the right index."""
    shard.require()
    return [*_nested_segments(shard, ""), *_clocks(shard, ""), *_empty_log(shard, config), *_state(shard, "")]


def streamed_members(shard: Shard, config: dict[str, Any]) -> list[Member]:
    """A streamed shard snapshot: every segment's files one by one."""
    shard.require()
    members: list[Member] = []
    for segment in _segments(shard):
        members += _segment_files(segment, f"segments/{segment.name}/")
    return [*members, *_clocks(shard, ""), *_empty_log(shard, config), *_state(shard, "")]


def partial_members(shard: Shard, config: dict[str, Any], held: dict[str, Any], current: dict[str, Any]) -> list[Member]:
    """A partial snapshot: what the holder of the manifest `held` lacks (reference, section 1.9)."""
    members: list[Member] = []
    for segment in _segments(shard):
        manifest = current[segment.name]
        prefix = f"segments/{segment.name}/"
        old = held.get(segment.name)
        for member in _segment_files(segment, prefix):
            inside = member.name.removeprefix(f"{prefix}files/")
            if member.name in (prefix + name for name in _SEGMENT_TOP) or _is_newer(inside, old, manifest):
                members.append(member)
        members.append(Bytes(f"{prefix}files/{SEGMENT_MANIFEST}", compact(manifest)))
    return [*members, *_clocks(shard, ""), *_empty_log(shard, config), *_state(shard, "")]


def _is_newer(file: str, old: dict[str, Any] | None, new: dict[str, Any]) -> bool:
    """Whether a file goes into a partial snapshot: unknown to the holder, older there, or both 0."""
    if old is None or file not in old["file_versions"]:
        return True
    before = _version(old, file)
    after = _version(new, file) if file in new["file_versions"] else new["segment_version"]
    return before < after or before == after == 0


def _version(manifest: dict[str, Any], file: str) -> int:
    version = manifest["file_versions"][file]
    return manifest["segment_version"] if version is None else version


def _segments(shard: Shard) -> Iterator[Path]:
    """The shard's finished segments; unfinished and deleted ones are left out."""
    for folder in sorted((shard.folder / "segments").iterdir()):
        if not folder.name.startswith(".") and folder.suffix != ".deleted" and (folder / "version.info").exists():
            yield folder


def _segment_files(segment: Path, prefix: str) -> Iterator[File]:
    for path in sorted(path for path in segment.rglob("*") if path.is_file()):
        inside = path.relative_to(segment).as_posix()
        if inside not in _SEGMENT_TOP and inside != SEGMENT_MANIFEST:
            yield File(f"{prefix}files/{inside}", path)
    for name in _SEGMENT_TOP:
        yield File(prefix + name, segment / name)


def _nested_segments(shard: Shard, prefix: str) -> Iterator[Nested]:
    for segment in _segments(shard):
        yield Nested(f"{prefix}segments/{segment.name}.tar", list(_segment_files(segment, "snapshot/")))


def _clocks(shard: Shard, prefix: str) -> Iterator[File]:
    """Clocks, which only shards restored from a cluster's archive have."""
    for name in ("newest_clocks.json", "oldest_clocks.json"):
        if (shard.folder / name).exists():
            yield File(prefix + name, shard.folder / name)


def _log(shard: Shard, prefix: str, config: dict[str, Any]) -> Iterator[Member]:
    """The shard's own log, all of it acknowledged, without the lock file.

    A server drops closed files of which nothing is needed any more and retains the newest; the engine keeps all of
    them, so the older ones are left out here.
    """
    newest = shard.next_operation - 1
    yield Folder(f"{prefix}wal")
    if newest >= 0:
        yield Bytes(f"{prefix}wal/first-index", compact({"ack_index": newest}))
    closed = sorted((shard.folder / "wal").glob("closed-*"), key=lambda path: int(path.name[7:]))
    retained = config["wal_config"].get("wal_retain_closed") or 1
    for path in [*closed[-retained:], *sorted((shard.folder / "wal").glob("open-*"))]:
        yield File(f"{prefix}wal/{path.name}", path)
    if newest >= 0:
        yield Bytes(f"{prefix}applied_seq.json", compact({"op_num": newest}))


def _empty_log(shard: Shard, config: dict[str, Any]) -> Iterator[Member]:
    """A log without entries that goes on where the shard's one is."""
    yield Folder("wal")
    size = config["wal_config"]["wal_capacity_mb"] << 20
    yield Holes(f"wal/closed-{shard.next_operation}", empty_wal_header(), size)


def _state(shard: Shard, prefix: str) -> Iterator[Bytes]:
    state = {"is_local": True, "this_peer_id": shard.peer, "peers": {str(shard.peer): "Active"}}
    yield Bytes(f"{prefix}replica_state.json", compact(state))
    yield Bytes(f"{prefix}shard_config.json", compact({"type": "ReplicaSet"}))

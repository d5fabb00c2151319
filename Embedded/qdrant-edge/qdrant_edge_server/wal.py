"""An empty write-ahead log that continues at a given index.

Qdrant 1.19.0 names a closed log file after the first index in it and starts it with `wal`, a version byte 0 and a
random seed (reference, section 3.8). The engine numbers its next operation by the log, so a shard whose log was
lost would number operations below those its segments already hold.
"""

import json
import os
import shutil
from pathlib import Path

HEADER_BYTES = 8


def empty_wal_header() -> bytes:
    """The first bytes of a log file without entries."""
    return b"wal\0" + os.urandom(4)


def log_bytes(shard: Path) -> int:
    """What the shard's log occupies on disk, holes left out."""
    folder = shard / "wal"
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir()) if folder.is_dir() else 0


def next_index(shard: Path) -> int:
    """The index after the newest operation that a segment of the shard names."""
    newest = -1
    for file in (shard / "segments").glob("*/segment.json"):
        newest = max(newest, json.loads(file.read_bytes()).get("version") or 0)
    return newest + 1


def reset_wal(shard: Path, capacity_mb: int, index: int | None = None) -> None:
    """Replaces the log of a shard that is not open by an empty one behind its newest operation."""
    position = next_index(shard) if index is None else index
    folder = shard / "wal"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with open(folder / f"closed-{position}", "wb") as file:
        file.write(empty_wal_header())
        file.truncate(capacity_mb << 20)


def last_entry(shard: Path) -> int:
    """The index of the newest entry in the shard's log, the index before the log's start when it has none.

    Entries are walked by their lengths (u64 length, data, padding, u32 checksum: a multiple of 8 bytes); a length
    of zero ends a file. Closed files say where they start, open ones follow in the order of their numbers.
    """
    folder = shard / "wal"
    if not folder.is_dir():
        return -1
    closed = sorted((int(file.name[7:]), file) for file in folder.glob("closed-*"))
    opened = sorted((int(file.name[5:]), file) for file in folder.glob("open-*"))
    position = 0
    for start, file in closed:
        position = start + _entries(file)
    for _, file in opened:
        position += _entries(file)
    return position - 1


def acknowledged(shard: Path) -> int:
    """The index up to which the segments certainly hold everything, -1 when the log does not say."""
    file = shard / "wal" / "first-index"
    return int(json.loads(file.read_bytes()).get("ack_index", -1)) if file.exists() else -1


def _entries(file: Path) -> int:
    found, position = 0, HEADER_BYTES
    size = file.stat().st_size
    with open(file, "rb") as log:
        while position + 8 <= size:
            log.seek(position)
            length = int.from_bytes(log.read(8), "little")
            entry = 8 + length + 4
            entry += -entry % 8
            if length == 0 or position + entry > size:
                break
            position += entry
            found += 1
    return found

"""Stored snapshots: their names, descriptions, checksums, and how they are written and removed."""

import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import ServiceError, not_found, out_of_space
from .registry import Registry

SUFFIX = ".snapshot"
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")


class SnapshotStore:
    """The snapshots of one collection, or of one of its shards, in their folder."""

    def __init__(self, registry: Registry, collection: str, shard: int | None = None):
        folder = registry.snapshots_folder / collection
        self.folder = folder if shard is None else folder / "shards" / str(shard)
        self.temporary = registry.snapshots_temporary
        self._stem = f"{collection}-{registry.peer}" if shard is None else f"{collection}-shard-{shard}"

    def new_name(self) -> str:
        """A name of the second that is now, UTC; a second one in the same second has to wait for the next."""
        while True:
            stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H-%M-%S")
            name = f"{self._stem}-{stamp}{SUFFIX}"
            if not (self.folder / name).exists():
                return name
            time.sleep(0.1)

    def list(self) -> list[dict[str, Any]]:
        """Descriptions of all snapshots; only names that end in `.snapshot` count."""
        if not self.folder.is_dir():
            return []
        files = (self.folder / name for name in sorted(os.listdir(self.folder)) if name.endswith(SUFFIX))
        return [describe(file) for file in files if file.is_file()]

    def path(self, name: str) -> Path:
        """The file of one snapshot, or 404."""
        file = self.folder / name
        if "/" in name or name in (".", "..") or not name.endswith(SUFFIX) or not file.is_file():
            raise not_found(f"Snapshot {name} not found")
        return file

    def write(self, pieces: Iterable[bytes], full_after: int | None = None, full_status: int = 507) -> dict[str, Any]:
        """Stores an archive under a temporary name, its checksum beside it, then gives it its own name.

        `full_after` is the number of bytes after which the disk is said to be full, for tests.
        """
        name = self.new_name()
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.temporary / f"{name}.{uuid.uuid4().hex}"
        digest, written = hashlib.sha256(), 0
        try:
            with open(temporary, "wb") as file:
                for piece in pieces:
                    written += len(piece)
                    if full_after is not None and written > full_after:
                        raise out_of_space("No space left on device (os error 28)", full_status)
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            (self.folder / f"{name}.checksum").write_text(digest.hexdigest())
            os.replace(temporary, self.folder / name)
        except OSError as failure:
            raise out_of_space(str(failure)) from None
        finally:
            temporary.unlink(missing_ok=True)
        return describe(self.folder / name)

    def keep_upload(self, upload: Path, name: str) -> Path:
        """Keeps an uploaded file under its own name, without a checksum; one of that name is replaced."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / (os.path.basename(name) or f"upload-{uuid.uuid4().hex}{SUFFIX}")
        target.with_name(f"{target.name}.checksum").unlink(missing_ok=True)
        shutil.move(upload, target)
        return target

    def delete(self, name: str) -> None:
        """Removes a snapshot and its checksum, or 404."""
        file = self.path(name)
        file.with_name(f"{name}.checksum").unlink(missing_ok=True)
        file.unlink()


def describe(file: Path) -> dict[str, Any]:
    """A snapshot's description; files without a checksum beside them have none."""
    status = file.stat()
    made = datetime.fromtimestamp(status.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    description: dict[str, Any] = {"name": file.name, "creation_time": made, "size": status.st_size}
    checksum = file.with_name(f"{file.name}.checksum")
    if checksum.is_file():
        description["checksum"] = checksum.read_text().strip()
    return description


def check_checksum_form(checksum: str | None) -> None:
    """422 for a checksum that is not 64 hex digits."""
    if checksum is not None and not _HEX.match(checksum):
        raise ServiceError(422, "Validation error in query: [checksum: must be a SHA-256 in hex, 64 digits]")


def require_checksum(file: Path, checksum: str | None) -> None:
    """400 when the file has another SHA-256 than the one given."""
    if checksum is None:
        return
    with open(file, "rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != checksum.lower():
        raise ServiceError(400, f"Snapshot checksum mismatch: expected {checksum.lower()}, got {found}")

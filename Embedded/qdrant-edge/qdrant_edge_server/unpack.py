"""Unpacking of snapshot archives into the layout of a storage folder, before anything live is touched."""

import re
from collections.abc import Iterable
from pathlib import Path

from .archives import SEGMENT_MANIFEST
from .errors import out_of_space
from .tar_reader import ArchiveError, Entry, TarReader

_NESTED = re.compile(r"(?P<segment>(?:.*/)?segments/[^/]+)\.tar\Z")
_STREAMED = re.compile(r"(?P<segment>(?:.*/)?segments/[^/]+)/files/(?P<inside>.+)\Z")


class Limit:
    """A disk that is full after so many bytes, for tests; none means the real one."""

    def __init__(self, full_after: int | None = None, status: int = 507):
        self.left = full_after
        self.status = status

    def spend(self, count: int) -> None:
        """Counts bytes that are about to be written."""
        if self.left is None:
            return
        self.left -= count
        if self.left < 0:
            raise out_of_space("No space left on device (os error 28)", self.status)


def unpack(archive: Path, target: Path, limit: Limit | None = None) -> None:
    """Unpacks a whole archive; nested and streamed segments end in the same place.

    Throws `ArchiveError` for whatever a reader refuses; the target is then of no use.
    """
    budget = limit or Limit()
    with open(archive, "rb", buffering=1 << 20) as file:
        for entry in TarReader(file, "the snapshot"):
            nested = _NESTED.match(entry.name)
            if nested and not entry.is_folder:
                _unpack_segment(TarReader.inside(entry), target / nested["segment"], budget)
                continue
            streamed = _STREAMED.match(entry.name)
            name = f"{streamed['segment']}/{streamed['inside']}" if streamed else entry.name
            _place(entry, target / name, budget)


def _unpack_segment(members: Iterable[Entry], target: Path, budget: Limit) -> None:
    """One nested segment: `snapshot/files/…` and the two files beside it."""
    for entry in members:
        inside = entry.name.removeprefix("snapshot/")
        if inside == entry.name and entry.name != "snapshot":
            raise ArchiveError(f"a segment's archive holds {entry.name}, which is not under snapshot/")
        if entry.is_folder and inside in ("snapshot", "files"):
            continue
        _place(entry, target / inside.removeprefix("files/"), budget)


def _place(entry: Entry, target: Path, budget: Limit) -> None:
    """Writes one member, with its holes, and never over another."""
    try:
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            for offset, piece in entry.blocks():
                budget.spend(len(piece))
                file.seek(offset)
                file.write(piece)
            file.truncate(entry.real_size)
    except (FileExistsError, NotADirectoryError):
        raise ArchiveError(f"the snapshot holds {entry.name} twice", 400) from None
    except OSError as failure:
        raise out_of_space(str(failure.strerror)) from None


def require_segments(shard: Path, partial: bool = False) -> None:
    """Refuses an unpacked shard without segments, or of the other kind than the route is for."""
    segments = list((shard / "segments").glob("*")) if (shard / "segments").is_dir() else []
    if not segments:
        raise ArchiveError(f"the snapshot holds no segments for shard folder {shard.name}")
    for name in ("replica_state.json", "shard_config.json"):
        if not (shard / name).is_file():
            raise ArchiveError(f"the snapshot lacks {name}")
    for segment in segments:
        for name in ("segment.json", "version.info"):
            if not (segment / name).is_file():
                raise ArchiveError(f"the snapshot's segment {segment.name} lacks {name}")
        if (segment / SEGMENT_MANIFEST).exists() != partial:
            kind = "a full" if partial else "a partial"
            raise ArchiveError(f"{kind} snapshot cannot be restored by this call", 400)


def drop_locks(shard: Path) -> None:
    """Removes what no shard folder should start with."""
    for name in (".wal", "edge_config.json"):
        (shard / "wal" / name).unlink(missing_ok=True)
        (shard / name).unlink(missing_ok=True)

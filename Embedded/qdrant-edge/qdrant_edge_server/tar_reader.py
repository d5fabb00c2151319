"""Reading of snapshot archives, as strict as Qdrant's reader and stricter about their end.

Accepted are regular files, folders, GNU sparse files and GNU long names. Links, devices and everything else are
refused, as are names that leave the target folder, sizes that do not add up, and an archive without its end marker.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .tar_writer import BLOCK

_LONGEST_NAME = 64 * 1024


class ArchiveError(Exception):
    """The archive is damaged, cut off, or not one that a restore reads.

    `status` is what a server answers: 400 for content that is not allowed, 500 for an archive that cannot be read.
    """

    def __init__(self, text: str, status: int = 500):
        super().__init__(text)
        self.status = status


@dataclass
class Entry:
    """One member. Its content must be read before the next one is asked for."""

    name: str
    is_folder: bool
    real_size: int
    ranges: list[tuple[int, int]]
    _archive: "TarReader"

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """The data as (offset, bytes); what lies between is a hole."""
        for start, length in self.ranges:
            position, end = start, start + length
            while position < end:
                piece = self._archive.take(min(end - position, 1 << 20))
                yield position, piece
                position += len(piece)

    def content(self, limit: int) -> bytes:
        """The whole content of a small member."""
        if self.real_size > limit:
            raise ArchiveError(f"{self.name} has {self.real_size} bytes, at most {limit} are expected")
        whole = bytearray(self.real_size)
        for offset, piece in self.blocks():
            whole[offset : offset + len(piece)] = piece
        return bytes(whole)


class _Inside:
    """An archive that is the content of another one's member."""

    def __init__(self, entry: Entry):
        if entry.ranges != [(0, entry.real_size)]:
            raise ArchiveError(f"{entry.name} is an archive with holes")
        self._archive = entry._archive
        self._left = entry.real_size

    def read(self, count: int) -> bytes:
        wanted = min(count, self._left)
        piece = self._archive.take(wanted) if wanted else b""
        self._left -= len(piece)
        return piece


class TarReader:
    """Walks over an archive once, from front to back."""

    def __init__(self, source: BinaryIO | _Inside, label: str = "archive"):
        self._source = source
        self._label = label
        self._position = 0
        self._owed = 0

    @classmethod
    def inside(cls, entry: Entry) -> "TarReader":
        """A reader for an archive that is a member of another."""
        return cls(_Inside(entry), entry.name)

    def take(self, count: int) -> bytes:
        """Exactly so many bytes of the current member's data."""
        if count > self._owed:
            raise ArchiveError(f"{self._label}: read beyond a member")
        self._owed -= count
        return self._exactly(count)

    def _exactly(self, count: int) -> bytes:
        piece = self._source.read(count)
        while len(piece) < count:
            more = self._source.read(count - len(piece))
            if not more:
                raise ArchiveError(f"{self._label} is cut off after {self._position + len(piece)} bytes")
            piece += more
        self._position += count
        return piece

    def _skip(self, count: int) -> None:
        while count:
            count -= len(self._exactly(min(count, 1 << 20)))

    def __iter__(self) -> Iterator[Entry]:
        long_name: str | None = None
        padding = 0
        while True:
            self._skip(self._owed + padding)
            self._owed = padding = 0
            head = self._exactly(BLOCK)
            if not any(head):
                if any(self._exactly(BLOCK)):
                    raise ArchiveError(f"{self._label} has a single empty block at {self._position - 2 * BLOCK}")
                return
            kind, size = self._checked(head)
            if kind == b"L":
                if size > _LONGEST_NAME:
                    raise ArchiveError(f"{self._label} holds a name of {size} bytes")
                raw = self._exactly(size)
                self._skip(-size % BLOCK)
                long_name = _text(raw)
                continue
            name = long_name if long_name is not None else _text(head[0:100])
            long_name = None
            padding = -size % BLOCK
            if kind == b"S":
                ranges, real_size = self._sparse_map(head, size, name)
            else:
                ranges, real_size = ([(0, size)] if size else []), size
            if kind == b"5" and size:
                raise ArchiveError(f"{self._label}: the folder {name} has content")
            self._owed = size
            yield Entry(_safe(name), kind == b"5", real_size, ranges, self)

    def _checked(self, head: bytes) -> tuple[bytes, int]:
        """Kind and stored size of a header whose checksum is right."""
        where = self._position - BLOCK
        stored = _octal(head[148:156], self._label, where)
        if stored != sum(head) - sum(head[148:156]) + 8 * 32:
            raise ArchiveError(f"{self._label} has a header with a wrong checksum at {where}")
        kind = head[156:157]
        if kind == b"\0":
            kind = b"0"
        if kind not in (b"0", b"5", b"L", b"S"):
            raise ArchiveError(f"{self._label} holds an entry of kind {kind!r} at {where}, which is not allowed", 400)
        return kind, _octal(head[124:136], self._label, where)

    def _sparse_map(self, head: bytes, size: int, name: str) -> tuple[list[tuple[int, int]], int]:
        real_size = _octal(head[483:495], self._label, self._position)
        pairs = self._pairs(head[386:482])
        more = head[482]
        while more:
            block = self._exactly(BLOCK)
            pairs += self._pairs(block[:504])
            more = block[504]
        end = stored = 0
        for offset, length in pairs:
            if offset < end or (length and stored % BLOCK):
                raise ArchiveError(f"{self._label}: the ranges of {name} overlap or are not aligned")
            end = offset + length
            stored += length
        if stored != size or end != real_size:
            raise ArchiveError(f"{self._label}: the ranges of {name} do not add up to its size")
        return [(offset, length) for offset, length in pairs if length], real_size

    def _pairs(self, table: bytes) -> list[tuple[int, int]]:
        found = []
        for at in range(0, len(table), 24):
            if table[at] == 0 or table[at + 12] == 0:
                continue
            offset = _octal(table[at : at + 12], self._label, self._position)
            found.append((offset, _octal(table[at + 12 : at + 24], self._label, self._position)))
        return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _octal(raw: bytes, label: str, where: int) -> int:
    """A number in octal digits, or in base 256 when the first bit is set."""
    if raw[0] & 0x80:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    digits = raw.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise ArchiveError(f"{label} has a header that is none at {where}") from None


def _safe(name: str) -> str:
    """The name without a slash at its end; one that would leave the target folder is refused."""
    parts = [part for part in name.rstrip("/").split("/") if part != "."]
    if not parts or name.startswith("/") or any(part in ("", "..") for part in parts):
        raise ArchiveError(f"the archive holds an entry with the name {name!r}", 400)
    return "/".join(parts)

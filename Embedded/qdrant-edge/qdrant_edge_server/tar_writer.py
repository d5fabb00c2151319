"""Tar archives as Qdrant writes them: old-GNU headers, files with holes as sparse members, archives in archives.

An archive is planned first: every member knows how many bytes it will take, so an archive inside another one is
written without a temporary copy. The files must not change between planning and writing.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .files import data_ranges

BLOCK = 512
_READ_BYTES = 256 * 1024
_IN_HEADER = 4
_IN_EXTENSION = 21
_LARGEST_OCTAL = 0o77777777777
#: Two blocks of zeros end an archive.
END = bytes(2 * BLOCK)


def _number(value: int, width: int) -> bytes:
    """Octal digits and a NUL; sizes above 8 GiB in base 256."""
    if width == 12 and value > _LARGEST_OCTAL:
        return b"\x80" + value.to_bytes(width - 1, "big")
    return f"{value:0{width - 1}o}".encode() + b"\0"


def _padding(size: int) -> int:
    return -size % BLOCK


def _header(name: bytes, kind: bytes, size: int, mtime: int, mode: int = 0o644, tail: bytes = b"") -> bytes:
    """One header block; `tail` is what old-GNU headers have from offset 386 on."""
    head = bytearray(BLOCK)
    head[0 : min(len(name), 100)] = name[:100]
    head[100:108] = _number(mode, 8)
    head[108:116] = head[116:124] = _number(0, 8)
    head[124:136] = _number(size, 12)
    head[136:148] = _number(mtime, 12)
    head[148:156] = b" " * 8
    head[156:157] = kind
    head[257:265] = b"ustar  \0"
    head[386 : 386 + len(tail)] = tail
    head[148:156] = f"{sum(head):06o}".encode() + b"\0 "
    return bytes(head)


def _named(name: str, kind: bytes, size: int, mtime: int, mode: int = 0o644, tail: bytes = b"") -> bytes:
    """A header, after a long-name member when the name has more than 100 bytes."""
    raw = name.encode()
    if len(raw) <= 100:
        return _header(raw, kind, size, mtime, mode, tail)
    text = raw + b"\0"
    long_name = _header(b"././@LongLink", b"L", len(text), 0, 0) + text + bytes(_padding(len(text)))
    return long_name + _header(raw, kind, size, mtime, mode, tail)


def _pair(offset: int, length: int) -> bytes:
    return _number(offset, 12) + _number(length, 12)


def _sparse_headers(name: str, ranges: Sequence[tuple[int, int]], size: int, mtime: int) -> bytes:
    """Header and extension blocks of a sparse member, old-GNU form."""
    extents = list(ranges)
    if not extents or sum(extents[-1]) != size:
        extents.append((size, 0))
    first, rest = extents[:_IN_HEADER], extents[_IN_HEADER:]
    table = b"".join(_pair(*extent) for extent in first).ljust(96, b"\0")
    tail = table + (b"\1" if rest else b"\0") + _number(size, 12)
    blocks = [_named(name, b"S", sum(length for _, length in ranges), mtime, tail=tail)]
    while rest:
        part, rest = rest[:_IN_EXTENSION], rest[_IN_EXTENSION:]
        block = b"".join(_pair(*extent) for extent in part).ljust(504, b"\0") + (b"\1" if rest else b"\0")
        blocks.append(block.ljust(BLOCK, b"\0"))
    return b"".join(blocks)


@dataclass
class Bytes:
    """A member whose content is at hand."""

    name: str
    content: bytes
    mtime: int = 0

    def size(self) -> int:
        """Bytes in the archive, padding included."""
        return len(_named(self.name, b"0", len(self.content), self.mtime)) + len(self.content) + _padding(len(self.content))

    def write(self) -> Iterator[bytes]:
        """Header, content, padding."""
        yield _named(self.name, b"0", len(self.content), self.mtime) + self.content + bytes(_padding(len(self.content)))


@dataclass
class Folder:
    """A folder, for example `wal`."""

    name: str
    mtime: int = 0

    def size(self) -> int:
        """One header."""
        return len(_named(self.name + "/", b"5", 0, self.mtime, 0o755))

    def write(self) -> Iterator[bytes]:
        """One header."""
        yield _named(self.name + "/", b"5", 0, self.mtime, 0o755)


@dataclass
class Holes:
    """A sparse member that is made here: some bytes at its start, a hole up to its size."""

    name: str
    start: bytes
    real_size: int
    mtime: int = 0

    def _head(self) -> bytes:
        return _sparse_headers(self.name, [(0, len(self.start))], self.real_size, self.mtime)

    def size(self) -> int:
        """Bytes in the archive."""
        return len(self._head()) + len(self.start) + _padding(len(self.start))

    def write(self) -> Iterator[bytes]:
        """Headers, the bytes, padding."""
        yield self._head() + self.start + bytes(_padding(len(self.start)))


@dataclass
class File:
    """A file on disk; its holes are found once, when the archive is planned."""

    name: str
    path: Path
    real_size: int = field(init=False)
    mtime: int = field(init=False)
    ranges: list[tuple[int, int]] = field(init=False)
    is_written: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            status = os.fstat(descriptor)
            self.real_size, self.mtime = status.st_size, int(status.st_mtime)
            self.ranges = data_ranges(descriptor, self.real_size)
        finally:
            os.close(descriptor)

    @property
    def stored(self) -> int:
        """Bytes of data, holes left out."""
        return sum(length for _, length in self.ranges)

    def _head(self) -> bytes:
        if self.stored < self.real_size:
            return _sparse_headers(self.name, self.ranges, self.real_size, self.mtime)
        return _named(self.name, b"0", self.real_size, self.mtime)

    def size(self) -> int:
        """Bytes in the archive."""
        return len(self._head()) + self.stored + _padding(self.stored)

    def write(self) -> Iterator[bytes]:
        """Headers, data ranges, padding; reads the file as it goes, and goes on in a copy when `path` changes."""
        yield self._head()
        read_from = self.path
        file = open(read_from, "rb", buffering=0)
        try:
            for start, length in self.ranges:
                position, end = start, start + length
                while position < end:
                    if self.path != read_from:
                        file.close()
                        read_from = self.path
                        file = open(read_from, "rb", buffering=0)
                    file.seek(position)
                    block = file.read(min(end - position, _READ_BYTES))
                    if not block:
                        raise OSError(f"{read_from.name} became shorter while it was archived")
                    position += len(block)
                    yield block
        finally:
            file.close()
        self.is_written = True
        if _padding(self.stored):
            yield bytes(_padding(self.stored))


@dataclass
class Nested:
    """An archive as a member of another."""

    name: str
    members: "list[Member]"
    mtime: int = 0

    def _content(self) -> int:
        return sum(member.size() for member in self.members) + len(END)

    def size(self) -> int:
        """Bytes in the outer archive."""
        return len(_named(self.name, b"0", self._content(), self.mtime)) + self._content()

    def write(self) -> Iterator[bytes]:
        """Header, the inner members, the inner end."""
        yield _named(self.name, b"0", self._content(), self.mtime)
        for member in self.members:
            yield from member.write()
        yield END


Member = Bytes | Folder | Holes | File | Nested


def archive_size(members: Sequence[Member]) -> int:
    """The length of the archive that `write_archive` makes of the same members."""
    return sum(member.size() for member in members) + len(END)


def write_archive(members: Sequence[Member], piece: int = _READ_BYTES) -> Iterator[bytes]:
    """The archive in pieces of about the given size, made while it is taken."""
    waiting: list[bytes] = []
    held = 0
    for member in members:
        for block in member.write():
            waiting.append(block)
            held += len(block)
            if held >= piece:
                yield b"".join(waiting)
                waiting, held = [], 0
    waiting.append(END)
    yield b"".join(waiting)

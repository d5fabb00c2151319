"""A journal of acknowledged updates, because the engine does not replay its own log when it loads.

Every update is appended here before it is applied and acknowledged, and the file is emptied when the engine has
flushed. What is still in it at the start of the program is applied again. Appending survives the death of the
process; as with a real server, whose flush runs every few seconds, it is not synced for each update.

One record: u32 little-endian length of the payload, u32 CRC-32 of the payload, the payload. The payload is the
name of the operation, a line feed, and the request's body as it came.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_HEAD = struct.Struct("<II")


class Journal:
    """One append-only file, emptied at every flush."""

    def __init__(self, path: Path):
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self.size = os.fstat(self._descriptor).st_size

    def append(self, operation: str, body: bytes) -> None:
        """Adds one update; it is safe from the death of the process when this returns."""
        payload = operation.encode() + b"\n" + body
        record = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        written = 0
        try:
            while written < len(record):
                written += os.write(self._descriptor, memoryview(record)[written:])
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(record)

    def records(self) -> Iterator[tuple[str, bytes]]:
        """The whole records, oldest first; a torn one at the end was never acknowledged and ends the walk."""
        with open(self.path, "rb") as file:
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                payload = file.read(length)
                if len(payload) != length or zlib.crc32(payload) != checksum:
                    return
                operation, _, body = payload.partition(b"\n")
                yield operation.decode(), body

    def clear(self) -> None:
        """Forgets everything; only after the engine has flushed."""
        if self.size:
            os.ftruncate(self._descriptor, 0)
            self.size = 0

    def close(self) -> None:
        """Closes the file and keeps its content."""
        os.close(self._descriptor)

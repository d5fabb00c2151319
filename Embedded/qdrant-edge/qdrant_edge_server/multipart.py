"""Reading of a `multipart/form-data` upload: one part goes to a file, as it arrives."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceError

_HEAD_LIMIT = 16 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(filename|name)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass
class Upload:
    """The part that was asked for: where its content is, and the file name its sender gave it."""

    path: Path
    file_name: str


def _broken(text: str) -> ServiceError:
    return ServiceError(400, f"Multipart error: {text}")


async def save_part(content_type: str, body: AsyncIterator[bytes], wanted: str, target: Path) -> Upload:
    """Writes the part named `wanted` into `target`; other parts are read and dropped.

    400 when the body is not multipart, ends before its last boundary, or lacks the part. Never holds more than a
    few pieces of the body.
    """
    match = _BOUNDARY.search(content_type)
    if "multipart/form-data" not in content_type.lower() or match is None:
        raise _broken("the content type must be multipart/form-data with a boundary")
    reader = _Parts(body, (match[1] or match[2]).encode())
    found: Upload | None = None
    await reader.start()
    while (parameters := await reader.next_head()) is not None:
        if parameters.get("name") == wanted and found is None:
            with open(target, "wb") as file:
                async for piece in reader.content():
                    file.write(piece)
            found = Upload(target, parameters.get("filename", ""))
        else:
            async for _ in reader.content():
                pass
    if found is None:
        raise _broken(f"Field with name `{wanted}` is required")
    return found


class _Parts:
    """The parts of a body, one after another."""

    def __init__(self, body: AsyncIterator[bytes], boundary: bytes):
        self._body = body
        self._mark = b"\r\n--" + boundary
        self._held = b"\r\n"  # so that the first boundary looks like all others

    async def _more(self) -> None:
        async for piece in self._body:
            if piece:
                self._held += piece
                return
        raise _broken("Incomplete stream")

    async def start(self) -> None:
        """Skips what stands before the first boundary."""
        async for _ in self.content():
            pass

    async def next_head(self) -> dict[str, str] | None:
        """The parameters of the next part, none after the last boundary."""
        while len(self._held) < 2:
            await self._more()
        if self._held[:2] == b"--":
            async for _ in self._body:
                pass
            return None
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > _HEAD_LIMIT:
                raise _broken("the head of a part is too long")
            await self._more()
        head, self._held = self._held[:end], self._held[end + 4 :]
        for line in head.decode("utf-8", "replace").split("\r\n"):
            if line.lower().startswith("content-disposition:"):
                return {key.lower(): value.replace('\\"', '"') for key, value in _PARAMETER.findall(line)}
        return {}

    async def content(self) -> AsyncIterator[bytes]:
        """The content of the current part, up to the boundary that ends it."""
        while True:
            at = self._held.find(self._mark)
            if at >= 0:
                piece, self._held = self._held[:at], self._held[at + len(self._mark) :]
                if piece:
                    yield piece
                return
            safe = len(self._held) - len(self._mark)
            if safe > 0:
                piece, self._held = self._held[:safe], self._held[safe:]
                yield piece
            await self._more()

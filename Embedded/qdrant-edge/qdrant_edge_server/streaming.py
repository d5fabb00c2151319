"""An archive that is made while it is sent, and stored files with ranges."""

import asyncio
import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Iterator

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from .service import Service

log = logging.getLogger("qdrant_edge_server")

#: The archive is given up when its reader takes nothing for so long.
_SILENCE_SECONDS = 300


class StreamedArchive(Response):
    """Sends pieces one by one, each made only when the one before was taken. No length, no checksum."""

    def __init__(self, service: Service, held: AbstractContextManager[Iterator[bytes]], pieces: Iterator[bytes], name: str):
        super().__init__(media_type="application/octet-stream")
        self.headers["content-disposition"] = f'attachment; filename="{name}"'
        del self.headers["content-length"]
        self._service = service
        self._held = held
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the end, or until the reader is gone; lets go of the collection in every case."""
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while not gone.done():
                piece = await self._service.run(next, self._pieces, None)
                body = {"type": "http.response.body", "body": piece or b"", "more_body": piece is not None}
                await asyncio.wait_for(send(body), _SILENCE_SECONDS)
                if piece is None:
                    return
            log.warning("the reader of a streamed snapshot left before its end")
        finally:
            gone.cancel()
            await self._service.run(self._held.__exit__, None, None, None)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def stored_file(request: Request, path: Path) -> Response:
    """A stored snapshot with length, ETag, Last-Modified and ranges.

    A client that accepts compression gets a compressed download on a real server, without length and without
    ranges; so the range is dropped for it here, and the compression of all answers does the rest.
    """
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = request.scope["headers"]
        request.scope["headers"] = [(name, value) for name, value in headers if name != b"range"]
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)

"""An archive that is made while it is sent, and stored files with ranges."""

import asyncio
import logging
import shutil
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from .collection import Collection
from .errors import ConnectionCut
from .files import copy_sparse
from .service import Service, counted
from .tar_writer import File, Member, write_archive

log = logging.getLogger("qdrant_edge_server")

#: The archive is given up when its reader takes nothing for 300 seconds.
_ROUND_SECONDS = 0.2
_SILENCE_ROUNDS = 1500


class HeldArchive:
    """An archive in the making, and the hold on its collection that keeps the files as they were planned.

    Updates wait for as long as the archive is held. When one does wait, the files that are not sent yet are copied
    aside, once, and the collection is let go: a reader that is slow, or that waits for its own update, stops nobody.
    """

    def __init__(self, service: Service, collection: Collection, plan: Callable[[], list[Member]]):
        self._service = service
        self._collection = collection
        self._counted = counted(service.creating, collection.name)
        self._aside = service.registry.snapshots_temporary / f"aside-{uuid.uuid4().hex}"
        self._is_held = False
        self._members: list[Member] = []
        self._counted.__enter__()
        try:
            collection.freeze()
            self._is_held = True
            self._members = plan()
        except BaseException:
            self.leave()
            raise
        self._pieces = write_archive(self._members)

    def next_piece(self) -> bytes | None:
        """The next piece, none after the last."""
        return next(self._pieces, None)

    @property
    def is_in_the_way(self) -> bool:
        """Whether somebody waits for the collection."""
        return self._is_held and self._collection.writing.is_wanted

    def make_way(self) -> None:
        """Copies aside what is still to be sent, and lets the collection go; not while a piece is being made."""
        self._aside.mkdir()
        for place, member in enumerate(self._members):
            if isinstance(member, File) and not member.is_written:
                copy = self._aside / str(place)
                copy_sparse(member.path, copy)
                member.path = copy
        self._let_go()

    def _let_go(self) -> None:
        if self._is_held:
            self._is_held = False
            self._collection.writing.release()

    def leave(self) -> None:
        """Ends it, wherever it is."""
        self._let_go()
        shutil.rmtree(self._aside, ignore_errors=True)
        self._counted.__exit__(None, None, None)


class StreamedArchive(Response):
    """Sends pieces one by one, each made only when the one before was taken. No length, no checksum."""

    def __init__(self, service: Service, archive: HeldArchive, name: str):
        super().__init__(media_type="application/octet-stream")
        self.headers["content-disposition"] = f'attachment; filename="{name}"'
        del self.headers["content-length"]
        self._service = service
        self._archive = archive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the end, or until the reader is gone; lets go of the collection in every case."""
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while not gone.done():
                piece = await self._service.run(self._archive.next_piece)
                await self._taken(send({"type": "http.response.body", "body": piece or b"", "more_body": piece is not None}))
                if piece is None:
                    return
            log.warning("the reader of a streamed snapshot left before its end")
        finally:
            gone.cancel()
            await self._service.run(self._archive.leave)

    async def _taken(self, sending: Awaitable[None]) -> None:
        """Waits until a piece was taken, and makes way for others meanwhile."""
        task = asyncio.ensure_future(sending)
        try:
            for _ in range(_SILENCE_ROUNDS):
                done, _ = await asyncio.wait({task}, timeout=_ROUND_SECONDS)
                if self._archive.is_in_the_way:
                    await self._service.run(self._archive.make_way)
                if done:
                    return task.result()
            raise ConnectionCut("the reader of a streamed snapshot takes nothing")
        finally:
            task.cancel()


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

"""API keys: a full one and one that may only read (reference, section 1.5)."""

import hmac
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from .envelope import dump_json

_OPEN = re.compile(r"/(healthz|livez|readyz.*)?\Z")
#: Reads that are not `GET`.
_READING_POSTS = re.compile(
    r"/collections/[^/]+/(points(/(scroll|count|query|query/batch|search))?|facet|shards/[^/]+/points/(scroll|count))\Z"
)
#: A streamed shard snapshot is made, not only read.
_MAKING_GETS = re.compile(r"/collections/[^/]+/shards/[^/]+/snapshot\Z")


def may_read_only(method: str, path: str) -> bool:
    """Whether a request needs no more than the right to read."""
    if method in ("GET", "HEAD"):
        return not _MAKING_GETS.match(path)
    return method == "POST" and bool(_READING_POSTS.match(path))


class KeyMiddleware:
    """Lets a request through when its key allows it; without any key configured, all of them."""

    def __init__(self, app: ASGIApp, full: str | None, read_only: str | None):
        self.app = app
        self._full = full
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 401 in plain text for a missing or wrong key, 403 in the envelope for too few rights."""
        if scope["type"] != "http" or not (self._full or self._read_only) or _OPEN.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        given = _given_key(scope)
        if given is None:
            await _refuse(send, 401, b"Must provide an API key or an Authorization bearer token", b"text/plain")
        elif _equal(given, self._full):
            await self.app(scope, receive, send)
        elif not _equal(given, self._read_only):
            await _refuse(send, 401, b"Invalid API key or JWT", b"text/plain")
        elif may_read_only(scope["method"], scope["path"]):
            await self.app(scope, receive, send)
        else:
            text = dump_json({"status": {"error": "Forbidden: Global manage access is required"}, "time": 0.0})
            await _refuse(send, 403, text, b"application/json")


def _given_key(scope: Scope) -> bytes | None:
    headers = dict(scope["headers"])
    if b"api-key" in headers:
        return headers[b"api-key"]
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip() if kind.lower() == b"bearer" and token else None


def _equal(given: bytes, key: str | None) -> bool:
    return key is not None and hmac.compare_digest(given, key.encode())


async def _refuse(send: Send, status: int, body: bytes, kind: bytes) -> None:
    head = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})

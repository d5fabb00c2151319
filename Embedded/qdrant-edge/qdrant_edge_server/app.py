"""The application: routes, and around them compression, faults and keys."""

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from . import http_collections, http_partial, http_points, http_service, http_snapshots
from .auth import KeyMiddleware
from .faults import FaultMiddleware, Faults
from .service import Service


async def _empty(request: Request, failure: Exception) -> Response:
    """Unknown routes have no body on a real server."""
    return Response(status_code=getattr(failure, "status_code", 404))


class _OneSlash:
    """Takes a slash at the end of the path away."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope["path"] = scope["path"].rstrip("/")
            scope["raw_path"] = scope.get("raw_path", b"").rstrip(b"/")
        await self.app(scope, receive, send)


def make_app(service: Service, faults: Faults | None, full_key: str | None, read_only_key: str | None) -> ASGIApp:
    """The whole application for one registry."""
    starlette = Starlette(
        routes=[
            *http_service.ROUTES,
            *http_collections.ROUTES,
            *http_snapshots.ROUTES,
            *http_partial.ROUTES,
            *http_points.ROUTES,
        ],
        exception_handlers={404: _empty, 405: _empty},
    )
    starlette.router.redirect_slashes = False
    starlette.state.service = service
    app: ASGIApp = GZipMiddleware(starlette, minimum_size=1000, compresslevel=1)
    if faults is not None:
        app = FaultMiddleware(app, faults)
    return _OneSlash(KeyMiddleware(app, full_key, read_only_key))

"""Routes about the server itself: what it is, health, metrics, telemetry, cluster."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from . import QDRANT_VERSION
from .envelope import dump_json, endpoint
from .service import service_of

TITLE = "qdrant - vector search engine"
#: Said in `GET /`, so that nobody takes this for a Qdrant server.
EMBEDDED = "embedded: qdrant-edge-py 0.8.0 behind the REST API, not a Qdrant server"
_IDENTITY = str(uuid.uuid4())


async def root(request: Request) -> Response:
    """What this is; without an envelope, as on a real server."""
    answer = {"title": f"{TITLE} ({EMBEDDED})", "version": QDRANT_VERSION, "commit": "embedded"}
    return Response(dump_json(answer), media_type="application/json")


async def health(request: Request) -> Response:
    """Alive."""
    return PlainTextResponse("healthz check passed")


async def ready(request: Request) -> Response:
    """Ready: collections are loaded before the port is opened."""
    return PlainTextResponse("all shards are ready")


async def metrics(request: Request) -> Response:
    """Gauges in Prometheus' text form."""
    service = service_of(request)
    collections = service.registry.all()
    infos = {collection.name: await service.run(collection.info) for collection in collections}
    lines = _gauge("app_info", "information about qdrant server", {f'name="qdrant",version="{QDRANT_VERSION}"': 1})
    lines += _gauge("collections_total", "number of collections", {"": len(collections)})
    points = {f'id="{name}"': info["points_count"] for name, info in infos.items()}
    lines += _gauge("collection_points", "approximate amount of points per collection", points)
    for name, text, counter, kind in (
        ("snapshot_creation_running", "snapshot creations currently running", service.creating, "gauge"),
        ("snapshot_recovery_running", "snapshot recoveries currently running", service.recovering, "gauge"),
        ("snapshot_created_total", "snapshots created", service.created, "counter"),
    ):
        names = {*infos, *counter}
        lines += _gauge(name, text, {f'id="{entry}"': counter[entry] for entry in sorted(names)}, kind)
    lines += _gauge("memory_resident_bytes", "Total number of bytes in physically resident pages", {"": _resident()})
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _gauge(name: str, text: str, values: dict[str, int], kind: str = "gauge") -> list[str]:
    rows = [f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in values.items()]
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *rows]


def _resident() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * 4096


async def telemetry(request: Request) -> Any:
    """The parts of telemetry that name the server and its collections."""
    service = service_of(request)
    shown = []
    for collection in service.registry.all():
        info = await service.run(collection.info)
        shown.append({"id": collection.name, "init_time_ms": 0, "config": {**info["config"], "uuid": None}})
    return {
        "id": _IDENTITY,
        "app": {
            "name": "qdrant",
            "version": QDRANT_VERSION,
            "features": dict.fromkeys(("debug", "service_debug_feature", "recovery_mode", "gpu", "rocksdb"), False),
        },
        "collections": {"number_of_collections": len(shown), "collections": shown},
    }


async def cluster(request: Request) -> Any:
    """Never part of a cluster."""
    return {"status": "disabled"}


ROUTES = [
    Route("/", root),
    Route("/healthz", health),
    Route("/livez", health),
    Route("/readyz", ready),
    Route("/metrics", metrics),
    Route("/telemetry", endpoint(telemetry)),
    Route("/cluster", endpoint(cluster)),
]

"""Routes of partial shard snapshots (reference, section 1.9)."""

import http.client
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .archives import partial_members
from .collection import Collection
from .envelope import dump_json, endpoint, json_body, parse_json
from .errors import ServiceError, internal
from .faults import sabotage_of
from .fetch import connect, split_location
from .http_snapshots import receive_upload
from .partial import ALREADY_RUNNING, apply_partial, check_manifest
from .restore import Sabotage
from .service import Service, counted, flag, number, service_of
from .shard import Shard
from .snapshot_store import check_checksum_form, require_checksum
from .streaming import HeldArchive, StreamedArchive
from .tar_writer import Member


def _place(request: Request) -> tuple[Service, Collection, Shard]:
    service = service_of(request)
    collection = service.registry.resolve(request.path_params["name"])
    return service, collection, collection.shard(number(request, "shard"))


def _manifest(collection: Collection, shard: Shard) -> dict[str, Any]:
    with collection.unchanging():
        return shard.require().snapshot_manifest()


async def get_manifest(request: Request) -> Any:
    """How new each file of each segment is."""
    service, collection, shard = _place(request)
    return await service.run(_manifest, collection, shard)


async def create_partial(request: Request) -> Response:
    """Streams what is newer than the manifest in the body; 304 when nothing is."""
    service, collection, shard = _place(request)
    held = check_manifest(parse_json(await request.body()))

    def plan() -> list[Member]:
        current = shard.require().snapshot_manifest()
        if held == current:
            raise ServiceError(304, "the manifest is the current one")
        return partial_members(shard, collection.config, held, current)

    archive = await service.run(HeldArchive, service, collection, plan)
    return StreamedArchive(service, archive, f"{collection.name}-shard-{shard.number}-partial.snapshot")


@contextmanager
def _alone(service: Service, collection: Collection, shard: Shard) -> Iterator[None]:
    """One partial recovery for each shard at a time, 503 for a second."""
    entry = (collection.name, shard.number)
    if entry in service.partial_recoveries:
        raise ALREADY_RUNNING
    service.partial_recoveries.add(entry)
    try:
        with counted(service.recovering, collection.name):
            yield
    finally:
        service.partial_recoveries.discard(entry)


async def recover_partial(request: Request) -> Any:
    """Merges an uploaded partial snapshot."""
    service, collection, shard = _place(request)
    wait, checksum = flag(request, "wait", True), request.query_params.get("checksum")
    check_checksum_form(checksum)
    running = _alone(service, collection, shard)
    running.__enter__()
    try:
        upload = await receive_upload(request, service)
    except BaseException:
        running.__exit__(None, None, None)
        raise
    sabotage = sabotage_of(request.scope)

    def recover() -> bool:
        try:
            require_checksum(upload.path, checksum)
            _apply(service, collection, shard, upload.path, sabotage)
            return True
        finally:
            upload.path.unlink(missing_ok=True)
            running.__exit__(None, None, None)

    return await service.job(wait, recover)


def _apply(service: Service, collection: Collection, shard: Shard, archive: Path, sabotage: Sabotage) -> None:
    if sabotage.pretend:
        return
    if sabotage.fail_at is not None:
        raise internal("Failed to restore the snapshot: a fault was asked for")
    apply_partial(service.registry, collection, shard, archive, sabotage.limit)


async def recover_partial_from(request: Request) -> Any:
    """Asks another server for what is newer there, and merges it; `false` when there is nothing."""
    service, collection, shard = _place(request)
    wait, body = flag(request, "wait", True), await json_body(request)
    sabotage = sabotage_of(request.scope)

    def recover() -> bool:
        with _alone(service, collection, shard):
            manifest = _manifest(collection, shard)
            path = f"/collections/{quote(collection.name)}/shards/{shard.number}/snapshot/partial/create"
            archive = _ask_peer(service, body, path, manifest)
            if archive is None:
                return False
            try:
                _apply(service, collection, shard, archive, sabotage)
            finally:
                archive.unlink(missing_ok=True)
            return True

    return await service.job(wait, recover)


def _ask_peer(service: Service, body: dict[str, Any], path: str, manifest: dict[str, Any]) -> Path | None:
    """The partial snapshot another server makes for our manifest, none when it has nothing newer."""
    url = split_location(body.get("peer_url"))
    connection = connect(url)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if body.get("api_key"):
        headers["api-key"] = body["api_key"]
    target = service.registry.snapshots_temporary / f"peer-{uuid.uuid4().hex}"
    try:
        connection.request("POST", url.path.rstrip("/") + path, dump_json(manifest), headers)
        answer = connection.getresponse()
        if answer.status == 304:
            return None
        if answer.status != 200:
            raise internal(f"the peer answered {answer.status} to the request for a partial snapshot")
        with open(target, "wb") as file:
            while piece := answer.read(1 << 20):
                file.write(piece)
        return target
    except (OSError, http.client.HTTPException) as failure:
        target.unlink(missing_ok=True)
        raise internal(f"the peer could not be asked for a partial snapshot: {type(failure).__name__}") from None
    finally:
        connection.close()


_PARTIAL = "/collections/{name}/shards/{shard}/snapshot/partial"

ROUTES = [
    Route(f"{_PARTIAL}/manifest", endpoint(get_manifest), methods=["GET"]),
    Route(f"{_PARTIAL}/create", endpoint(create_partial), methods=["POST"]),
    Route(f"{_PARTIAL}/recover", endpoint(recover_partial), methods=["POST"]),
    Route(f"{_PARTIAL}/recover_from", endpoint(recover_partial_from), methods=["POST"]),
]

"""Routes of snapshots: of collections, of shards, streamed and partial."""

import uuid
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .archives import collection_members, shard_members, streamed_members
from .collection import Collection
from .envelope import endpoint, json_body
from .errors import ServiceError, bad_body, bad_request
from .faults import full_disk_of, sabotage_of
from .fetch import download, resolve_file, split_location
from .multipart import Upload, save_part
from .restore import Sabotage
from .service import Service, counted, flag, number, service_of
from .shard import Shard
from .snapshot_store import SnapshotStore, check_checksum_form, require_checksum
from .streaming import HeldArchive, StreamedArchive, stored_file
from .tar_writer import write_archive

_PRIORITIES = ("no_sync", "snapshot", "replica")


def _place(request: Request) -> tuple[Service, Collection, Shard | None, SnapshotStore]:
    """The collection and, in a shard's route, the shard that a path names, with their snapshots."""
    service = service_of(request)
    collection = service.registry.resolve(request.path_params["name"])
    shard = collection.shard(number(request, "shard")) if "shard" in request.path_params else None
    store = SnapshotStore(service.registry, collection.name, None if shard is None else shard.number)
    return service, collection, shard, store


async def list_snapshots(request: Request) -> Any:
    """All stored snapshots."""
    *_, store = _place(request)
    return store.list()


async def create_snapshot(request: Request) -> Any:
    """Makes and stores a snapshot; goes on when the client leaves."""
    service, collection, shard, store = _place(request)
    full_after, full_status = full_disk_of(request.scope)

    def make() -> dict[str, Any]:
        with counted(service.creating, collection.name), collection.unchanging():
            members = collection_members(collection) if shard is None else shard_members(shard, collection.config)
            made = store.write(write_archive(members), full_after, full_status)
        service.created[collection.name] += 1
        return made

    return await service.job(flag(request, "wait", True), make)


async def get_snapshot(request: Request) -> Any:
    """The bytes of a stored snapshot."""
    *_, store = _place(request)
    return stored_file(request, store.path(request.path_params["snapshot"]))


async def delete_snapshot(request: Request) -> Any:
    """Removes a stored snapshot."""
    service, _, _, store = _place(request)
    name = request.path_params["snapshot"]
    store.path(name)

    def remove() -> bool:
        store.delete(name)
        return True

    return await service.job(flag(request, "wait", True), remove)


async def stream_snapshot(request: Request) -> Response:
    """Makes a shard snapshot while it is sent; nothing is stored."""
    service, collection, shard, _ = _place(request)
    assert shard is not None
    archive = await service.run(HeldArchive, service, collection, lambda: streamed_members(shard, collection.config))
    return StreamedArchive(service, archive, f"{collection.name}-shard-{shard.number}.snapshot")


async def upload_snapshot(request: Request) -> Any:
    """Restores from an uploaded archive."""
    service = service_of(request)
    wait, checksum = flag(request, "wait", True), request.query_params.get("checksum")
    check_checksum_form(checksum)
    _check_priority(request.query_params.get("priority"))
    if "shard" in request.path_params:
        _place(request)
    upload = await receive_upload(request, service)
    sabotage = sabotage_of(request.scope)
    if "shard" in request.path_params:
        _, collection, shard, _ = _place(request)
        return await service.job(wait, _restore_shard, service, collection, shard, upload.path, checksum, sabotage)
    return await service.job(wait, _restore_upload, service, request.path_params["name"], upload, checksum, sabotage)


async def receive_upload(request: Request, service: Service) -> Upload:
    """The part `snapshot` of a multipart body, in a temporary file that the caller removes."""
    target = service.registry.snapshots_temporary / f"upload-{uuid.uuid4().hex}"
    try:
        return await save_part(request.headers.get("content-type", ""), request.stream(), "snapshot", target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _restore_upload(service: Service, name: str, upload: Upload, checksum: str | None, sabotage: Sabotage) -> bool:
    """An uploaded collection snapshot stays in the collection's folder after the restore."""
    try:
        require_checksum(upload.path, checksum)
        kept = SnapshotStore(service.registry, name).keep_upload(upload.path, upload.file_name)
        with counted(service.recovering, name):
            service.restorer.collection(name, kept, sabotage)
        return True
    finally:
        upload.path.unlink(missing_ok=True)


def _restore_shard(
    service: Service, collection: Collection, shard: Shard, file: Path, checksum: str | None, sabotage: Sabotage
) -> None:
    """An uploaded or downloaded shard snapshot is not kept."""
    try:
        require_checksum(file, checksum)
        with counted(service.recovering, collection.name):
            service.restorer.shard(collection, shard, file, sabotage)
    finally:
        file.unlink(missing_ok=True)


async def recover_collection(request: Request) -> Any:
    """Restores a collection from a URL or a file of the snapshots folder."""
    service, body = service_of(request), await _recovery_body(request)
    url = split_location(body.get("location"))
    if url.scheme not in ("http", "https", "file"):
        raise bad_request(f"Invalid snapshot URI, it must be http, https or file: {url.scheme}")
    sabotage, name, checksum = sabotage_of(request.scope), request.path_params["name"], body.get("checksum")

    def recover() -> bool:
        with counted(service.recovering, name):
            if url.scheme == "file":
                file = resolve_file(service.registry, url)
                require_checksum(file, checksum)
                service.restorer.collection(name, file, sabotage)
                return True
            file = download(service.registry, url, body.get("api_key"))
            try:
                require_checksum(file, checksum)
                service.restorer.collection(name, file, sabotage)
            finally:
                file.unlink(missing_ok=True)
            return True

    return await service.job(flag(request, "wait", True), recover)


async def recover_shard(request: Request) -> Any:
    """Restores a shard from a URL or from a stored snapshot of its own."""
    service, collection, shard, store = _place(request)
    assert shard is not None
    body = await _recovery_body(request)
    url = split_location(body.get("location"))
    if url.scheme not in ("", "http", "https"):
        raise bad_request(f"Invalid snapshot location, it must be a URL or a file name: {url.scheme}")
    sabotage, checksum = sabotage_of(request.scope), body.get("checksum")

    def recover() -> bool:
        if url.scheme:
            file = download(service.registry, url, body.get("api_key"))
            _restore_shard(service, collection, shard, file, checksum, sabotage)
            return True
        stored = store.path(body["location"])
        require_checksum(stored, checksum)
        with counted(service.recovering, collection.name):
            service.restorer.shard(collection, shard, stored, sabotage)
        return True

    return await service.job(flag(request, "wait", True), recover)


async def _recovery_body(request: Request) -> dict[str, Any]:
    body = await json_body(request)
    checksum = body.get("checksum")
    if checksum is not None and not isinstance(checksum, str):
        raise bad_body("checksum: expected a string")
    check_checksum_form(checksum)
    _check_priority(body.get("priority"))
    return body


def _check_priority(priority: Any) -> None:
    if priority is not None and priority not in _PRIORITIES:
        expected = ", ".join(_PRIORITIES)
        raise ServiceError(400, f"Query deserialize error: unknown variant `{priority}`, expected one of {expected}")


_COLLECTION = "/collections/{name}/snapshots"
_SHARD = "/collections/{name}/shards/{shard}/snapshots"

ROUTES = [
    Route(f"{_COLLECTION}/recover", endpoint(recover_collection), methods=["PUT"]),
    Route(f"{_SHARD}/recover", endpoint(recover_shard), methods=["PUT"]),
    Route("/collections/{name}/shards/{shard}/snapshot", endpoint(stream_snapshot), methods=["GET"]),
    *(
        route
        for prefix in (_COLLECTION, _SHARD)
        for route in (
            Route(prefix, endpoint(list_snapshots), methods=["GET"]),
            Route(prefix, endpoint(create_snapshot), methods=["POST"]),
            Route(f"{prefix}/upload", endpoint(upload_snapshot), methods=["POST"]),
            Route(f"{prefix}/{{snapshot}}", endpoint(get_snapshot), methods=["GET"]),
            Route(f"{prefix}/{{snapshot}}", endpoint(delete_snapshot), methods=["DELETE"]),
        )
    ),
]

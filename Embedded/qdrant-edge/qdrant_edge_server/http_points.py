"""Routes of points: updates, reads, queries, also of a single shard."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from .collection import Collection
from .envelope import MAX_JSON_BYTES, dump_json, endpoint, json_body
from .errors import ServiceError, bad_body
from .queries import Queries, legacy_search
from .reads import count, facet, retrieve, scroll
from .service import flag, number, service_of
from .shard import Shard

Handler = Callable[[Request], Awaitable[Any]]


def _updating(operation: str) -> Handler:
    """A handler that applies one kind of update; its body goes to the journal as it came."""

    async def handle(request: Request) -> Any:
        service = service_of(request)
        wait = flag(request, "wait", False)
        if request.query_params.get("ordering", "weak") not in ("weak", "medium", "strong"):
            raise ServiceError(400, "Query deserialize error: ordering: unknown variant")
        collection = service.registry.resolve(request.path_params["name"])
        body = await request.body()
        if len(body) > MAX_JSON_BYTES:
            raise ServiceError(413, f"Payload error: JSON payload has exceeded limit ({MAX_JSON_BYTES} bytes).")
        done = await service.run(collection.update, operation, body)
        return {"operation_id": done, "status": "completed" if wait else "acknowledged"}

    return handle


async def batch_update(request: Request) -> Any:
    """Several updates in one request, one after another."""
    service = service_of(request)
    wait = flag(request, "wait", False)
    collection = service.registry.resolve(request.path_params["name"])
    results = []
    for operation in (await json_body(request)).get("operations") or []:
        kind, body = next(iter(operation.items())) if isinstance(operation, dict) and operation else ("", None)
        if kind not in _OPERATIONS:
            raise bad_body(f"operations: unknown variant `{kind}`")
        done = await service.run(collection.update, _OPERATIONS[kind], dump_json(body))
        results.append({"operation_id": done, "status": "completed" if wait else "acknowledged"})
    return results


_OPERATIONS = {
    "upsert": "upsert",
    "delete": "delete",
    "set_payload": "set_payload",
    "overwrite_payload": "overwrite_payload",
    "delete_payload": "delete_payload",
    "clear_payload": "clear_payload",
    "update_vectors": "update_vectors",
    "delete_vectors": "delete_vectors",
}

Read = Callable[[Collection, list[Shard], dict[str, Any]], Any]


def _reading(read: Read) -> Handler:
    """A handler that reads from the shards a body addresses, or from the one in the path."""

    async def handle(request: Request) -> Any:
        service = service_of(request)
        collection = service.registry.resolve(request.path_params["name"])
        body = await json_body(request, optional=True)
        if "shard" in request.path_params:
            shards = [collection.shard(number(request, "shard"))]
        else:
            shards = collection.select(body.get("shard_key"))
        return await service.run(read, collection, shards, body)

    return handle


def _query(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> Any:
    return {"points": Queries(collection, shards).run(body)}


def _query_batch(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> Any:
    searches = body.get("searches")
    if not isinstance(searches, list):
        raise bad_body("missing field `searches`")
    return [_query(collection, collection.select(search.get("shard_key")), search) for search in searches]


def _search(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> Any:
    return Queries(collection, shards).run(legacy_search(body))


async def get_point(request: Request) -> Any:
    """One point by its id in the path, or 404."""
    service = service_of(request)
    collection = service.registry.resolve(request.path_params["name"])
    text = request.path_params["id"]
    body = {"ids": [int(text) if text.isdecimal() else text], "with_payload": True, "with_vector": True}
    found = await service.run(retrieve, collection, collection.select(), body)
    if not found:
        raise ServiceError(404, f"Not found: Point with id {text} does not exists!")
    return found[0]


_POINTS = "/collections/{name}/points"
_SHARD = "/collections/{name}/shards/{shard}/points"

ROUTES = [
    Route(_POINTS, endpoint(_updating("upsert")), methods=["PUT"]),
    Route(_POINTS, endpoint(_reading(retrieve)), methods=["POST"]),
    Route(f"{_POINTS}/batch", endpoint(batch_update), methods=["POST"]),
    Route(f"{_POINTS}/delete", endpoint(_updating("delete")), methods=["POST"]),
    Route(f"{_POINTS}/payload", endpoint(_updating("set_payload")), methods=["POST"]),
    Route(f"{_POINTS}/payload", endpoint(_updating("overwrite_payload")), methods=["PUT"]),
    Route(f"{_POINTS}/payload/delete", endpoint(_updating("delete_payload")), methods=["POST"]),
    Route(f"{_POINTS}/payload/clear", endpoint(_updating("clear_payload")), methods=["POST"]),
    Route(f"{_POINTS}/vectors", endpoint(_updating("update_vectors")), methods=["PUT"]),
    Route(f"{_POINTS}/vectors/delete", endpoint(_updating("delete_vectors")), methods=["POST"]),
    Route(f"{_POINTS}/scroll", endpoint(_reading(scroll)), methods=["POST"]),
    Route(f"{_POINTS}/count", endpoint(_reading(count)), methods=["POST"]),
    Route(f"{_POINTS}/query", endpoint(_reading(_query)), methods=["POST"]),
    Route(f"{_POINTS}/query/batch", endpoint(_reading(_query_batch)), methods=["POST"]),
    Route(f"{_POINTS}/search", endpoint(_reading(_search)), methods=["POST"]),
    Route("/collections/{name}/facet", endpoint(_reading(facet)), methods=["POST"]),
    Route(f"{_SHARD}/scroll", endpoint(_reading(scroll)), methods=["POST"]),
    Route(f"{_SHARD}/count", endpoint(_reading(count)), methods=["POST"]),
    Route(f"{_POINTS}/{{id}}", endpoint(get_point), methods=["GET"]),
]

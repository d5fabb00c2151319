"""Routes of collections, aliases, payload indexes, shard keys and the collection's cluster view."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from .config import config_from_body, patched_config
from .engine import edge_config
from .envelope import endpoint, json_body
from .errors import bad_body, bad_request
from .service import flag, service_of


async def list_collections(request: Request) -> Any:
    """Names of all collections."""
    return {"collections": [{"name": name} for name in service_of(request).registry.names()]}


async def get_collection(request: Request) -> Any:
    """A collection's info."""
    service = service_of(request)
    return await service.run(service.registry.resolve(request.path_params["name"]).info)


async def collection_exists(request: Request) -> Any:
    """Whether a collection, or an alias, is there."""
    return {"exists": service_of(request).registry.exists(request.path_params["name"])}


async def create_collection(request: Request) -> Any:
    """Creates a collection."""
    service = service_of(request)
    config = config_from_body(await json_body(request))
    edge_config(config)
    await service.run(service.registry.create, request.path_params["name"], config)
    return True


async def patch_collection(request: Request) -> Any:
    """Changes a collection's configuration; an empty change makes the optimiser look again."""
    service = service_of(request)
    body = await json_body(request)
    collection = service.registry.resolve(request.path_params["name"])

    def change(config: dict[str, Any]) -> dict[str, Any]:
        changed = patched_config(config, body)
        edge_config(changed)
        return changed

    await service.run(collection.change_config, change)
    return True


async def delete_collection(request: Request) -> Any:
    """Removes a collection; `false` when there was none."""
    service = service_of(request)
    return await service.run(service.registry.delete, request.path_params["name"])


async def list_aliases(request: Request) -> Any:
    """All aliases."""
    return {"aliases": service_of(request).registry.aliases()}


async def list_collection_aliases(request: Request) -> Any:
    """The aliases of one collection."""
    registry = service_of(request).registry
    return {"aliases": registry.aliases(registry.resolve(request.path_params["name"]).name)}


async def change_aliases(request: Request) -> Any:
    """Applies alias actions in one step."""
    actions = (await json_body(request)).get("actions")
    if not isinstance(actions, list):
        raise bad_body("missing field `actions`")
    await service_of(request).run(service_of(request).registry.change_aliases, actions)
    return True


async def create_index(request: Request) -> Any:
    """Adds a payload index."""
    service, body = service_of(request), await json_body(request)
    wait = flag(request, "wait", False)
    collection = service.registry.resolve(request.path_params["name"])
    if not isinstance(body.get("field_name"), str):
        raise bad_body("missing field `field_name`")
    schema = body.get("field_schema", body.get("field_type"))
    if schema is None:
        raise bad_request("Can't auto-detect index type, please specify the schema explicitly")
    operation = await service.run(collection.create_index, body["field_name"], schema)
    return {"operation_id": operation, "status": "completed" if wait else "acknowledged"}


async def delete_index(request: Request) -> Any:
    """Drops a payload index."""
    service = service_of(request)
    wait = flag(request, "wait", False)
    collection = service.registry.resolve(request.path_params["name"])
    operation = await service.run(collection.delete_index, request.path_params["field"])
    return {"operation_id": operation, "status": "completed" if wait else "acknowledged"}


async def collection_cluster(request: Request) -> Any:
    """Where the collection's shards are: all here."""
    service = service_of(request)
    return await service.run(service.registry.resolve(request.path_params["name"]).cluster)


async def list_shard_keys(request: Request) -> Any:
    """The shard keys of a custom-sharded collection."""
    collection = service_of(request).registry.resolve(request.path_params["name"])
    return {"shard_keys": [{"key": entry["key"]} for entry in collection.key_mapping]}


async def create_shard_key(request: Request) -> Any:
    """Makes a shard key and its shards."""
    service, body = service_of(request), await json_body(request)
    collection = service.registry.resolve(request.path_params["name"])
    key = _shard_key(body)
    count = body.get("shards_number") or collection.config["params"]["shard_number"]
    await service.run(collection.create_shard_key, key, count)
    return True


async def delete_shard_key(request: Request) -> Any:
    """Removes a shard key and its shards."""
    service, body = service_of(request), await json_body(request)
    collection = service.registry.resolve(request.path_params["name"])
    await service.run(collection.delete_shard_key, _shard_key(body))
    return True


def _shard_key(body: dict[str, Any]) -> Any:
    key = body.get("shard_key")
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise bad_body("missing field `shard_key`")
    return key


_ONE = "/collections/{name}"

ROUTES = [
    Route("/collections", endpoint(list_collections)),
    Route("/collections/aliases", endpoint(change_aliases), methods=["POST"]),
    Route("/aliases", endpoint(list_aliases)),
    Route(_ONE, endpoint(get_collection), methods=["GET"]),
    Route(_ONE, endpoint(create_collection), methods=["PUT"]),
    Route(_ONE, endpoint(patch_collection), methods=["PATCH"]),
    Route(_ONE, endpoint(delete_collection), methods=["DELETE"]),
    Route(f"{_ONE}/exists", endpoint(collection_exists)),
    Route(f"{_ONE}/aliases", endpoint(list_collection_aliases)),
    Route(f"{_ONE}/index", endpoint(create_index), methods=["PUT"]),
    Route(f"{_ONE}/index/{{field:path}}", endpoint(delete_index), methods=["DELETE"]),
    Route(f"{_ONE}/cluster", endpoint(collection_cluster), methods=["GET"]),
    Route(f"{_ONE}/shards", endpoint(list_shard_keys), methods=["GET"]),
    Route(f"{_ONE}/shards", endpoint(create_shard_key), methods=["PUT"]),
    Route(f"{_ONE}/shards/delete", endpoint(delete_shard_key), methods=["POST"]),
]

"""Updates of points: from a request's body to operations of the engine, checked before anything is written."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge

from .errors import bad_body, bad_input
from .filters import parse_filter
from .values import VectorShapes, parse_ids, point_id

if TYPE_CHECKING:
    from .collection import Collection
    from .shard import Shard

Plan = list[tuple["Shard", edge.UpdateOperation]]
_MODES = {
    None: None,
    "upsert": None,
    "insert_only": edge.UpdateMode.InsertOnly,
    "update_only": edge.UpdateMode.UpdateOnly,
}


def plan_update(collection: "Collection", operation: str, body: dict[str, Any]) -> Plan:
    """The engine's operations for one update, each with its shard."""
    return _PLANNERS[operation](collection, body)


def may_stay_unflushed(operation: str, body: dict[str, Any]) -> bool:
    """Whether replaying the update over a newer state ends in that same state.

    True for plain upserts and deletions by id. The others depend on what they find, so they are flushed at once.
    """
    if operation == "upsert":
        return body.get("update_mode") in (None, "upsert") and body.get("update_filter") is None
    return operation == "delete" and "points" in body


def _upsert(collection: "Collection", body: dict[str, Any]) -> Plan:
    if body.get("update_mode") not in _MODES:
        raise bad_body(f"unknown variant `{body['update_mode']}` of update_mode")
    condition = parse_filter(body.get("update_filter"))
    shapes = VectorShapes(*collection.vector_params())
    points = [
        edge.Point(identity, shapes.point_vectors(vectors), _payload(payload))
        for identity, vectors, payload in _points(body)
    ]
    mode = _MODES[body.get("update_mode")]
    return [
        (shard, edge.UpdateOperation.upsert_points(group, condition, mode))
        for shard, group in collection.route(points, lambda point: point.id, body.get("shard_key"))
    ]


def _points(body: dict[str, Any]) -> list[tuple[int | uuid.UUID, Any, Any]]:
    """Ids, vectors and payloads of the list form or the batch form."""
    if isinstance(body.get("points"), list):
        try:
            return [(point_id(point["id"]), point["vector"], point.get("payload")) for point in body["points"]]
        except (KeyError, TypeError, AttributeError) as failure:
            raise bad_body(f"points: missing field {failure}") from None
    batch = body.get("batch")
    if not isinstance(batch, dict):
        raise bad_body("expected `points` or `batch`")
    ids = parse_ids(batch.get("ids"))
    payloads = batch.get("payloads") or [None] * len(ids)
    vectors = batch.get("vectors")
    if isinstance(vectors, dict):
        columns = {name: column for name, column in vectors.items()}
        if any(len(column) != len(ids) for column in columns.values()):
            raise bad_input("number of ids and vectors must be equal")
        vectors = [{name: column[row] for name, column in columns.items()} for row in range(len(ids))]
    if not isinstance(vectors, list) or len(vectors) != len(ids) or len(payloads) != len(ids):
        raise bad_input("number of ids, vectors and payloads must be equal")
    return list(zip(ids, vectors, payloads))


def _payload(value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise bad_body("payload: expected an object")
    return value


def _delete(collection: "Collection", body: dict[str, Any]) -> Plan:
    if "points" in body:
        ids = parse_ids(body["points"])
        operation = edge.UpdateOperation.delete_points(ids)
    else:
        operation = edge.UpdateOperation.delete_points_by_filter(_required_filter(body))
    return [(shard, operation) for shard in collection.select(body.get("shard_key"))]


def _required_filter(body: dict[str, Any]) -> edge.Filter:
    if not isinstance(body.get("filter"), dict):
        raise bad_body("expected `points` or `filter`")
    return parse_filter(body["filter"])


def _selected(
    collection: "Collection",
    body: dict[str, Any],
    by_ids: Callable[[list[Any]], edge.UpdateOperation],
    by_filter: Callable[[edge.Filter], edge.UpdateOperation],
) -> Plan:
    if body.get("points") is not None:
        routed = collection.route(parse_ids(body["points"]), lambda item: item, body.get("shard_key"), existing=True)
        return [(shard, by_ids(group)) for shard, group in routed]
    operation = by_filter(_required_filter(body))
    return [(shard, operation) for shard in collection.select(body.get("shard_key"))]


def _set_payload(collection: "Collection", body: dict[str, Any]) -> Plan:
    payload, key = _payload(body.get("payload")) or {}, body.get("key")
    make = edge.UpdateOperation
    return _selected(
        collection,
        body,
        lambda ids: make.set_payload(ids, payload, key),
        lambda condition: make.set_payload_by_filter(condition, payload, key),
    )


def _overwrite_payload(collection: "Collection", body: dict[str, Any]) -> Plan:
    payload, key = _payload(body.get("payload")) or {}, body.get("key")
    make = edge.UpdateOperation
    return _selected(
        collection,
        body,
        lambda ids: make.overwrite_payload(ids, payload, key),
        lambda condition: make.overwrite_payload_by_filter(condition, payload, key),
    )


def _delete_payload(collection: "Collection", body: dict[str, Any]) -> Plan:
    keys = body.get("keys")
    if not isinstance(keys, list):
        raise bad_body("missing field `keys`")
    make = edge.UpdateOperation
    return _selected(
        collection,
        body,
        lambda ids: make.delete_payload(ids, keys),
        lambda condition: make.delete_payload_by_filter(condition, keys),
    )


def _clear_payload(collection: "Collection", body: dict[str, Any]) -> Plan:
    make = edge.UpdateOperation
    return _selected(collection, body, make.clear_payload, make.clear_payload_by_filter)


def _update_vectors(collection: "Collection", body: dict[str, Any]) -> Plan:
    shapes = VectorShapes(*collection.vector_params())
    try:
        items = [edge.PointVectors(point_id(point["id"]), shapes.point_vectors(point["vector"])) for point in body["points"]]
    except (KeyError, TypeError) as failure:
        raise bad_body(f"points: {failure}") from None
    condition = parse_filter(body.get("update_filter"))
    routed = collection.route(items, lambda item: item.id, body.get("shard_key"), existing=True)
    return [(shard, edge.UpdateOperation.update_vectors(group, condition)) for shard, group in routed]


def _delete_vectors(collection: "Collection", body: dict[str, Any]) -> Plan:
    names = body.get("vector", body.get("vectors"))
    if not isinstance(names, list):
        raise bad_body("missing field `vector`")
    make = edge.UpdateOperation
    return _selected(
        collection,
        body,
        lambda ids: make.delete_vectors(ids, names),
        lambda condition: make.delete_vectors_by_filter(condition, names),
    )


_PLANNERS: dict[str, Callable[["Collection", dict[str, Any]], Plan]] = {
    "upsert": _upsert,
    "delete": _delete,
    "set_payload": _set_payload,
    "overwrite_payload": _overwrite_payload,
    "delete_payload": _delete_payload,
    "clear_payload": _clear_payload,
    "update_vectors": _update_vectors,
    "delete_vectors": _delete_vectors,
}

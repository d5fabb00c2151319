"""Reads over the shards of a collection: scroll, retrieve, count."""

from typing import Any

import qdrant_edge as edge

from .collection import Collection
from .errors import bad_body, invalid
from .filters import parse_filter
from .shard import Shard
from .values import id_json, id_order, parse_ids, payload_selector, point_id, record_json, vector_selector


def limit_of(body: dict[str, Any], default: int = 10) -> int:
    """The page size: a positive number."""
    limit = body.get("limit")
    if limit is None:
        return default
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise bad_body("limit: expected an integer")
    if limit < 1:
        raise invalid("JSON body", f"limit: value {limit} invalid, must be 1 or larger")
    return limit


def scroll(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> dict[str, Any]:
    """One page in id order, or in the order of a payload field."""
    limit = limit_of(body)
    order = parse_order(body.get("order_by"))
    request = {
        "filter": parse_filter(body.get("filter")),
        "with_payload": payload_selector(body.get("with_payload"), True),
        "with_vector": vector_selector(body.get("with_vector", body.get("with_vectors"))),
    }
    if order is not None:
        if body.get("offset") is not None:
            raise bad_body("Cannot use an `offset` when using `order_by`. The alternative for paging is `start_from`")
        request.update(limit=limit, order_by=order)
    else:
        offset = None if body.get("offset") is None else point_id(body["offset"])
        request.update(limit=limit + 1, offset=offset)
    found = []
    with collection.gate.shared():
        collection.require_live()
        for shard in shards:
            key = collection.shard_key(shard.number)
            records, _ = shard.require().scroll(edge.ScrollRequest(**request))
            found += [(record, key) for record in records]
    if order is not None:
        backwards = _is_descending(body["order_by"])
        found.sort(key=lambda entry: entry[0].order_value, reverse=backwards)
        return {"points": [record_json(*entry) for entry in found[:limit]], "next_page_offset": None}
    if len(shards) > 1:
        found.sort(key=lambda entry: id_order(entry[0].id))
    following = id_json(found[limit][0].id) if len(found) > limit else None
    return {"points": [record_json(*entry) for entry in found[:limit]], "next_page_offset": following}


def parse_order(value: Any) -> edge.OrderBy | None:
    """`order_by`: a key, or a key with direction and start."""
    if value is None:
        return None
    if isinstance(value, str):
        return edge.OrderBy(value)
    if not isinstance(value, dict) or "key" not in value:
        raise bad_body("order_by: expected a key or an object with `key`")
    direction = edge.Direction.Desc if _is_descending(value) else edge.Direction.Asc
    return edge.OrderBy(value["key"], direction, value.get("start_from"))


def _is_descending(value: Any) -> bool:
    return isinstance(value, dict) and value.get("direction") == "desc"


def retrieve(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> list[dict[str, Any]]:
    """Points by id, in the order asked; missing ones are absent."""
    ids = parse_ids(body.get("ids"))
    payload = payload_selector(body.get("with_payload"), True)
    vectors = vector_selector(body.get("with_vector", body.get("with_vectors")))
    found: dict[Any, dict[str, Any]] = {}
    with collection.gate.shared():
        collection.require_live()
        for shard in shards:
            key = collection.shard_key(shard.number)
            for record in shard.require().retrieve(ids, payload, vectors):
                found[record.id] = record_json(record, key)
    return [found[identity] for identity in dict.fromkeys(ids) if identity in found]


def count(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> dict[str, int]:
    """The number of points that fit a filter."""
    exact = body.get("exact")
    request = edge.CountRequest(True if exact is None else bool(exact), parse_filter(body.get("filter")))
    with collection.gate.shared():
        collection.require_live()
        return {"count": sum(shard.require().count(request) for shard in shards)}


def facet(collection: Collection, shards: list[Shard], body: dict[str, Any]) -> dict[str, Any]:
    """The most frequent values of an indexed field."""
    if not isinstance(body.get("key"), str):
        raise bad_body("missing field `key`")
    limit = limit_of(body)
    request = edge.FacetRequest(body["key"], limit, bool(body.get("exact")), parse_filter(body.get("filter")))
    totals: dict[Any, int] = {}
    with collection.gate.shared():
        collection.require_live()
        for shard in shards:
            for hit in shard.require().facet(request):
                totals[hit.value] = totals.get(hit.value, 0) + hit.count
    ordered = sorted(totals.items(), key=lambda item: (-item[1], str(item[0])))
    return {"hits": [{"value": value, "count": number} for value, number in ordered[:limit]]}

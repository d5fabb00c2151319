"""Ids, vectors and payload selectors between JSON and the engine."""

import uuid
from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from .envelope import short_floats
from .errors import ServiceError, bad_body, bad_input

MAX_ID = (1 << 64) - 1


def point_id(value: Any) -> int | uuid.UUID:
    """A point id: an unsigned 64-bit number or a UUID in any of its written forms."""
    if isinstance(value, bool):
        raise bad_body("a boolean is not a point id")
    if isinstance(value, int):
        if 0 <= value <= MAX_ID:
            return value
    elif isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    raise bad_body(f"value {str(value)[:60]} is not a valid point ID, valid values are either an unsigned integer or a UUID")


def parse_ids(value: Any) -> list[int | uuid.UUID]:
    """A list of point ids."""
    if not isinstance(value, list):
        raise bad_body("expected a list of point ids")
    return [point_id(item) for item in value]


def id_json(value: int | uuid.UUID) -> int | str:
    """A point id as JSON has it; UUIDs in lower case with hyphens."""
    return value if isinstance(value, int) else str(value)


def id_order(value: int | uuid.UUID) -> tuple[int, int]:
    """Sorts all numbers before all UUIDs, numbers by value, UUIDs by byte order."""
    return (0, value) if isinstance(value, int) else (1, value.int)


class VectorShapes:
    """The vectors of a collection, to check what comes in before any of it is written."""

    def __init__(self, dense: Mapping[str, Mapping[str, Any]], sparse: Mapping[str, Any]):
        self.dense = dense
        self.sparse = sparse

    def point_vectors(self, value: Any) -> Any:
        """All vectors of one point: unnamed, or a map of names."""
        if isinstance(value, dict):
            return {name: self.named(name, item) for name, item in value.items()}
        if value is None:
            return {}
        return self.named("", value)

    def named(self, name: str, value: Any) -> Any:
        """One vector for one name, checked for kind and length."""
        if name in self.sparse:
            return self._sparse(name, value)
        if name not in self.dense:
            raise bad_input(f"Not existing vector name error: {name}")
        size = self.dense[name]["size"]
        multi = bool(self.dense[name].get("multivector_config"))
        if not isinstance(value, list):
            raise bad_body(f"vector `{name}`: expected a list")
        if multi:
            rows = value if value and isinstance(value[0], list) else [value]
            for row in rows:
                _check_row(name, row, size)
            return rows
        if value and isinstance(value[0], list):
            if len(value) != 1:
                raise bad_input(f"Conversion between multi and regular vectors failed for vector `{name}`")
            value = value[0]
        _check_row(name, value, size)
        return value

    def _sparse(self, name: str, value: Any) -> edge.SparseVector:
        if not isinstance(value, dict) or "indices" not in value or "values" not in value:
            raise bad_input(f"Conversion between sparse and regular vectors failed for vector `{name}`")
        indices, values = value["indices"], value["values"]
        if not isinstance(indices, list) or not isinstance(values, list) or len(indices) != len(values):
            raise ServiceError(422, "Validation error in JSON body: [values: must be the same length as indices]")
        if len(set(indices)) != len(indices):
            raise ServiceError(422, "Validation error in JSON body: [indices: must be unique]")
        try:
            return edge.SparseVector(indices, values)
        except (TypeError, OverflowError, ValueError) as failure:
            raise bad_body(f"vector `{name}`: {failure}") from None


def _check_row(name: str, row: Any, size: int) -> None:
    if not isinstance(row, list):
        raise bad_body(f"vector `{name}`: expected a list of numbers")
    if len(row) != size:
        raise bad_input(f"Vector dimension error: expected dim: {size}, got {len(row)}")


def vectors_json(value: Any) -> Any:
    """Vectors as JSON has them: a list, a list of lists, a sparse object, or a map of these."""
    if isinstance(value, edge.SparseVector):
        return {"indices": list(value.indices), "values": short_floats(value.values)}
    if isinstance(value, dict):
        return {name: vectors_json(item) for name, item in value.items()}
    if value and isinstance(value[0], list):
        return [short_floats(row) for row in value]
    return short_floats(value)


def payload_selector(value: Any, default: bool) -> Any:
    """`with_payload`: a flag, a list of keys, or include and exclude."""
    if value is None:
        return default
    if isinstance(value, (bool, list)):
        return value
    if isinstance(value, dict) and isinstance(value.get("include"), list):
        return edge.PayloadSelector.Include(value["include"])
    if isinstance(value, dict) and isinstance(value.get("exclude"), list):
        return edge.PayloadSelector.Exclude(value["exclude"])
    raise bad_body("with_payload: expected a boolean, a list, or an object with include or exclude")


def vector_selector(value: Any) -> Any:
    """`with_vector`: a flag or a list of names."""
    if value is None:
        return False
    if isinstance(value, bool) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise bad_body("with_vector: expected a boolean or a list of names")


def record_json(record: Any, shard_key: Any = None) -> dict[str, Any]:
    """One record of scroll or retrieve."""
    body: dict[str, Any] = {"id": id_json(record.id)}
    if record.payload is not None:
        body["payload"] = record.payload
    if record.vector is not None:
        body["vector"] = vectors_json(record.vector)
    if shard_key is not None:
        body["shard_key"] = shard_key
    if record.order_value is not None:
        body["order_value"] = record.order_value
    return body


def scored_json(point: Any, shard_key: Any = None) -> dict[str, Any]:
    """One point of a query's result."""
    return {"version": point.version, "score": short_floats([point.score])[0], **record_json(point, shard_key)}

"""Filters of the API as the engine's conditions."""

from typing import Any

import qdrant_edge as edge

from .errors import bad_body
from .values import point_id

_CLAUSES = ("must", "should", "must_not")


def parse_filter(value: Any) -> edge.Filter | None:
    """The engine's filter for a JSON filter, none for none."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_body("filter: expected an object")
    unknown = set(value) - {*_CLAUSES, "min_should"}
    if unknown:
        raise bad_body(f"filter: unknown field `{sorted(unknown)[0]}`, expected must, should, must_not, min_should")
    parts: dict[str, Any] = {}
    for clause in _CLAUSES:
        if value.get(clause) is not None:
            parts[clause] = _conditions(value[clause])
    if value.get("min_should") is not None:
        least = value["min_should"]
        parts["min_should"] = edge.MinShould(_conditions(least["conditions"]), least["min_count"])
    return edge.Filter(**parts)


def _conditions(value: Any) -> list[Any]:
    return [_condition(item) for item in (value if isinstance(value, list) else [value])]


class _Truth:
    """A boolean that the engine's binding does not mistake for a number.

    The binding tries numbers before booleans, and Python's booleans are numbers. It does take numpy's for booleans,
    which it knows by their name; this class has that name, so numpy itself is not needed.
    """

    def __init__(self, value: bool):
        self._value = value

    def __bool__(self) -> bool:
        return self._value


_Truth.__module__, _Truth.__name__, _Truth.__qualname__ = "numpy", "bool", "bool"


def _condition(value: Any) -> Any:
    if not isinstance(value, dict):
        raise bad_body("filter: a condition must be an object")
    try:
        if "key" in value:
            return _field(value)
        if "has_id" in value:
            return edge.HasIdCondition({point_id(item) for item in value["has_id"]})
        if "has_vector" in value:
            return edge.HasVectorCondition(value["has_vector"])
        if "is_empty" in value:
            return edge.IsEmptyCondition(value["is_empty"]["key"])
        if "is_null" in value:
            return edge.IsNullCondition(value["is_null"]["key"])
        if "nested" in value:
            nested = value["nested"]
            return edge.NestedCondition(nested["key"], parse_filter(nested["filter"]) or edge.Filter())
        if set(value) <= {*_CLAUSES, "min_should"}:
            return parse_filter(value)
    except (KeyError, TypeError, ValueError, OverflowError) as failure:
        raise bad_body(f"filter: {failure}") from None
    raise bad_body(f"filter: unknown condition with fields {sorted(value)}")


def _field(value: dict[str, Any]) -> edge.FieldCondition:
    parts: dict[str, Any] = {"key": value["key"]}
    if value.get("match") is not None:
        parts["match"] = _match(value["match"])
    if value.get("range") is not None:
        parts["range"] = _range(value["range"])
    if value.get("values_count") is not None:
        parts["values_count"] = edge.ValuesCount(**value["values_count"])
    if value.get("geo_radius") is not None:
        parts["geo_radius"] = edge.GeoRadius(_geo(value["geo_radius"]["center"]), value["geo_radius"]["radius"])
    if value.get("geo_bounding_box") is not None:
        box = value["geo_bounding_box"]
        parts["geo_bounding_box"] = edge.GeoBoundingBox(_geo(box["top_left"]), _geo(box["bottom_right"]))
    if value.get("geo_polygon") is not None:
        polygon = value["geo_polygon"]
        exterior = [_geo(point) for point in polygon["exterior"]["points"]]
        interiors = [[_geo(point) for point in ring["points"]] for ring in polygon.get("interiors") or []]
        parts["geo_polygon"] = edge.GeoPolygon(exterior, interiors or None)
    for flag in ("is_empty", "is_null"):
        if value.get(flag) is not None:
            parts[flag] = value[flag]
    if len(parts) == 1:
        raise bad_body(f"filter: the condition on `{value['key']}` asks for nothing")
    return edge.FieldCondition(**parts)


def _match(value: dict[str, Any]) -> Any:
    kinds = {
        "value": edge.MatchValue,
        "text": edge.MatchText,
        "text_any": edge.MatchTextAny,
        "phrase": edge.MatchPhrase,
        "prefix": edge.MatchPrefix,
        "any": edge.MatchAny,
        "except": edge.MatchExcept,
    }
    for kind, make in kinds.items():
        if kind in value:
            wanted = value[kind]
            return make(_Truth(wanted) if isinstance(wanted, bool) else wanted)
    raise bad_body(f"filter: unknown match with fields {sorted(value)}")


def _range(value: dict[str, Any]) -> Any:
    bounds = {key: value[key] for key in ("gte", "gt", "lte", "lt") if value.get(key) is not None}
    if any(isinstance(bound, str) for bound in bounds.values()):
        return edge.RangeDateTime(**bounds)
    return edge.RangeFloat(**bounds)


def _geo(value: dict[str, Any]) -> edge.GeoPoint:
    return edge.GeoPoint(lon=value["lon"], lat=value["lat"])

"""Compares JSON with the schemas of an OpenAPI 3.0 file, as far as those of Qdrant need it."""

import json
from pathlib import Path
from typing import Any

SUBSET = json.loads((Path(__file__).parent / "openapi-subset.json").read_text())
_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def problems(answer: str, value: Any) -> list[str]:
    """What is wrong with an answer, named as `get /collections/{collection_name}`."""
    return _problems(SUBSET["answers"][answer], value, "$")


def _problems(schema: dict[str, Any], value: Any, at: str) -> list[str]:
    if "$ref" in schema:
        return _problems(SUBSET["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, at)
    if value is None and (schema.get("nullable") or not schema):
        return []
    found: list[str] = []
    for part in schema.get("allOf", []):
        found += _problems(part, value, at)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            tried = [_problems(part, value, at) for part in schema[choice]]
            if all(tried):
                found.append(f"{at}: fits none of {len(tried)} choices, for example {min(tried, key=len)[0]}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not one of {schema['enum']}")
    if "type" in schema:
        found += _typed(schema, value, at)
    return found


def _typed(schema: dict[str, Any], value: Any, at: str) -> list[str]:
    wanted = _TYPES[schema["type"]]
    if not isinstance(value, wanted) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return [f"{at}: {str(value)[:60]!r} is no {schema['type']}"]
    if schema["type"] in ("integer", "number"):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return [] if low <= value <= high else [f"{at}: {value} is out of range"]
    if schema["type"] == "array":
        return [p for n, item in enumerate(value) for p in _problems(schema.get("items", {}), item, f"{at}[{n}]")]
    if schema["type"] != "object":
        return []
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    found = [f"{at}: lacks {name}" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name in properties:
            found += _problems(properties[name], item, f"{at}.{name}")
        elif isinstance(others, dict):
            found += _problems(others, item, f"{at}.{name}")
        elif properties and others is not True:
            found.append(f"{at}: {name} is not in the schema")
    return found

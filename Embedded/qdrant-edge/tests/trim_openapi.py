"""Makes `openapi-subset.json`: the schemas of Qdrant's OpenAPI file that the tests compare answers with.

    python trim_openapi.py OPENAPI.json > openapi-subset.json

The input is `docs/redoc/master/openapi.json` of the repository qdrant/qdrant at tag v1.19.0 (Apache-2.0).
"""

import json
import sys
from typing import Any

#: Route, method: the answers that the program gives.
ROUTES = [
    ("/collections", "get"),
    ("/collections/{collection_name}", "get"),
    ("/collections/{collection_name}", "put"),
    ("/collections/{collection_name}", "patch"),
    ("/collections/{collection_name}", "delete"),
    ("/collections/{collection_name}/exists", "get"),
    ("/collections/{collection_name}/index", "put"),
    ("/collections/{collection_name}/index/{field_name}", "delete"),
    ("/collections/{collection_name}/cluster", "get"),
    ("/collections/{collection_name}/shards", "get"),
    ("/collections/{collection_name}/shards", "put"),
    ("/collections/aliases", "post"),
    ("/aliases", "get"),
    ("/collections/{collection_name}/aliases", "get"),
    ("/collections/{collection_name}/points", "put"),
    ("/collections/{collection_name}/points", "post"),
    ("/collections/{collection_name}/points/delete", "post"),
    ("/collections/{collection_name}/points/scroll", "post"),
    ("/collections/{collection_name}/points/count", "post"),
    ("/collections/{collection_name}/points/query", "post"),
    ("/collections/{collection_name}/facet", "post"),
    ("/collections/{collection_name}/snapshots", "get"),
    ("/collections/{collection_name}/snapshots", "post"),
    ("/collections/{collection_name}/snapshots/recover", "put"),
    ("/collections/{collection_name}/snapshots/{snapshot_name}", "delete"),
    ("/collections/{collection_name}/shards/{shard_id}/snapshots", "get"),
    ("/collections/{collection_name}/shards/{shard_id}/snapshots", "post"),
    ("/cluster", "get"),
    ("/telemetry", "get"),
    ("/", "get"),
]


def trim(whole: dict[str, Any]) -> dict[str, Any]:
    """The answers of those routes, and every schema they lead to."""
    answers: dict[str, Any] = {}
    for path, method in ROUTES:
        if path not in whole["paths"] or method not in whole["paths"][path]:
            continue
        responses = whole["paths"][path][method]["responses"]
        if "200" in responses:
            answers[f"{method} {path}"] = responses["200"]["content"]["application/json"]["schema"]
    answers["error"] = {"$ref": "#/components/schemas/ErrorResponse"}
    wanted, kept = _references(answers), {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = whole["components"]["schemas"][name]
            wanted |= _references(kept[name])
    return _bare({"answers": answers, "schemas": dict(sorted(kept.items()))})


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_references, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_references, value.values())) if value else set()
    if isinstance(value.get("$ref"), str):
        found.add(value["$ref"].rsplit("/", 1)[1])
    return found


def _bare(value: Any) -> Any:
    """Without descriptions, defaults and examples, which say nothing about shapes."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {k: v for k, v in value.items() if not (k in ("description", "example", "default") and not isinstance(v, dict))}
    return {key: _bare(item) for key, item in plain.items()}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        json.dump(trim(json.load(source)), sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
        sys.stdout.write("\n")

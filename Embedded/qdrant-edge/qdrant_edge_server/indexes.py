"""Payload index schemas: the API's JSON to the engine's parameters."""

from typing import Any

import qdrant_edge as edge

from .errors import bad_body

_TYPES = {
    "keyword": (edge.PayloadSchemaType.Keyword, edge.KeywordIndexParams, ("is_tenant", "on_disk", "enable_hnsw", "prefix")),
    "integer": (
        edge.PayloadSchemaType.Integer,
        edge.IntegerIndexParams,
        ("lookup", "range", "is_principal", "on_disk", "enable_hnsw"),
    ),
    "float": (edge.PayloadSchemaType.Float, edge.FloatIndexParams, ("is_principal", "on_disk", "enable_hnsw")),
    "geo": (edge.PayloadSchemaType.Geo, edge.GeoIndexParams, ("on_disk", "enable_hnsw")),
    "bool": (edge.PayloadSchemaType.Bool, edge.BoolIndexParams, ("on_disk", "enable_hnsw")),
    "datetime": (edge.PayloadSchemaType.Datetime, edge.DatetimeIndexParams, ("is_principal", "on_disk", "enable_hnsw")),
    "uuid": (edge.PayloadSchemaType.Uuid, edge.UuidIndexParams, ("is_tenant", "on_disk", "enable_hnsw")),
    "text": (edge.PayloadSchemaType.Text, edge.TextIndexParams, ()),
}
_TEXT_PLAIN = ("min_token_len", "max_token_len", "lowercase", "ascii_folding", "phrase_matching", "on_disk", "enable_hnsw")


def index_type(schema: Any) -> str:
    """The type name of a schema, which is either a name or an object with `type`."""
    kind = schema.get("type") if isinstance(schema, dict) else schema
    if not isinstance(kind, str) or kind not in _TYPES:
        raise bad_body(f"field_schema: unknown variant `{kind}`, expected one of {', '.join(_TYPES)}")
    return kind


def engine_schema(schema: Any) -> Any:
    """What the engine takes for a schema: a type for a name, parameters for an object."""
    kind = index_type(schema)
    plain, params, fields = _TYPES[kind]
    if not isinstance(schema, dict):
        return plain
    try:
        if kind == "text":
            return _text(schema)
        return params(**{field: schema[field] for field in fields if schema.get(field) is not None})
    except (TypeError, AttributeError, KeyError) as failure:
        raise bad_body(f"field_schema: {failure}") from None


def _text(schema: dict[str, Any]) -> edge.TextIndexParams:
    options = {field: schema[field] for field in _TEXT_PLAIN if schema.get(field) is not None}
    if schema.get("tokenizer"):
        options["tokenizer"] = getattr(edge.TokenizerType, schema["tokenizer"].capitalize())
    stopwords = schema.get("stopwords")
    if isinstance(stopwords, str):
        options["stopwords"] = getattr(edge.Language, stopwords.capitalize())
    elif stopwords is not None:
        languages = {getattr(edge.Language, name.capitalize()) for name in stopwords.get("languages") or []}
        options["stopwords"] = edge.StopwordsSet(languages or None, set(stopwords.get("custom") or []) or None)
    stemmer = schema.get("stemmer")
    if stemmer is not None:
        disabled = stemmer.get("type") in ("none", "disabled")
        options["stemmer"] = (
            edge.DisabledStemmer()
            if disabled
            else edge.SnowballParams(getattr(edge.SnowballLanguage, stemmer["language"].capitalize()))
        )
    return edge.TextIndexParams(**options)


def schema_info(schema: Any, points: int) -> dict[str, Any]:
    """One entry of `payload_schema` in a collection's info."""
    info: dict[str, Any] = {"data_type": index_type(schema), "points": points}
    if isinstance(schema, dict):
        info["params"] = schema
    return info

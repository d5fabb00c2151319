"""A collection's configuration: from creation bodies and archives into the shape of `config.json`.

The shape is `CollectionConfigInternal` of Qdrant 1.19.0: `params`, `hnsw_config`, `optimizer_config`,
`wal_config`, `quantization_config`, `strict_mode_config`, `uuid` and, when set, `metadata`.
"""

import copy
import uuid
from typing import Any

from .errors import ServiceError, bad_body, bad_input, invalid

_HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False}
_OPTIMIZERS = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
    "prevent_unoptimized": None,
}
_WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
_DISTANCES = ("Cosine", "Dot", "Euclid", "Manhattan")
_DATATYPES = ("float32", "float16", "uint8")


def overlay(base: dict[str, Any], changes: Any, where: str) -> dict[str, Any]:
    """`base` with those values of `changes` that are not null."""
    if changes is None:
        return dict(base)
    if not isinstance(changes, dict):
        raise bad_body(f"{where}: expected an object")
    return {**base, **{key: value for key, value in changes.items() if value is not None}}


def config_from_body(body: dict[str, Any]) -> dict[str, Any]:
    """The configuration that a body of `PUT /collections/{c}` asks for, defaults filled in."""
    if body.get("sharding_method") not in (None, "auto", "custom"):
        raise bad_body(f"unknown variant `{body['sharding_method']}`, expected `auto` or `custom`")
    params: dict[str, Any] = {
        "vectors": body.get("vectors") if body.get("vectors") is not None else {},
        "shard_number": _count(body, "shard_number", 1),
        "replication_factor": _count(body, "replication_factor", 1),
        "write_consistency_factor": _count(body, "write_consistency_factor", 1),
        "on_disk_payload": True if body.get("on_disk_payload") is None else bool(body["on_disk_payload"]),
    }
    for key in ("sparse_vectors", "sharding_method", "payload"):
        if body.get(key) is not None:
            params[key] = body[key]
    config: dict[str, Any] = {
        "params": params,
        "hnsw_config": overlay(_HNSW, body.get("hnsw_config"), "hnsw_config"),
        "optimizer_config": overlay(_OPTIMIZERS, body.get("optimizers_config"), "optimizers_config"),
        "wal_config": overlay(_WAL, body.get("wal_config"), "wal_config"),
        "quantization_config": body.get("quantization_config"),
        "strict_mode_config": overlay({"enabled": False}, body.get("strict_mode_config"), "strict_mode_config"),
        "uuid": str(uuid.uuid4()),
    }
    if body.get("metadata") is not None:
        config["metadata"] = body["metadata"]
    check_config(config)
    return config


def config_from_archive(saved: dict[str, Any]) -> dict[str, Any]:
    """The configuration for a collection that a snapshot creates.

    As a real server does it, the fan-out settings are lost and the uuid is a new one (reference, section 2.4).
    """
    config = copy.deepcopy(saved)
    params = dict(config.get("params") or {})
    params.pop("read_fan_out_factor", None)
    params.pop("read_fan_out_delay_ms", None)
    params.setdefault("vectors", {})
    params["shard_number"] = params.get("shard_number") or 1
    for key in ("replication_factor", "write_consistency_factor"):
        params.setdefault(key, 1)
    config["params"] = params
    config["hnsw_config"] = overlay(_HNSW, config.get("hnsw_config"), "hnsw_config")
    config["optimizer_config"] = overlay(_OPTIMIZERS, config.get("optimizer_config"), "optimizer_config")
    config["wal_config"] = overlay(_WAL, config.get("wal_config"), "wal_config")
    config.setdefault("quantization_config", None)
    config["uuid"] = str(uuid.uuid4())
    check_config(config)
    return config


def patched_config(current: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The configuration after a body of `PATCH /collections/{c}`."""
    config = copy.deepcopy(current)
    config["params"] = overlay(config["params"], body.get("params"), "params")
    config["hnsw_config"] = overlay(config["hnsw_config"], body.get("hnsw_config"), "hnsw_config")
    config["optimizer_config"] = overlay(config["optimizer_config"], body.get("optimizers_config"), "optimizers_config")
    if body.get("quantization_config") is not None:
        config["quantization_config"] = _or_disabled(body["quantization_config"])
    if body.get("strict_mode_config") is not None:
        config["strict_mode_config"] = overlay(
            config.get("strict_mode_config") or {}, body["strict_mode_config"], "strict_mode_config"
        )
    if body.get("metadata") is not None:
        config["metadata"] = overlay(config.get("metadata") or {}, body["metadata"], "metadata")
    for name, change in (body.get("vectors") or {}).items():
        params = dense_vectors(config).get(name)
        if params is None:
            raise bad_input(f"Not existing vector name error: {name}")
        params.update({key: value for key, value in change.items() if value is not None})
        if change.get("quantization_config") is not None:
            params["quantization_config"] = _or_disabled(change["quantization_config"])
    for name, change in (body.get("sparse_vectors") or {}).items():
        if name not in sparse_vectors(config):
            raise bad_input(f"Not existing vector name error: {name}")
        sparse_vectors(config)[name].update({key: value for key, value in change.items() if value is not None})
    check_config(config)
    return config


def dense_vectors(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Dense vector parameters by name; the unnamed vector has the name `""`."""
    vectors = config["params"]["vectors"]
    return {"": vectors} if is_unnamed(vectors) else vectors


def sparse_vectors(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Sparse vector parameters by name."""
    return config["params"].get("sparse_vectors") or {}


def is_unnamed(vectors: Any) -> bool:
    """Whether the `vectors` part describes one vector without a name."""
    return isinstance(vectors, dict) and isinstance(vectors.get("size"), int)


def is_custom(config: dict[str, Any]) -> bool:
    """Whether shards are made by shard keys."""
    return config["params"].get("sharding_method") == "custom"


def check_config(config: dict[str, Any]) -> None:
    """Refuses a configuration that a server would refuse, or that this engine cannot hold."""
    vectors = config["params"]["vectors"]
    if not isinstance(vectors, dict):
        raise bad_body("vectors: expected an object")
    for name, params in dense_vectors(config).items():
        _check_dense(f"vectors.{name}" if name else "vectors", params)
    for name, params in sparse_vectors(config).items():
        if params is None:
            sparse_vectors(config)[name] = {}
        elif not isinstance(params, dict):
            raise bad_body(f"sparse_vectors.{name}: expected an object")
        if name in dense_vectors(config):
            raise bad_input(f"Dense and sparse vectors must have different names: {name}")
    if not isinstance(config.get("metadata", {}), dict):
        raise bad_body("metadata: expected an object")


def _check_dense(where: str, params: Any) -> None:
    if not isinstance(params, dict) or "size" not in params or "distance" not in params:
        raise bad_body(f"{where}: missing field `size` or `distance`")
    size = params["size"]
    if not isinstance(size, int) or isinstance(size, bool):
        raise bad_body(f"{where}: invalid type for `size`, expected an integer")
    if not 1 <= size <= 65536:
        raise invalid("JSON body", f"{where}.size: value {size} invalid, must be from 1 to 65536")
    if params["distance"] not in _DISTANCES:
        raise bad_body(f"unknown variant `{params['distance']}`, expected one of {', '.join(_DISTANCES)}")
    datatype = params.get("datatype")
    if datatype is not None and datatype not in _DATATYPES:
        if datatype in ("turbo4", "turbo8", "turbo16"):
            raise bad_input(f"datatype `{datatype}` is not available in the embedded engine")
        raise bad_body(f"unknown variant `{datatype}`, expected one of {', '.join(_DATATYPES)}")


def _count(body: dict[str, Any], key: str, default: int) -> int:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_body(f"{key}: expected an integer")
    if value < 1:
        raise invalid("JSON body", f"{key}: value {value} invalid, must be 1 or larger")
    return value


def _or_disabled(value: Any) -> Any:
    return None if value == "Disabled" else value


def require_equal_vectors(live: dict[str, Any], saved: dict[str, Any]) -> None:
    """400 unless vectors and shard number agree, the only two things a restore compares (reference, 2.4)."""
    same = live["params"]["vectors"] == (saved.get("params") or {}).get("vectors", {})
    shards = ((saved.get("params") or {}).get("shard_number") or 1) == live["params"]["shard_number"]
    if not (same and shards):
        raise ServiceError(400, "Bad request: Snapshot is not compatible with existing collection")

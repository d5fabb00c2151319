"""The engine's own configuration objects, made from the JSON shapes of the API."""

from typing import Any

import qdrant_edge as edge

from .config import dense_vectors, sparse_vectors
from .errors import bad_body

_DATATYPES = {
    "float32": edge.VectorStorageDatatype.Float32,
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
}
_TURBO_BITS = {
    "bits1": edge.TurboQuantBitSize.Bits1,
    "bits1_5": edge.TurboQuantBitSize.Bits1_5,
    "bits2": edge.TurboQuantBitSize.Bits2,
    "bits4": edge.TurboQuantBitSize.Bits4,
}
_ENCODINGS = {
    "one_bit": edge.BinaryQuantizationEncoding.OneBit,
    "two_bits": edge.BinaryQuantizationEncoding.TwoBits,
    "one_and_half_bits": edge.BinaryQuantizationEncoding.OneAndHalfBits,
}
_QUERY_ENCODINGS = {
    "default": edge.BinaryQuantizationQueryEncoding.Default,
    "binary": edge.BinaryQuantizationQueryEncoding.Binary,
    "scalar4bits": edge.BinaryQuantizationQueryEncoding.Scalar4Bits,
    "scalar8bits": edge.BinaryQuantizationQueryEncoding.Scalar8Bits,
}


def edge_config(config: dict[str, Any]) -> edge.EdgeConfig:
    """The engine's configuration of one shard of a collection.

    A segment number of 0 means "by the number of processors" on a server; here it means one, so that small
    collections stay small.
    """
    hnsw = config["hnsw_config"]
    optimizers = config["optimizer_config"]
    # 0 switches indexing off on a server, in the engine an unreachable threshold does.
    threshold = optimizers.get("indexing_threshold")
    return edge.EdgeConfig(
        vectors={name: _dense(params, hnsw) for name, params in dense_vectors(config).items()} or None,
        sparse_vectors={name: _sparse(params or {}) for name, params in sparse_vectors(config).items()},
        on_disk_payload=config["params"].get("on_disk_payload", True),
        hnsw_config=_hnsw(hnsw),
        quantization_config=_quantization(config.get("quantization_config")),
        optimizers=edge.EdgeOptimizersConfig(
            deleted_threshold=optimizers.get("deleted_threshold"),
            vacuum_min_vector_number=optimizers.get("vacuum_min_vector_number"),
            default_segment_number=optimizers.get("default_segment_number") or 1,
            max_segment_size=optimizers.get("max_segment_size"),
            indexing_threshold=1 << 40 if threshold == 0 else threshold,
            prevent_unoptimized=optimizers.get("prevent_unoptimized"),
        ),
    )


def _dense(params: dict[str, Any], hnsw: dict[str, Any]) -> edge.EdgeVectorParams:
    multivector = params.get("multivector_config")
    own = params.get("hnsw_config")
    return edge.EdgeVectorParams(
        size=params["size"],
        distance=getattr(edge.Distance, params["distance"]),
        on_disk=_on_disk(params),
        multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if multivector else None,
        datatype=_DATATYPES.get(params.get("datatype")),
        quantization_config=_quantization(params.get("quantization_config")),
        hnsw_config=_hnsw({**hnsw, **{k: v for k, v in own.items() if v is not None}}) if own else None,
    )


def _sparse(params: dict[str, Any]) -> edge.EdgeSparseVectorParams:
    index = params.get("index") or {}
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.get("full_scan_threshold"),
        on_disk=_on_disk(index),
        modifier=edge.Modifier.Idf if params.get("modifier") == "idf" else None,
        datatype=_DATATYPES.get(index.get("datatype")),
    )


def _on_disk(params: dict[str, Any]) -> bool | None:
    memory = params.get("memory")
    return params.get("on_disk") if memory is None else memory != "pinned"


def _hnsw(values: dict[str, Any]) -> edge.HnswIndexConfig:
    return edge.HnswIndexConfig(
        m=values["m"],
        ef_construct=values["ef_construct"],
        full_scan_threshold=values["full_scan_threshold"],
        max_indexing_threads=values.get("max_indexing_threads") or 0,
        on_disk=values.get("on_disk"),
        payload_m=values.get("payload_m"),
        inline_storage=values.get("inline_storage"),
    )


def _quantization(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) != 1:
        raise bad_body("quantization_config: expected one of scalar, product, binary, turbo")
    kind, options = next(iter(value.items()))
    try:
        if kind == "scalar":
            return edge.ScalarQuantizationConfig(edge.ScalarType.Int8, options.get("quantile"), options.get("always_ram"))
        if kind == "product":
            ratio = getattr(edge.CompressionRatio, options["compression"].upper())
            return edge.ProductQuantizationConfig(ratio, options.get("always_ram"))
        if kind == "binary":
            return edge.BinaryQuantizationConfig(
                options.get("always_ram"),
                _ENCODINGS[options["encoding"]] if options.get("encoding") else None,
                _QUERY_ENCODINGS[options["query_encoding"]] if options.get("query_encoding") else None,
            )
        if kind == "turbo":
            bits = options.get("bits")
            return edge.TurboQuantQuantizationConfig(
                options.get("always_ram"), options.get("plus"), _TURBO_BITS[bits] if bits else None
            )
    except (KeyError, AttributeError, TypeError) as failure:
        raise bad_body(f"quantization_config.{kind}: {failure}") from None
    raise bad_body(f"quantization_config: unknown variant `{kind}`")

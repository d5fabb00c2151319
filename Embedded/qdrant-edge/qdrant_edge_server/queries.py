"""Queries: nearest, recommend, discover, context, fusion, order, sample; by vector or by the id of a point."""

from typing import Any

import qdrant_edge as edge

from .collection import Collection
from .config import dense_vectors
from .errors import bad_body, bad_input, not_found
from .filters import parse_filter
from .reads import limit_of, parse_order
from .shard import Shard
from .values import VectorShapes, payload_selector, point_id, scored_json, vector_selector

_KINDS = ("nearest", "recommend", "discover", "context", "order_by", "fusion", "rrf", "sample")


class Queries:
    """One query request against one collection, with what it needs to look up."""

    def __init__(self, collection: Collection, shards: list[Shard]):
        self.collection = collection
        self.shards = shards
        self.shapes = VectorShapes(*collection.vector_params())
        self.excluded: set[Any] = set()

    def run(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The points of `POST /points/query`, best first."""
        limit, offset = limit_of(body), body.get("offset") or 0
        using = body.get("using") or ""
        with self.collection.gate.shared():
            self.collection.require_live()
            query, ascending = self._scoring(body.get("query"), using)
            prefetches = self._prefetches(body.get("prefetch"))
            request = edge.QueryRequest(
                limit=limit + offset,
                query=query,
                prefetches=prefetches,
                with_vector=vector_selector(body.get("with_vector", body.get("with_vectors"))),
                with_payload=payload_selector(body.get("with_payload"), False),
                filter=self._filter(body.get("filter")),
                score_threshold=body.get("score_threshold"),
                params=search_params(body.get("params")),
            )
            found = []
            for shard in self.shards:
                key = self.collection.shard_key(shard.number)
                found += [(point, key) for point in shard.require().query(request)]
        if len(self.shards) > 1:
            if isinstance(query, edge.OrderBy):
                found.sort(key=lambda entry: entry[0].order_value, reverse=not ascending)
            elif query is not None:
                found.sort(key=lambda entry: entry[0].score, reverse=not ascending)
        return [scored_json(*entry) for entry in found[offset : offset + limit]]

    def _filter(self, value: Any) -> edge.Filter | None:
        wanted = parse_filter(value)
        if not self.excluded:
            return wanted
        parts = {"must": [wanted]} if wanted is not None else {}
        return edge.Filter(must_not=[edge.HasIdCondition(self.excluded)], **parts)

    def _prefetches(self, value: Any) -> list[edge.Prefetch]:
        made = []
        for item in value if isinstance(value, list) else [value] if value else []:
            nested = self._prefetches(item.get("prefetch"))
            query, _ = self._scoring(item.get("query"), item.get("using") or "")
            made.append(
                edge.Prefetch(
                    limit=limit_of(item),
                    query=query,
                    prefetches=nested,
                    params=search_params(item.get("params")),
                    filter=self._filter(item.get("filter")),
                    score_threshold=item.get("score_threshold"),
                )
            )
        return made

    def _scoring(self, value: Any, using: str) -> tuple[Any, bool]:
        """The engine's query, and whether a smaller score is the better one."""
        if value is None:
            return None, False
        if isinstance(value, dict) and any(kind in value for kind in _KINDS):
            return self._special(value, using)
        if isinstance(value, dict) and "formula" in value:
            raise bad_input("formula queries are not available in the embedded engine's service")
        return edge.Query.Nearest(self._vector(value, using), using or None), self._distance_ascends(using)

    def _special(self, value: dict[str, Any], using: str) -> tuple[Any, bool]:
        name = using or None
        if "nearest" in value:
            return edge.Query.Nearest(self._vector(value["nearest"], using), name), self._distance_ascends(using)
        if "recommend" in value:
            return self._recommend(value["recommend"], using)
        if "discover" in value:
            part = value["discover"]
            target = self._vector(part["target"], using)
            return edge.Query.Discover(edge.DiscoverQuery(target, self._pairs(part.get("context"), using)), name), False
        if "context" in value:
            return edge.Query.Context(edge.ContextQuery(self._pairs(value["context"], using)), name), False
        if "order_by" in value:
            order = value["order_by"]
            return parse_order(order), not (isinstance(order, dict) and order.get("direction") == "desc")
        if "fusion" in value:
            if value["fusion"] not in ("rrf", "dbsf"):
                raise bad_body(f"unknown variant `{value['fusion']}`, expected `rrf` or `dbsf`")
            return (edge.Fusion.Rrf(2) if value["fusion"] == "rrf" else edge.Fusion.Dbsf()), False
        if "rrf" in value:
            options = value["rrf"] or {}
            return edge.Fusion.Rrf(options.get("k") or 2, options.get("weights")), False
        return edge.Sample.Random, False

    def _recommend(self, part: dict[str, Any], using: str) -> tuple[Any, bool]:
        positives = [self._vector(item, using) for item in part.get("positive") or []]
        negatives = [self._vector(item, using) for item in part.get("negative") or []]
        strategy = part.get("strategy") or "average_vector"
        name = using or None
        if strategy == "best_score":
            return edge.Query.RecommendBestScore(edge.RecommendQuery(positives, negatives), name), False
        if strategy == "sum_scores":
            return edge.Query.RecommendSumScores(edge.RecommendQuery(positives, negatives), name), False
        if strategy != "average_vector":
            raise bad_body(f"unknown variant `{strategy}` of strategy")
        if not positives or any(not isinstance(vector[0], float | int) for vector in positives + negatives):
            raise bad_input("average_vector needs positive examples and dense vectors")
        mean = [sum(column) / len(positives) for column in zip(*positives)]
        if negatives:
            against = [sum(column) / len(negatives) for column in zip(*negatives)]
            mean = [2 * plus - minus for plus, minus in zip(mean, against)]
        return edge.Query.Nearest(mean, name), self._distance_ascends(using)

    def _pairs(self, value: Any, using: str) -> list[edge.ContextPair]:
        pairs = value if isinstance(value, list) else [value] if value else []
        return [
            edge.ContextPair(self._vector(pair["positive"], using), self._vector(pair["negative"], using)) for pair in pairs
        ]

    def _vector(self, value: Any, using: str) -> Any:
        """A vector given as such, or that of a point given by its id, which the result then leaves out."""
        if isinstance(value, (int, str)):
            identity = point_id(value)
            for shard in self.shards:
                for record in shard.require().retrieve([identity], False, [using] if using else True):
                    vectors = record.vector if isinstance(record.vector, dict) else {"": record.vector}
                    if using not in vectors:
                        raise bad_input(f"Vector with name `{using}` for point with id {value} not found")
                    self.excluded.add(identity)
                    return vectors[using]
            raise not_found(f"No point with id {value} found")
        return self.shapes.named(using, value)

    def _distance_ascends(self, using: str) -> bool:
        params = dense_vectors(self.collection.config).get(using)
        return params is not None and params["distance"] in ("Euclid", "Manhattan")


def search_params(value: Any) -> edge.SearchParams | None:
    """`params`: exact, hnsw_ef, indexed_only, quantization, acorn."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_body("params: expected an object")
    quantization, acorn = value.get("quantization"), value.get("acorn")
    return edge.SearchParams(
        hnsw_ef=value.get("hnsw_ef"),
        exact=bool(value.get("exact")),
        indexed_only=bool(value.get("indexed_only")),
        quantization=edge.QuantizationSearchParams(
            bool(quantization.get("ignore")), quantization.get("rescore"), quantization.get("oversampling")
        )
        if quantization
        else None,
        acorn=edge.AcornSearchParams(bool(acorn.get("enable")), acorn.get("max_selectivity")) if acorn else None,
    )


def legacy_search(body: dict[str, Any]) -> dict[str, Any]:
    """A body of the old `POST /points/search` as one of `POST /points/query`."""
    vector, using = body.get("vector"), None
    if isinstance(vector, dict) and "vector" in vector:
        using, vector = vector.get("name"), vector["vector"]
    if vector is None:
        raise bad_body("missing field `vector`")
    return {**{key: value for key, value in body.items() if key != "vector"}, "query": vector, "using": using}

public import QdrantClient

extension Passage {
    /// Its vectors, under the names of ``TextbookIndex``.
    public var vectors: PointVectors {
        .named([
            TextbookIndex.denseVectorName: .dense(LocalEmbedding.vector(of: searchText)),
            TextbookIndex.sparseVectorName: .sparse(SparseEncoder.passageVector(of: searchText)),
        ])
    }

    /// Its point: id, vectors, and a payload with all that an answer needs.
    public var point: Point {
        Point(
            id: id,
            vectors: vectors,
            payload: [
                "path": .string(path), "title": .string(title), "heading": .string(heading), "text": .string(text),
                "ordinal": .number(ordinal), "content": .string(content),
            ]
        )
    }
}

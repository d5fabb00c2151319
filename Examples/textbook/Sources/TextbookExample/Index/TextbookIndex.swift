public import QdrantClient

/// A textbook in a Qdrant collection: what a retrieval chatbot does to index its pages and to find answers in them.
///
/// ```swift
/// let index = TextbookIndex(client: client, collection: "astronomy")
/// try await index.prepare()
/// try await index.ingest(folder: "Examples/textbook/docs")
/// let answers = try await index.ask("How old are the rings of Saturn?")
/// ```
public struct TextbookIndex: Sendable {
    /// The name of the dense vector, made by ``LocalEmbedding`` and compared by Cosine.
    public static let denseVectorName = "text"
    /// The name of the sparse vector, made by ``SparseEncoder``, with the modifier `idf`.
    public static let sparseVectorName = "bm25"
    /// How many points are written in one call: some 400 KB of JSON.
    public static let batchSize = 64
    /// How many points are deleted in one call.
    static let deletionBatchSize = 1000
    /// How many pages are looked up in one call.
    static let pageBatchSize = 200

    /// The client of the server.
    public let client: QdrantClient
    /// The collection's name, or an alias of it.
    public let collection: String

    /// Makes an index; asks nothing of the server yet.
    public init(client: QdrantClient, collection: String) {
        self.client = client
        self.collection = collection
    }

    /// Creates the collection and its payload indexes; what exists already is left as it is.
    ///
    /// - Throws: ``TextbookError`` with `collectionMismatch` when a collection of that name was made for something else;
    ///   `QdrantError`.
    public func prepare() async throws {
        if try await !client.collectionExists(collection) {
            do {
                try await client.createCollection(collection, Self.creationBody)
            } catch let error as QdrantError where error.code == .alreadyExists {
                // Somebody else was quicker; the check below says whether theirs fits.
            }
        }
        let info = try await client.collection(collection)
        try Self.check(info, named: collection)
        let existing = Set(info.payloadSchema.map(\.field))
        for (field, schema) in Self.payloadIndexes where !existing.contains(field) {
            try await client.createPayloadIndex(field, schema, in: collection)
        }
    }

    /// Makes sure that the collection is there and was made for this textbook's vectors. Changes nothing.
    ///
    /// - Throws: ``TextbookError`` with `collectionMismatch`; `QdrantError`, with `notFound` when there is no such
    ///   collection.
    public func check() async throws {
        try Self.check(try await client.collection(collection), named: collection)
    }

    /// How many passages the collection holds, counted exactly.
    public func count() async throws -> UInt64 {
        try await client.count(in: collection)
    }

    // MARK: Layout

    static let creationBody: JSONObject = [
        "vectors": [
            denseVectorName: ["size": .number(LocalEmbedding.dimensionCount), "distance": "Cosine"]
        ],
        "sparse_vectors": [sparseVectorName: ["modifier": "idf"]],
        "metadata": [
            "embedding": .string(LocalEmbedding.name), "embedding_revision": .number(LocalEmbedding.revision),
        ],
    ]

    /// Path and title are looked up whole, the text by its words.
    static let payloadIndexes: [(field: String, schema: JSONValue)] = [
        ("path", "keyword"), ("title", "keyword"), ("ordinal", "integer"),
        ("text", ["type": "text", "tokenizer": "word", "lowercase": true]),
    ]

    /// Makes sure that our vectors fit into a collection and mean the same as those that are there.
    static func check(_ info: CollectionInfo, named collection: String) throws(TextbookError) {
        let dense = info.vectors.first { $0.name == denseVectorName && $0.kind == .dense }
        let sparse = info.vectors.first { $0.name == sparseVectorName && $0.kind == .sparse }
        guard let dense, dense.size == UInt64(LocalEmbedding.dimensionCount), dense.distance == "Cosine", let sparse,
            sparse.json["modifier"]?.stringValue == "idf"
        else {
            throw mismatch("the collection '\(collection)' has not the vectors of a textbook")
        }
        let metadata = info.config["metadata"]
        guard metadata?["embedding"]?.stringValue == LocalEmbedding.name,
            metadata?["embedding_revision"]?.uint64Value == UInt64(LocalEmbedding.revision)
        else {
            throw mismatch(
                "the vectors of collection '\(collection)' were not made by \(LocalEmbedding.name), "
                    + "revision \(LocalEmbedding.revision)"
            )
        }
    }

    private static func mismatch(_ message: String) -> TextbookError {
        TextbookError(
            .collectionMismatch,
            message,
            hint: "Choose another collection name, or delete the collection if nobody needs it."
        )
    }
}

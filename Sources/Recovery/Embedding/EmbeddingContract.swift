public import QdrantClient

/// What the vectors of a collection are made with: without the same model, the same questions find other answers.
///
/// Declared in the configuration. A server knows the dimension and the distance only; these are compared with it.
public struct EmbeddingContract: Sendable, Hashable, Codable {
    /// How vectors are compared, in Qdrant's words.
    public enum Distance: String, Sendable, Hashable, Codable, CaseIterable {
        /// Cosine similarity; Qdrant normalises such vectors on the way in.
        case cosine = "Cosine"
        /// Dot product.
        case dot = "Dot"
        /// Euclidean distance.
        case euclid = "Euclid"
        /// Sum of absolute differences.
        case manhattan = "Manhattan"
    }

    /// The model's name, as the application asks for it.
    public var model: String
    /// Its revision: a version, a tag or a hash.
    public var revision: String?
    /// How many components a vector has.
    public var dimension: Int?
    /// How vectors are compared.
    public var distance: Distance?
    /// How documents are cut into what is embedded, in words.
    public var chunking: String?
    /// The name of the vector in the collection; `nil` for the unnamed one, or the only one.
    public var vector: String?

    /// Makes a contract; see the properties.
    public init(
        model: String,
        revision: String? = nil,
        dimension: Int? = nil,
        distance: Distance? = nil,
        chunking: String? = nil,
        vector: String? = nil
    ) {
        self.model = model
        self.revision = revision
        self.dimension = dimension
        self.distance = distance
        self.chunking = chunking
        self.vector = vector
    }

    /// Compares the contract with the vectors that a collection has.
    ///
    /// - Parameter fields: as collection info lists them.
    /// - Returns: one sentence for each violation, naming what was declared and what was found; empty when it is kept.
    public func violations(by fields: [VectorField]) -> [String] {
        let dense = fields.filter { $0.kind != .sparse }
        guard let field = field(in: dense) else {
            let names = dense.map { $0.name.map { "'\($0)'" } ?? "the unnamed one" }.sorted()
            let held = names.isEmpty ? "no dense vectors" : "the vectors \(names.joined(separator: ", "))"
            return [
                vector.map { "the contract is about the vector '\($0)', the collection has \(held)" }
                    ?? "the contract names no vector, and the collection has \(held)"
            ]
        }
        let label = field.name.map { "the vector '\($0)'" } ?? "the vector"
        var violations: [String] = []
        if let dimension, field.size != UInt64(dimension) {
            violations.append(
                "\(label) has \(field.size.map(String.init) ?? "no") dimensions, the contract for \(model) says \(dimension)"
            )
        }
        if let distance, field.distance != distance.rawValue {
            violations.append(
                "\(label) is compared by \(field.distance ?? "nothing"), the contract for \(model) says \(distance.rawValue)"
            )
        }
        return violations
    }

    private func field(in dense: [VectorField]) -> VectorField? {
        if let vector { return dense.first { ($0.name ?? "") == vector } }
        return dense.first { $0.name == nil || $0.name == "" } ?? (dense.count == 1 ? dense[0] : nil)
    }

    /// What differs between two contracts, one sentence for each part: "the model changed from … to …".
    public static func changes(from old: EmbeddingContract?, to new: EmbeddingContract?) -> [String] {
        switch (old, new) {
        case (nil, nil): return []
        case (nil, let new?): return ["an embedding contract was added: \(new.summary)"]
        case (let old?, nil): return ["the embedding contract was removed: \(old.summary)"]
        case (let old?, let new?):
            let parts: [(String, String?, String?)] = [
                ("model", old.model, new.model), ("revision", old.revision, new.revision),
                ("dimension", old.dimension.map(String.init), new.dimension.map(String.init)),
                ("distance", old.distance?.rawValue, new.distance?.rawValue),
                ("chunking", old.chunking, new.chunking), ("vector", old.vector, new.vector),
            ]
            return parts.filter { $0.1 != $0.2 }.map { name, old, new in
                "the \(name) changed from \(old ?? "none stated") to \(new ?? "none stated")"
            }
        }
    }

    /// One line for people.
    public var summary: String {
        var parts = [model]
        if let revision { parts.append("revision \(revision)") }
        if let dimension { parts.append("\(dimension) dimensions") }
        if let distance { parts.append(distance.rawValue) }
        if let chunking { parts.append("chunks: \(chunking)") }
        if let vector { parts.append("vector '\(vector)'") }
        return parts.joined(separator: ", ")
    }
}

/// The contract of a captured collection, and whether the collection kept it.
public struct EmbeddingRecord: Sendable, Hashable, Codable {
    /// As it was declared at the time of the capture.
    public var contract: EmbeddingContract
    /// Where the collection violated it; empty when it did not.
    public var violations: [String]

    /// Makes a record; see the properties.
    public init(contract: EmbeddingContract, violations: [String]) {
        self.contract = contract
        self.violations = violations
    }
}

internal import QdrantClient

// Floats go through Double, which holds every Float exactly, and come back the same bits.

extension Vector {
    /// As the REST API writes it: an array, an array of arrays, or `indices` and `values`.
    var manifestJSON: JSONValue {
        switch self {
        case .dense(let values): Self.json(values)
        case .multi(let rows): .array(rows.map(Self.json))
        case .sparse(let vector):
            ["indices": .array(vector.indices.map { .number(UInt64($0)) }), "values": Self.json(vector.values)]
        }
    }

    /// - Returns: `nil` for anything else: a vector of which a part was left out would ask another question.
    init?(manifest json: JSONValue) {
        if json.objectValue != nil {
            guard let values = Self.floats(json["values"]), let numbers = json["indices"]?.arrayValue else {
                return nil
            }
            let indices = numbers.compactMap { $0.uint64Value.flatMap(UInt32.init(exactly:)) }
            guard indices.count == numbers.count, indices.count == values.count else { return nil }
            self = .sparse(SparseVector(indices: indices, values: values))
        } else if let values = Self.floats(json) {
            self = .dense(values)
        } else if let rows = json.arrayValue {
            let vectors = rows.compactMap(Self.floats)
            guard vectors.count == rows.count else { return nil }
            self = .multi(vectors)
        } else {
            return nil
        }
    }

    private static func json(_ values: [Float]) -> JSONValue {
        .array(values.map { .double(Double($0)) })
    }

    private static func floats(_ json: JSONValue?) -> [Float]? {
        guard let values = json?.arrayValue else { return nil }
        let floats = values.compactMap(Float.init(manifest:))
        return floats.count == values.count ? floats : nil
    }
}

extension Float {
    /// - Returns: `nil` for what is no number, or one beyond the largest `Float`: it could not be written again.
    init?(manifest json: JSONValue) {
        guard let value = json.doubleValue.map({ Float($0) }), value.isFinite else { return nil }
        self = value
    }
}

extension PointID {
    init?(manifest json: JSONValue) {
        if let number = json.uint64Value {
            self = .number(number)
        } else if let text = json.stringValue, let id = UniqueID(text) {
            self = .uuid(id)
        } else {
            return nil
        }
    }
}

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

    init?(manifest json: JSONValue) {
        if let indices = json["indices"]?.arrayValue, let values = Self.floats(json["values"]) {
            self = .sparse(
                SparseVector(
                    indices: indices.compactMap { $0.uint64Value.flatMap(UInt32.init(exactly:)) },
                    values: values
                )
            )
        } else if let values = Self.floats(json) {
            self = .dense(values)
        } else if let rows = json.arrayValue {
            self = .multi(rows.compactMap(Self.floats))
        } else {
            return nil
        }
    }

    private static func json(_ values: [Float]) -> JSONValue {
        .array(values.map { .double(Double($0)) })
    }

    private static func floats(_ json: JSONValue?) -> [Float]? {
        guard let values = json?.arrayValue else { return nil }
        let floats = values.compactMap { $0.doubleValue.map { Float($0) } }
        return floats.count == values.count ? floats : nil
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

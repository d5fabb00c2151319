extension JSONScanner {
    /// Takes an array of numbers as floats.
    mutating func floats() throws(JSONError) -> [Float] {
        var values: [Float] = []
        try array { (scanner) throws(JSONError) in values.append(try scanner.float()) }
        return values
    }

    /// Takes one vector: an array (dense), an array of arrays (multi), an object with `indices` and `values` (sparse).
    ///
    /// An empty array is a dense vector without components.
    mutating func vector() throws(JSONError) -> Vector {
        if try peek() == UInt8(ascii: "{") { return .sparse(try sparseVector()) }
        var row: [Float] = []
        var rows: [[Float]] = []
        try array { (scanner) throws(JSONError) in
            if try scanner.peek() == UInt8(ascii: "[") {
                rows.append(try scanner.floats())
            } else {
                row.append(try scanner.float())
            }
        }
        guard rows.isEmpty || row.isEmpty else { throw unexpected("expected numbers or arrays of them, not both") }
        return rows.isEmpty ? .dense(row) : .multi(rows)
    }

    private mutating func sparseVector() throws(JSONError) -> SparseVector {
        var indices: [UInt32]?
        var values: [Float]?
        try object { (scanner, key) throws(JSONError) in
            switch key {
            case "indices": indices = try scanner.indices()
            case "values": values = try scanner.floats()
            default: throw scanner.unexpected("expected indices and values")
            }
        }
        guard let indices, let values, indices.count == values.count else {
            throw unexpected("expected as many indices as values")
        }
        return SparseVector(indices: indices, values: values)
    }

    private mutating func indices() throws(JSONError) -> [UInt32] {
        var indices: [UInt32] = []
        try array { (scanner) throws(JSONError) in
            guard let index = try scanner.number().uint64Value.flatMap(UInt32.init(exactly:)) else {
                throw scanner.unexpected("expected a dimension below 2^32")
            }
            indices.append(index)
        }
        return indices
    }

    /// Takes the `vector` of a point: an array is the unnamed vector, an object holds named ones.
    mutating func pointVectors() throws(JSONError) -> PointVectors {
        guard try peek() == UInt8(ascii: "{") else { return .unnamed(try vector()) }
        var vectors: [String: Vector] = [:]
        try object { (scanner, name) throws(JSONError) in vectors[name] = try scanner.vector() }
        return .named(vectors)
    }
}

extension JSONWriter {
    mutating func floats(_ values: [Float]) throws(JSONError) {
        try array { (writer) throws(JSONError) in for value in values { try writer.float(value) } }
    }

    mutating func vector(_ vector: Vector) throws(JSONError) {
        switch vector {
        case .dense(let values):
            try floats(values)
        case .multi(let rows):
            try array { (writer) throws(JSONError) in for row in rows { try writer.floats(row) } }
        case .sparse(let sparse):
            try object { (writer) throws(JSONError) in
                writer.key("indices")
                try writer.array { (writer) throws(JSONError) in for index in sparse.indices { writer.integer(index) } }
                writer.key("values")
                try writer.floats(sparse.values)
            }
        }
    }

    mutating func pointVectors(_ vectors: PointVectors) throws(JSONError) {
        switch vectors {
        case .unnamed(let vector):
            try self.vector(vector)
        case .named(let vectors):
            try object { (writer) throws(JSONError) in
                for (name, vector) in vectors.sorted(by: { $0.key < $1.key }) {
                    writer.key(name)
                    try writer.vector(vector)
                }
            }
        }
    }
}

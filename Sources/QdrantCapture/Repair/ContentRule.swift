internal import QdrantClient

/// When two points of one id hold the same.
///
/// Everything is compared exactly, but for what a server does not take back as it gave it, so that a point written from what was
/// read would look altered for ever:
/// - 64-bit floats in payloads may be neighbours: the server's JSON reader does not round exactly;
/// - vectors of `float16` with Cosine distance are normalised and rounded again, those of `turbo4` quantised again.
struct ContentRule: Sendable {
    /// The largest distance of two vectors, relative to their length, by the vector's name; absent means bit by bit.
    private let tolerances: [String: Float]

    init(_ fields: [VectorField]) {
        var tolerances: [String: Float] = [:]
        for field in fields {
            switch (field.dataType, field.distance) {
            // Each rounding to 11 significant bits moves a component by 2^-12 at most, and there are three.
            case ("float16", "Cosine"): tolerances[field.name ?? ""] = 1e-3
            // Four bits a component.
            case ("turbo4", _): tolerances[field.name ?? ""] = 0.2
            default: break
            }
        }
        self.tolerances = tolerances
    }

    func areEqual(_ left: PointRecord, _ right: PointRecord) -> Bool {
        areEqual(left.vectors, right.vectors)
            && JSONValue.object(left.payload ?? [:]).isNeighbour(of: .object(right.payload ?? [:]))
    }

    private func areEqual(_ left: PointVectors?, _ right: PointVectors?) -> Bool {
        if left == right { return true }
        guard !tolerances.isEmpty else { return false }
        switch (left, right) {
        case (.unnamed(let left), .unnamed(let right)):
            return areEqual(left, right, tolerances[""])
        case (.named(let left), .named(let right)):
            return left.count == right.count
                && left.allSatisfy { name, vector in
                    right[name].map { areEqual(vector, $0, tolerances[name]) } ?? false
                }
        default:
            return false
        }
    }

    private func areEqual(_ left: Vector, _ right: Vector, _ tolerance: Float?) -> Bool {
        if left == right { return true }
        guard let tolerance else { return false }
        switch (left, right) {
        case (.dense(let left), .dense(let right)):
            return Self.areNear(left, right, tolerance)
        case (.multi(let left), .multi(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { Self.areNear($0, $1, tolerance) }
        default:
            return false
        }
    }

    private static func areNear(_ left: [Float], _ right: [Float], _ tolerance: Float) -> Bool {
        guard left.count == right.count else { return false }
        var distance: Float = 0
        var length: Float = 0
        for (left, right) in zip(left, right) {
            distance += (left - right) * (left - right)
            length += right * right
        }
        return distance <= tolerance * tolerance * length
    }
}

extension JSONValue {
    /// Whether both are equal, but for 64-bit floats that are next to each other.
    func isNeighbour(of other: JSONValue) -> Bool {
        switch (self, other) {
        case (.double(let left), .double(let right)):
            left.bitPattern == right.bitPattern || left.nextUp == right || left.nextDown == right
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isNeighbour(of: $1) }
        case (.object(let left), .object(let right)):
            left == right
                || left.count == right.count
                    && left.members.allSatisfy { member in
                        right[member.key].map { member.value.isNeighbour(of: $0) } ?? false
                    }
        default:
            self == other
        }
    }
}

/// One vector of a point.
///
/// Components are 32-bit floats, as the engine computes with; what float16 and uint8 storage answers fits in them
/// without loss. Equal means equal bit by bit.
public enum Vector: Sendable {
    /// One component per dimension.
    case dense([Float])
    /// Several dense vectors of one point (ColBERT and the like), all of the same length.
    case multi([[Float]])
    /// Only the components that are not zero.
    case sparse(SparseVector)
}

/// A sparse vector: component `values[i]` at dimension `indices[i]`. Qdrant answers with rising indices.
public struct SparseVector: Sendable {
    /// The dimensions, all different.
    public var indices: [UInt32]
    /// As many components.
    public var values: [Float]

    /// Makes a vector.
    public init(indices: [UInt32], values: [Float]) {
        self.indices = indices
        self.values = values
    }
}

/// All vectors of one point.
public enum PointVectors: Sendable, Hashable {
    /// The collection's only, unnamed vector.
    case unnamed(Vector)
    /// Vectors by name. Empty when the point has none.
    case named([String: Vector])

    /// The vector of this name; `nil` (or an empty name) asks for the unnamed one.
    public subscript(name: String?) -> Vector? {
        switch self {
        case .unnamed(let vector): name == nil || name == "" ? vector : nil
        case .named(let vectors): vectors[name ?? ""]
        }
    }
}

extension Vector: Hashable {
    /// Whether both hold the same bits.
    public static func == (left: Vector, right: Vector) -> Bool {
        switch (left, right) {
        case (.dense(let left), .dense(let right)): left.hasSameBits(as: right)
        case (.multi(let left), .multi(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.hasSameBits(as: $1) }
        case (.sparse(let left), .sparse(let right)): left == right
        default: false
        }
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .dense(let values): for value in values { hasher.combine(value.bitPattern) }
        case .multi(let rows): for row in rows { for value in row { hasher.combine(value.bitPattern) } }
        case .sparse(let vector): hasher.combine(vector)
        }
    }
}

extension SparseVector: Hashable {
    /// Whether both hold the same bits.
    public static func == (left: SparseVector, right: SparseVector) -> Bool {
        left.indices == right.indices && left.values.hasSameBits(as: right.values)
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(indices)
        for value in values { hasher.combine(value.bitPattern) }
    }
}

extension [Float] {
    fileprivate func hasSameBits(as other: [Float]) -> Bool {
        elementsEqual(other) { $0.bitPattern == $1.bitPattern }
    }
}

/// A directory: its nodes in ascending byte order of their names, no name twice.
///
/// Sources: restic doc/design.rst, section Trees and Data; restic internal/data/tree.go.
public struct Tree: Hashable, Sendable {
    /// The nodes.
    public var nodes: [Node]

    /// Makes a tree; ``encode()`` checks what is said above about its nodes.
    public init(nodes: [Node] = []) {
        self.nodes = nodes
    }

    /// The node of that name.
    public subscript(name: [UInt8]) -> Node? {
        var (low, high) = (0, nodes.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].name == name ? nodes[low] : nil
    }

    /// The plaintext of the tree blob: JSON and a line feed, byte for byte what restic writes for the same nodes.
    ///
    /// - Throws: `invalidName` for a name that no file can have; `duplicateName` for the same name twice; `notOrdered`
    ///   when the nodes are not in order; `outOfRange` for a size beyond 63 bits.
    public func encode() throws(ResticFormatError) -> [UInt8] {
        let contentCount = nodes.reduce(0) { $0 + ($1.content?.count ?? 0) }
        var writer = JSONWriter(reservingCapacity: 32 + nodes.count * 360 + contentCount * (ResticID.hexCount + 3))
        writer.beginObject()
        writer.key("nodes")
        writer.beginArray()
        for index in nodes.indices {
            try Node.checkName(nodes[index].name)
            try nodes[index].checkSize()
            if index > 0 { try Self.checkOrder(nodes[index - 1].name, nodes[index].name) }
            nodes[index].write(to: &writer)
        }
        writer.endArray()
        writer.endObject()
        writer.endLine()
        return writer.bytes
    }

    private static func checkOrder(_ name: [UInt8], _ next: [UInt8]) throws(ResticFormatError) {
        guard name != next else { throw duplicate(name) }
        guard name.lexicographicallyPrecedes(next) else {
            throw ResticFormatError(
                .notOrdered,
                "node \(Node.printable(next)) stands after \(Node.printable(name)) in a tree"
            )
        }
    }

    private static func duplicate(_ name: [UInt8]) -> ResticFormatError {
        ResticFormatError(.duplicateName, "a tree holds more than one node \(Node.printable(name))")
    }
}

extension Tree: ResticDocument {
    /// Reads the plaintext of a tree blob.
    ///
    /// Nodes out of order, which some early versions of restic wrote, are put in order; the tree then encodes to other
    /// bytes than it was read from.
    ///
    /// - Throws: `invalidName` for a name that would lead out of the directory; `duplicateName` for the same name
    ///   twice, with which one node could be written through another; `unsupportedNodeType`; `outOfRange` for a size
    ///   beyond 63 bits; `malformed` for a tree without nodes; and as ``ResticDocument``.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var nodes: [Node]?
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "nodes":
                var list: [Node] = []
                try scanner.array { scanner throws(ResticFormatError) in list.append(try Node(&scanner)) }
                nodes = list
            default: try scanner.skip()
            }
        }
        guard var nodes else { throw ResticFormatError(.malformed, "a tree has no list of nodes") }
        let isOrdered = nodes.indices.dropFirst().allSatisfy {
            nodes[$0 - 1].name.lexicographicallyPrecedes(nodes[$0].name)
        }
        if !isOrdered {
            nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
            for index in nodes.indices.dropFirst() where nodes[index - 1].name == nodes[index].name {
                throw duplicate(nodes[index].name)
            }
        }
        return Self(nodes: nodes)
    }
}

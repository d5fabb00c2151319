/// A pack and the blobs in it, as an index file lists them.
public struct IndexPack: Hashable, Sendable {
    /// The name of the pack.
    public var id: ResticID
    /// The blobs in it, in any order.
    public var blobs: [PackedBlob]

    /// Makes an entry; see the properties.
    public init(id: ResticID, blobs: [PackedBlob]) {
        self.id = id
        self.blobs = blobs
    }
}

/// A file of the folder `index`: which blobs lie where in which packs.
///
/// Source: restic doc/design.rst, section Indexing; restic internal/repository/index/index.go.
public struct IndexFile: Hashable, Sendable {
    /// Index files that this one replaces; old versions of restic wrote them, newer ones neither write nor heed them.
    public var supersedes: [ResticID]
    /// The packs.
    public var packs: [IndexPack]

    /// Makes an index file; see the properties.
    public init(supersedes: [ResticID] = [], packs: [IndexPack] = []) {
        self.supersedes = supersedes
        self.packs = packs
    }

    /// The JSON of the file before it is compressed and sealed; ends with a line feed, as restic's does.
    public func encode() -> [UInt8] {
        // The fixed text of an entry with all of its numbers takes some 170 bytes.
        var writer = JSONWriter(reservingCapacity: packs.reduce(64) { $0 + 96 + $1.blobs.count * 176 })
        writer.beginObject()
        if !supersedes.isEmpty {
            writer.key("supersedes")
            writer.value(supersedes)
        }
        writer.key("packs")
        writer.beginArray()
        for pack in packs { Self.write(pack, to: &writer) }
        writer.endArray()
        writer.endObject()
        writer.endLine()
        return writer.bytes
    }

    private static func write(_ pack: IndexPack, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.value(pack.id)
        writer.key("blobs")
        writer.beginArray()
        for blob in pack.blobs {
            writer.beginObject()
            writer.key("id")
            writer.value(blob.id)
            writer.key("type")
            writer.value(blob.type.name)
            writer.key("offset")
            writer.value(blob.offset)
            writer.key("length")
            writer.value(blob.length)
            if let length = blob.uncompressedLength, length > 0 {
                writer.key("uncompressed_length")
                writer.value(length)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension IndexFile: ResticDocument {
    /// Reads the opened file.
    ///
    /// - Throws: `malformed` for a pack or blob without what locates it; `outOfRange` for a blob that is shorter than
    ///   what sealing adds or reaches beyond 32 bits; and as ``ResticDocument``.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var packs: [IndexPack] = []
        let supersedes = try IndexScan.run(
            json,
            onPack: { packs.append(IndexPack(id: $0, blobs: [])) },
            onBlob: { _, blob in packs[packs.count - 1].blobs.append(blob) }
        )
        return Self(supersedes: supersedes, packs: packs)
    }

    /// Reads the opened file without building it: calls `visit` with every blob and the pack it lies in, in the order
    /// of the file.
    ///
    /// - Throws: as ``decode(_:)-(UnsafeRawBufferPointer)``; blobs before the fault have been visited then.
    public static func scan(
        _ json: UnsafeRawBufferPointer,
        _ visit: (_ pack: ResticID, _ blob: PackedBlob) -> Void
    ) throws(ResticFormatError) {
        _ = try IndexScan.run(json, onPack: { _ in }, onBlob: visit)
    }
}

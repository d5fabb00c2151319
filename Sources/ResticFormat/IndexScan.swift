/// One pass over an index file.
enum IndexScan {
    /// Calls `onPack` with every pack, then `onBlob` with each of its blobs; returns the index files superseded.
    @inline(__always)
    static func run(
        _ json: UnsafeRawBufferPointer,
        onPack: (ResticID) -> Void,
        onBlob: (ResticID, PackedBlob) -> Void
    ) throws(ResticFormatError) -> [ResticID] {
        var supersedes: [ResticID] = []
        try IndexFile.scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "supersedes":
                try scanner.array { scanner throws(ResticFormatError) in supersedes.append(try scanner.id()) }
            case "packs":
                try scanner.array { scanner throws(ResticFormatError) in try pack(&scanner, onPack, onBlob) }
            default: try scanner.skip()
            }
        }
        return supersedes
    }

    private static func pack(
        _ scanner: inout JSONScanner,
        _ onPack: (ResticID) -> Void,
        _ onBlob: (ResticID, PackedBlob) -> Void
    ) throws(ResticFormatError) {
        var id: ResticID?
        var deferred: UnsafeRawBufferPointer?
        var hasBlobs = false
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "id":
                guard id == nil else {
                    throw ResticFormatError(.malformed, "a pack in an index file has two identifiers")
                }
                let name = try scanner.id()
                id = name
                onPack(name)
            case "blobs":
                guard !hasBlobs else {
                    throw ResticFormatError(.malformed, "a pack in an index file has two lists of blobs")
                }
                hasBlobs = true
                // Whoever writes the list first makes us come back to it: a blob without its pack is of no use.
                if let id { try blobs(&scanner, of: id, onBlob) } else { deferred = try scanner.skip() }
            default: try scanner.skip()
            }
        }
        guard let id else { throw ResticFormatError(.malformed, "a pack in an index file has no identifier") }
        if let deferred {
            var scanner = JSONScanner(deferred)
            try blobs(&scanner, of: id, onBlob)
        }
    }

    private static func blobs(
        _ scanner: inout JSONScanner,
        of pack: ResticID,
        _ onBlob: (ResticID, PackedBlob) -> Void
    ) throws(ResticFormatError) {
        try scanner.array { scanner throws(ResticFormatError) in onBlob(pack, try blob(&scanner)) }
    }

    private static func blob(_ scanner: inout JSONScanner) throws(ResticFormatError) -> PackedBlob {
        var id: ResticID?
        var type: BlobType?
        var offset: UInt32 = 0
        var length: UInt32 = 0
        var uncompressedLength: UInt32 = 0
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "id": id = try scanner.id()
            case "type": type = try blobType(&scanner)
            case "offset": offset = try scanner.unsigned()
            case "length": length = try scanner.unsigned()
            case "uncompressed_length": uncompressedLength = try scanner.unsigned()
            default: try scanner.skip()
            }
        }
        guard let id, let type else {
            throw ResticFormatError(.malformed, "a blob in an index file lacks its identifier or its type")
        }
        guard length >= PackedBlob.sealingOverhead, !offset.addingReportingOverflow(length).overflow else {
            throw ResticFormatError(
                .outOfRange,
                "an index file places blob \(id.short) at \(offset) with a length of \(length)"
            )
        }
        return PackedBlob(
            id: id,
            type: type,
            offset: offset,
            length: length,
            uncompressedLength: uncompressedLength == 0 ? nil : uncompressedLength
        )
    }

    private static func blobType(_ scanner: inout JSONScanner) throws(ResticFormatError) -> BlobType {
        switch try scanner.string() {
        case "data": return .data
        case "tree": return .tree
        default: throw scanner.failure("the type data or tree before this")
        }
    }
}

internal import ResticFormat

/// What one index file says, as bytes that are read a hundred times faster than its JSON: the form in which index files are
/// cached.
///
/// All numbers are little endian, nothing is aligned.
///
/// | offset | length | what |
/// | --- | --- | --- |
/// | 0 | 8 | `hfindex1`: the form and its version |
/// | 8 | 32 | the id of the index file |
/// | 40 | 4 | p, the number of packs |
/// | 44 | 4 | b, the number of blobs |
/// | 48 | p × 36 | of each pack its id (32) and the number of its blobs (4), which add up to b |
/// | 48 + p × 36 | b × 45 | of each blob, pack by pack, its id (32), offset (4), sealed length (4), plaintext length when compressed, else 0 (4), type (1: 0 data, 1 tree) |
///
/// Another version gets another mark, and older caches are built again.
struct CompactIndex: Sendable {
    static let mark = Array("hfindex1".utf8)
    static let headerLength = 48
    static let packLength = ResticID.byteCount + 4
    static let blobLength = ResticID.byteCount + 13

    /// The bytes in the form above.
    let bytes: [UInt8]
    let packCount: Int
    let blobCount: Int

    /// Takes what an index file says from its JSON.
    ///
    /// - Throws: `ResticFormatError` when it is no index.
    init(json: UnsafeRawBufferPointer, id: ResticID) throws {
        var packs: [UInt8] = []
        var blobs: [UInt8] = []
        // An entry takes 130 to 170 bytes in JSON.
        blobs.reserveCapacity(json.count / 130 * Self.blobLength)
        var current: (id: ResticID, count: UInt32)?
        var packCount = 0
        func closePack() {
            guard let pack = current else { return }
            packs.append(pack.id)
            packs.append(pack.count)
            packCount += 1
        }
        try IndexFile.scan(json) { pack, blob in
            if current?.id != pack {
                closePack()
                current = (pack, 0)
            }
            current?.count += 1
            blobs.append(blob.id)
            blobs.append(blob.offset)
            blobs.append(blob.length)
            blobs.append(blob.uncompressedLength ?? 0)
            blobs.append(blob.type.rawValue)
        }
        closePack()
        self.packCount = packCount
        blobCount = blobs.count / Self.blobLength
        var bytes = Self.mark
        bytes.reserveCapacity(Self.headerLength + packs.count + blobs.count)
        bytes.append(id)
        bytes.append(UInt32(packCount))
        bytes.append(UInt32(blobCount))
        bytes.append(contentsOf: packs)
        bytes.append(contentsOf: blobs)
        self.bytes = bytes
    }

    /// Takes bytes in the form above.
    ///
    /// - Returns: `nil` unless they are exactly that, and about the index file `id`.
    init?(bytes: [UInt8], id: ResticID) {
        guard bytes.count >= Self.headerLength, bytes.starts(with: Self.mark) else { return nil }
        let counts: (packs: Int, blobs: Int)? = bytes.withUnsafeBytes { raw in
            guard raw.id(at: 8) == id else { return nil }
            let (packs, blobs) = (Int(raw.number(at: 40)), Int(raw.number(at: 44)))
            // Neither product overflows: the factors have 32 and 6 bits.
            guard raw.count == Self.headerLength + packs * Self.packLength + blobs * Self.blobLength else { return nil }
            var sum = 0
            for pack in 0..<packs {
                sum += Int(raw.number(at: Self.headerLength + pack * Self.packLength + ResticID.byteCount))
            }
            let firstBlob = Self.headerLength + packs * Self.packLength
            let typesAreKnown = (0..<blobs).allSatisfy { raw[firstBlob + $0 * Self.blobLength + 44] <= 1 }
            return sum == blobs && typesAreKnown ? (packs, blobs) : nil
        }
        guard let counts else { return nil }
        self.bytes = bytes
        (packCount, blobCount) = counts
    }

    /// Visits every pack, and after it its blobs.
    func forEach(pack visitPack: (ResticID) -> Void, blob visitBlob: (PackedBlob) -> Void) {
        bytes.withUnsafeBytes { raw in
            var position = Self.headerLength + packCount * Self.packLength
            for pack in 0..<packCount {
                let start = Self.headerLength + pack * Self.packLength
                visitPack(raw.id(at: start))
                for _ in 0..<raw.number(at: start + ResticID.byteCount) {
                    visitBlob(Self.blob(raw, at: position))
                    position += Self.blobLength
                }
            }
        }
    }

    @inline(__always)
    private static func blob(_ raw: UnsafeRawBufferPointer, at position: Int) -> PackedBlob {
        let uncompressed = raw.number(at: position + 40)
        return PackedBlob(
            id: raw.id(at: position),
            type: raw[position + 44] == 0 ? .data : .tree,
            offset: raw.number(at: position + 32),
            length: raw.number(at: position + 36),
            uncompressedLength: uncompressed == 0 ? nil : uncompressed
        )
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: UInt32) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ id: ResticID) {
        id.withBytes { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func number(at offset: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    fileprivate func id(at offset: Int) -> ResticID {
        ResticID(bytes: UnsafeRawBufferPointer(rebasing: self[offset..<(offset + ResticID.byteCount)]))
    }
}

/// The block of 512 bytes in front of each member: where its fields lie and how they read.
///
/// Layout: GNU tar manual, "Basic Tar Format" (`struct posix_header`, `struct oldgnu_header`).
struct HeaderBlock {
    static let byteCount = 512

    /// Byte ranges of the fields.
    enum Field {
        static let name = 0..<100
        static let mode = 100..<108
        static let uid = 108..<116
        static let gid = 116..<124
        static let size = 124..<136
        static let modificationTime = 136..<148
        static let checksum = 148..<156
        static let type = 156
        static let magic = 257..<265
        /// POSIX only. Old GNU has times and the sparse map there.
        static let prefix = 345..<500
        /// Old GNU only: four extents.
        static let sparseExtents = 386..<482
        static let sparseExtensionFollows = 482
        static let realSize = 483..<495
    }

    /// What kind of member follows.
    enum MemberType: UInt8 {
        case fileOfOldTar = 0
        case file = 0x30  // 0
        case directory = 0x35  // 5
        case longName = 0x4C  // L
        case sparseFile = 0x53  // S
    }

    /// The dialect.
    enum Magic {
        case gnu, posix

        /// `ustar`, two spaces, NUL.
        static let gnuBytes = Array("ustar  \0".utf8)
        /// `ustar`, NUL, version 00.
        static let posixBytes = Array("ustar\u{0}00".utf8)
    }

    var bytes: [UInt8]

    /// An empty header.
    init() {
        bytes = Array(repeating: 0, count: Self.byteCount)
    }

    /// Takes a block of exactly 512 bytes.
    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "a tar header has 512 bytes")
        self.bytes = bytes
    }

    /// Blocks of zeros are no headers: two of them end the archive.
    var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// The sum of all bytes, those of the checksum itself counted as spaces.
    var computedChecksum: Int64 {
        let all = bytes.reduce(Int64(0)) { $0 + Int64($1) }
        let own = bytes[Field.checksum].reduce(Int64(0)) { $0 + Int64($1) }
        return all - own + 8 * 0x20
    }

    /// Sums of signed bytes, as some tars of the 1980s made them, are not accepted; Qdrant's reader does not either.
    var checksumMatches: Bool { number(Field.checksum) == .value(computedChecksum) }

    /// The dialect, `nil` for any other, among them tar before 1988, which has none.
    var magic: Magic? {
        let magic = bytes[Field.magic]
        if magic.elementsEqual(Magic.gnuBytes) { return .gnu }
        return magic.elementsEqual(Magic.posixBytes) ? .posix : nil
    }

    func number(_ field: Range<Int>) -> TarNumber { TarNumber(bytes[field]) }

    /// A name field: ends at the first NUL, or at the end of the field.
    func text(_ field: Range<Int>) -> [UInt8] { Array(bytes[field].prefix { $0 != 0 }) }

    mutating func set(_ field: Range<Int>, to value: some Collection<UInt8>) {
        bytes.replaceSubrange(field.lowerBound..<(field.lowerBound + value.count), with: value)
    }

    mutating func setNumber(_ value: Int64, in field: Range<Int>, name: String) throws(TarError) {
        guard let encoded = TarNumber.encode(value, width: field.count) else {
            throw TarError(.invalidNumber, "the \(name) \(value) does not fit a tar header")
        }
        set(field, to: encoded)
    }

    /// Six digits, NUL, space: the form all tars write.
    mutating func sealChecksum() {
        let digits = String(computedChecksum, radix: 8)
        let padded = String(repeating: "0", count: 6 - digits.count) + digits
        set(Field.checksum, to: Array(padded.utf8) + [0, 0x20])
    }
}

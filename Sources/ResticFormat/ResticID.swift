/// The name of everything in a restic repository: a SHA-256 hash of 32 bytes.
///
/// Blobs are named by the hash of their plaintext, files by the hash of what is stored (restic doc/design.rst, section Overview).
/// The bytes are kept inline as four big-endian words, so that comparing two identifiers compares their bytes in order.
public struct ResticID: Hashable, Sendable {
    /// The length of an identifier in bytes.
    public static let byteCount = 32
    /// The length of an identifier in hexadecimal digits.
    public static let hexCount = 64

    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    /// Takes the 32 bytes of `bytes`; any other length is a programming error.
    public init(bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount, "an identifier has 32 bytes")
        word0 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        word1 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        word2 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        word3 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    /// Takes 32 bytes.
    ///
    /// - Returns: `nil` when there are fewer or more.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let id = bytes.withContiguousStorageIfAvailable { Self(bytes: UnsafeRawBufferPointer($0)) }
        self = id ?? Array(bytes).withUnsafeBytes { Self(bytes: $0) }
    }

    /// Reads 64 lower-case hexadecimal digits, the form of file names and of JSON.
    ///
    /// - Returns: `nil` for any other length or character.
    public init?(hex: some StringProtocol) {
        let fast = hex.utf8.withContiguousStorageIfAvailable { Self(hexDigits: UnsafeRawBufferPointer($0)) }
        guard let id = fast ?? Array(hex.utf8).withUnsafeBytes({ Self(hexDigits: $0) }) else { return nil }
        self = id
    }

    /// Reads 64 lower-case hexadecimal digits in ASCII.
    ///
    /// - Returns: `nil` for any other length or byte.
    package init?(hexDigits digits: UnsafeRawBufferPointer) {
        guard digits.count == Self.hexCount,
            let first = Self.word(digits, at: 0), let second = Self.word(digits, at: 16),
            let third = Self.word(digits, at: 32), let fourth = Self.word(digits, at: 48)
        else { return nil }
        (word0, word1, word2, word3) = (first, second, third, fourth)
    }

    /// The word of the sixteen digits from `offset`.
    @inline(__always)
    private static func word(_ digits: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
        var word: UInt64 = 0
        var invalid: UInt8 = 0
        for index in offset..<(offset &+ 16) {
            let value = Hexadecimal.lowerCaseValue(digits[index])
            invalid |= value
            word = word &<< 4 | UInt64(value & 0x0F)
        }
        return invalid & 0xF0 == 0 ? word : nil
    }

    /// Whether all bytes are zero, which restic never uses as a name.
    public var isZero: Bool { word0 | word1 | word2 | word3 == 0 }

    /// The identifier that is no hash of anything: 32 zero bytes.
    package static let zero = ResticID(word0: 0, word1: 0, word2: 0, word3: 0)

    /// The first eight bytes as a number: for hash tables, since identifiers are uniformly distributed.
    package var leadingWord: UInt64 { word0 }

    /// Draws an identifier.
    package static func random(using generator: inout some RandomNumberGenerator) -> ResticID {
        ResticID(word0: generator.next(), word1: generator.next(), word2: generator.next(), word3: generator.next())
    }

    private init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Feeds only the first word: identifiers are hashes already, and as evenly spread as any hash of them would be.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(word0)
    }

    /// Writes the 32 bytes to the start of `buffer`, which must have room for them.
    public func write(to buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.byteCount, "an identifier has 32 bytes")
        buffer.storeBytes(of: word0.bigEndian, toByteOffset: 0, as: UInt64.self)
        buffer.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
        buffer.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt64.self)
        buffer.storeBytes(of: word3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// Calls `body` with the 32 bytes, which are valid only during the call.
    public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return try Swift.withUnsafeBytes(of: words, body)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }
}

extension ResticID: Comparable {
    /// Compares the bytes in order.
    public static func < (left: Self, right: Self) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }
}

extension ResticID: CustomStringConvertible {
    /// The 64 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: Self.hexCount) { buffer in
            writeHex(to: UnsafeMutableRawBufferPointer(buffer))
            return Self.hexCount
        }
    }

    /// The first eight digits, the form in which restic prints an identifier.
    public var short: String { String(hex.prefix(8)) }

    public var description: String { hex }

    /// Writes the 64 digits in ASCII to the start of `buffer`, which must have room for them.
    package func writeHex(to buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= Self.hexCount, "an identifier has 64 digits")
        withBytes { bytes in
            for index in 0..<Self.byteCount {
                buffer[index &* 2] = Hexadecimal.digit(bytes[index] &>> 4)
                buffer[index &* 2 &+ 1] = Hexadecimal.digit(bytes[index] & 0x0F)
            }
        }
    }
}

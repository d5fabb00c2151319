internal import Crypto
internal import Foundation

/// The secret by which a change of configuration is noticed without opening anything: HMAC-SHA-256 under keys that are derived
/// from it (decision 0016).
///
/// Random, made by the first backup of a system's configuration, and kept in the repository beside what is sealed: whoever
/// opens the repository can compare, and can also try guesses of a value; whoever only has the repository's files can do
/// neither. It opens nothing.
struct DigestKey: Sendable {
    /// Where it lies in the snapshot.
    static let path = "configuration/digest-key.json"
    /// The longest file of it that is read, in bytes.
    static let maximumByteCount = 4096
    private static let length = 32

    private struct File: Codable {
        var format: Int
        var key: Data
    }

    private let bytes: [UInt8]
    private let contents: SymmetricKey
    private let values: SymmetricKey

    /// Makes a new one.
    init(system: String) {
        let random = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        self.init(random, system: system)
    }

    private init(_ bytes: [UInt8], system: String) {
        self.bytes = bytes
        let input = SymmetricKey(data: bytes)
        func derive(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: input,
                salt: Array(system.utf8),
                info: Array("holdfast configuration digest 1: \(purpose)".utf8),
                outputByteCount: Self.length
            )
        }
        contents = derive("contents")
        values = derive("values")
    }

    /// Reads what ``encode()`` made.
    ///
    /// - Throws: `Unreadable` for everything else.
    init(reading text: [UInt8], system: String) throws(SealedIndex.Unreadable) {
        guard text.count <= Self.maximumByteCount, let file = try? JSONDecoder().decode(File.self, from: Data(text)),
            file.key.count == Self.length
        else { throw SealedIndex.Unreadable(reason: "its digest key cannot be read") }
        guard file.format == 1 else {
            throw SealedIndex.Unreadable(reason: "its digest key has format \(file.format), newer than this program")
        }
        self.init(Array(file.key), system: system)
    }

    /// One line of JSON.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(File(format: 1, key: Data(bytes)))) + [UInt8(ascii: "\n")]
    }

    /// Whether digests of both can be compared.
    func isSame(as other: DigestKey) -> Bool { bytes == other.bytes }

    // MARK: Digests

    /// The digest of a file's content, taken as it comes. Equal contents of two files have different digests.
    struct ContentDigest {
        private var code: HMAC<SHA256>

        fileprivate init(_ key: SymmetricKey, _ names: [String]) {
            code = HMAC(key: key)
            for name in names { code.update(data: DigestKey.framed(name)) }
        }

        mutating func update(_ bytes: some ContiguousBytes) {
            bytes.withUnsafeBytes { code.update(data: $0) }
        }

        /// 64 hexadecimal digits.
        func finish() -> String { DigestKey.hex(code.finalize()) }
    }

    func contentDigest(set: String, path: String) -> ContentDigest {
        ContentDigest(contents, [set, path])
    }

    func digest(ofContent content: [UInt8], set: String, path: String) -> String {
        var digest = contentDigest(set: set, path: path)
        digest.update(content)
        return digest.finish()
    }

    /// The digest of a key's value. The same value under two names has different digests, so that equal secrets do not show.
    func digest(ofValue value: [UInt8], of name: String, set: String, path: String) -> String {
        var code = HMAC<SHA256>(key: values)
        for part in [set, path, name] { code.update(data: Self.framed(part)) }
        code.update(data: value)
        return Self.hex(code.finalize())
    }

    /// With its length in front, so that no two lists of names read the same.
    private static func framed(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return withUnsafeBytes(of: UInt64(bytes.count).littleEndian, Array.init) + bytes
    }

    private static func hex(_ code: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension DigestKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Not the key.
    var description: String { "<redacted>" }
    /// Not the key.
    var debugDescription: String { "<redacted>" }
    /// Shows no contents.
    var customMirror: Mirror { Mirror(self, children: []) }
}

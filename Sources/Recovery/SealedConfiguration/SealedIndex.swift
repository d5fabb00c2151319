internal import Foundation
internal import ResticFormat
internal import ResticRepository

/// What is known of a set of sealed files without opening them: `configuration/<set>/index.json`.
///
/// The JSON is a documented contract (`docs/reference/restore-point.md`). It holds nothing that differs between two backups of the
/// same files, so that an unchanged set is not stored again.
struct SealedIndex: Sendable, Hashable, Codable {
    /// The version that this program writes, and the newest that it reads.
    static let formatVersion = 1
    /// The longest one that is read, in bytes.
    static let maximumByteCount = 32 << 20

    /// A key in a file.
    struct Key: Sendable, Hashable, Codable {
        var name: String
        /// Of its value; see ``DigestKey``.
        var digest: String
    }

    /// A folder that files are in; `path` is empty for the set's own.
    struct Folder: Sendable, Hashable, Codable {
        var path: String
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
    }

    /// A file.
    struct File: Sendable, Hashable, Codable {
        /// Its path in the set's folder.
        var path: String
        /// Where it lies sealed, below the set's folder in the snapshot.
        var sealed: String
        /// Its length sealed, in bytes.
        var sealedBytes: Int64
        /// Its length, in bytes.
        var size: Int64
        /// The twelve permission bits.
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
        /// RFC 3339, to the nanosecond.
        var mtime: String
        /// Of its content; see ``DigestKey``.
        var digest: String
        /// How its keys are written; `nil` when none were read.
        var syntax: ConfigurationKeys.Syntax?
        /// In the order of their names.
        var keys: [Key]
    }

    var format: Int
    var set: String
    /// The absolute path of the folder.
    var path: String
    /// The patterns by which the files were chosen.
    var patterns: [String]
    /// Patterns of what is left out.
    var excluded: [String]
    var sealing: SealedSetSummary.Format
    var recipients: [String]
    var folders: [Folder]
    /// In the order of their paths.
    var files: [File]

    /// A set's folder in the snapshot.
    static func folder(of set: String) -> String { "configuration/\(set)" }
    /// Where the index of a set lies in the snapshot.
    static func path(of set: String) -> String { folder(of: set) + "/index.json" }
    /// Where a sealed file lies in the snapshot.
    func path(of file: File) -> String { Self.folder(of: set) + "/" + file.sealed }
}

extension SealedIndex {
    /// Why bytes cannot be used.
    struct Unreadable: Error {
        /// The end of a sentence about the restore point.
        let reason: String
    }

    /// One line of JSON, keys sorted.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads an index.
    ///
    /// - Throws: ``Unreadable`` when it is not such JSON, of a newer format, names a path outside of its folder, or holds what
    ///   no backup can have written.
    init(reading bytes: [UInt8]) throws(Unreadable) {
        guard bytes.count <= Self.maximumByteCount, var index = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else { throw Unreadable(reason: "the index of a set cannot be read") }
        guard index.format == Self.formatVersion else {
            throw Unreadable(reason: "the index of a set has format \(index.format), newer than this program")
        }
        guard ConfigurationDecoder.isName(index.set), index.path.hasPrefix("/"), !index.path.utf8.contains(0) else {
            throw Unreadable(reason: "the index of a set has an impossible name or folder")
        }
        guard index.folders.allSatisfy({ ($0.path.isEmpty || Self.isInside($0.path)) && $0.mode <= 0o7777 }) else {
            throw Unreadable(reason: "the index of set '\(index.set)' names an impossible folder")
        }
        guard index.files.allSatisfy(\.isPossible), Set(index.files.map(\.path)).count == index.files.count,
            index.files.reduce(into: Int64?(0), { sum, file in sum = sum.flatMap { $0.adding(file) } }) != nil
        else { throw Unreadable(reason: "the index of set '\(index.set)' names an impossible file") }
        // An earlier version took more for names than may be shown.
        for place in index.files.indices {
            index.files[place].keys.removeAll { !KeyName.isPlausiblePath($0.name) }
        }
        self = index
    }

    /// Whether a path stays in the folder that it is appended to.
    static func isInside(_ path: String) -> Bool {
        path.utf8.count <= 4096
            && path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy { (try? Node.checkName(Array($0))) != nil }
    }
}

extension SealedIndex.File {
    fileprivate var isPossible: Bool {
        let isHex: (String) -> Bool = { ResticID(hex: $0) != nil }
        return SealedIndex.isInside(path) && SealedIndex.isInside(sealed) && size >= 0 && sealedBytes >= 0
            && mode <= 0o7777 && modified != nil && isHex(digest)
            && keys.allSatisfy {
                isHex($0.digest) && !$0.name.isEmpty && $0.name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            }
    }

    /// ``mtime`` as a time.
    var modified: GoTime? { GoTime(rfc3339: mtime) }
}

extension Int64 {
    fileprivate func adding(_ file: SealedIndex.File) -> Int64? {
        let (first, one) = addingReportingOverflow(file.size)
        let (second, two) = first.addingReportingOverflow(file.sealedBytes)
        return one || two ? nil : second
    }
}

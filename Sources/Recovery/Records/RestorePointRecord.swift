internal import Foundation

/// Something that became known, or was decided, about a restore point after it was made.
///
/// Stored as `holdfast/record.json` in a snapshot of its own, never changed, removed with its restore point. What forgetting needs to
/// know is in the snapshot's tags as well (``RecordMark``), so that it does not depend on this file. The JSON is a documented
/// contract (`docs/reference/restore-point.md`).
public struct RestorePointRecord: Sendable, Hashable, Codable {
    /// The version that this program writes, and the newest that it reads.
    public static let formatVersion = 1
    /// Where it lies in its snapshot.
    public static let path = "holdfast/record.json"
    /// The longest record that is read or written, in bytes.
    public static let maximumByteCount = 16 << 20

    /// What it tells.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// How a drill or a recovery ended.
        case proof
        /// The restore point is not to be forgotten.
        case pin
        /// Pins that hold no longer.
        case unpin
    }

    /// The version of this file.
    public var format: Int
    /// The record's id: 8 hex digits.
    public var id: String
    /// What it tells.
    public var kind: Kind
    /// The restore point that it was made about. In a repaired copy of that one the tag `rp:ID` names another: the tag counts.
    public var restorePoint: String
    /// The protected system's name.
    public var system: String
    /// When it was made, RFC 3339.
    public var madeAt: String
    /// The login name of whoever made it.
    public var user: String
    /// The machine on which it was made.
    public var host: String
    /// The program and its version.
    public var tool: String
    /// How the drill or recovery ended; only of a proof.
    public var proof: Proof?
    /// Why, in the words of whoever pinned or unpinned it; `nil` when nothing was said.
    public var reason: String?
    /// The ids of the pins that an unpin takes back.
    public var revokes: [String]?

    /// Why bytes are no record that can be used.
    struct Unreadable: Error {
        /// The end of a sentence about the record.
        let reason: String
        var cause: (any Error)?
    }

    /// The record's bytes: JSON, keys sorted, one line.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads a record's bytes.
    ///
    /// - Throws: ``Unreadable`` when they are not such JSON, or of a newer format.
    static func decode(_ bytes: [UInt8]) throws -> RestorePointRecord {
        struct Version: Decodable { let format: Int }
        let record: RestorePointRecord
        do {
            // First: a newer format may have kinds that this program does not know.
            let format = try JSONDecoder().decode(Version.self, from: Data(bytes)).format
            guard format <= formatVersion else {
                throw Unreadable(reason: "it has format \(format), newer than this program")
            }
            record = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch let error as Unreadable {
            throw error
        } catch {
            throw Unreadable(reason: "it is no such JSON", cause: error)
        }
        return record
    }
}

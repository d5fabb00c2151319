internal import Foundation

extension RestorePointManifest {
    /// Why bytes are no manifest that can be used.
    struct Unreadable: Error {
        /// The end of a sentence about the manifest.
        let reason: String
        var cause: (any Error)?
    }

    /// The manifest's bytes: JSON, keys sorted, one line.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads the manifest's bytes.
    ///
    /// - Throws: ``Unreadable`` when they are not such JSON, of a newer format, or hold a number that no backup can have
    ///   counted: sums of them must not overflow.
    init(reading bytes: [UInt8]) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw Unreadable(reason: "its manifest cannot be read", cause: error)
        }
        guard format <= Self.formatVersion else {
            throw Unreadable(reason: "its manifest has format \(format), newer than this program")
        }
        guard id.utf8.count == 8, id.utf8.allSatisfy({ Self.digits.contains($0) }) else {
            throw Unreadable(reason: "its id is not 8 hexadecimal digits")
        }
        guard hasPossibleNumbers else { throw Unreadable(reason: "its manifest holds impossible numbers") }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Whether nothing is below zero and everything together fits 63 bits.
    private var hasPossibleNumbers: Bool {
        var total: Int64 = 0
        for number in parts.flatMap(\.numbers) {
            let (sum, overflow) = total.addingReportingOverflow(number)
            guard number >= 0, !overflow else { return false }
            total = sum
        }
        return true
    }
}

extension RestorePointManifest.Part {
    /// Every number in this part.
    fileprivate var numbers: [Int64] {
        [Int64(files), bytes] + collections.flatMap(\.numbers) + folders.flatMap(\.numbers)
            + (sets ?? []).flatMap { [Int64($0.files), $0.bytes, $0.sealedBytes] }
            + (checkouts ?? []).flatMap(\.numbers) + (storage?.numbers ?? [])
    }
}

extension RestorePointManifest.StorageSummary {
    fileprivate var numbers: [Int64] {
        [Int64(files), Int64(directories), Int64(otherItems), bytes, dataBytes]
            + collections.flatMap { [Int64($0.shards), Int64(clamping: $0.points ?? 0)] }
    }
}

extension RestorePointManifest.CheckoutSummary {
    fileprivate var numbers: [Int64] {
        [
            Int64(commits), Int64(changedFiles), Int64(untrackedFiles), Int64(leftOut), Int64(submodules),
            Int64(bundles), bundleBytes,
        ]
    }
}

extension RestorePointManifest.CollectionSummary {
    fileprivate var numbers: [Int64] {
        let lists = lineage.map { [$0.withPoints, $0.withoutPoints, $0.withoutDocument] } ?? []
        return [
            Int64(clamping: points), Int64(shards), Int64(goldenQueries), Int64(files), bytes, dataBytes,
        ] + lists.map { Int64($0.total) }
    }
}

extension RestorePointManifest.FolderSummary {
    fileprivate var numbers: [Int64] {
        let counts = (extensions ?? [:]).values
        return [Int64(files), Int64(directories), Int64(otherItems), bytes] + counts.map { Int64($0.files) }
            + counts.map(\.bytes)
    }
}

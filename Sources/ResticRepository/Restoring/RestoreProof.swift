internal import Locks
internal import ResticCrypto
internal import ResticFormat

/// What a restore remembers of each blob that it has read, decrypted and found to have the hash that is its name: a
/// fingerprint, so that the comparison afterwards need not hash the same bytes again.
///
/// The comparison reads back what is on the disk all the same; only what it compares that with is cheaper to compute.
final class RestoreProof: Sendable {
    /// `nil` when there is no randomness to be had: then the comparison hashes.
    let key = try? ContentFingerprint.Key()
    private let known = Mutex<[ResticID: ContentFingerprint]>([:])

    /// How many blobs are remembered; those that come later are hashed. About 20 MB.
    private static let limit = 1 << 18

    /// Remembers blobs whose content was compared with their ids.
    func remember(_ blobs: [(ResticID, ContentFingerprint)]) {
        known.withLock { known in
            for (id, fingerprint) in blobs where known.count < Self.limit { known[id] = fingerprint }
        }
    }

    /// The fingerprint of a blob's true content, or `nil` when it is not known.
    func fingerprint(of id: ResticID) -> ContentFingerprint? {
        known.withLock { $0[id] }
    }

    /// A fingerprinter for one worker, or `nil` when the comparison hashes.
    func makeFingerprinter() -> ContentFingerprinter? {
        key.flatMap { try? ContentFingerprinter(key: $0) }
    }
}

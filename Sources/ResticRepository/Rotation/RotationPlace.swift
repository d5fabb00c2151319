internal import NIOCore
public import ObjectStorage

/// Where a rotation happens: the configured location, and beside it a place for the repository that is to take it.
///
/// Stores go by place, not by content: after an exchange, ``current`` shows what ``next`` showed before. Each step is done or not done
/// when a process dies in it, and is durable when it returns.
public protocol RotationPlace: Sendable {
    /// The configured location.
    var current: any ObjectStore { get }
    /// The place beside it.
    var next: any ObjectStore { get }

    /// Exchanges the two in one step.
    ///
    /// - Returns: `false`, with nothing done, where that cannot be done in one step.
    func exchange() async throws -> Bool
    /// Moves what is at the configured location to a new name that says that it is retired, and leaves nothing there.
    func retireCurrent() async throws -> any ObjectStore
    /// Moves what is beside the configured location there; nothing may be there.
    func promoteNext() async throws
    /// Moves what is beside the configured location to a new name that says that it is retired.
    func retireNext() async throws -> any ObjectStore
}

/// How far a rotation has come, from what is there: no step is remembered anywhere else.
public enum RotationState: Sendable, Hashable {
    /// None has begun.
    case idle
    /// The new repository is being filled.
    case filling
    /// The new repository is beside the empty configured location: the first of two renames is done.
    case halfSwitched
    /// The new repository is at the configured location, the old one beside it.
    case exchanged
    /// Only the journal is left to be removed.
    case retired
}

/// The journal of a rotation: one small file in the new repository, there from before its first key until the old repository is
/// out of the way. Not sealed, for what to do next must be known before a password is; it holds no secret.
struct RotationJournal: Sendable, Hashable {
    /// Beside restic's own files; restic passes over what it does not know.
    static let key: ObjectKey = {
        guard let key = ObjectKey("holdfast/rotation") else { preconditionFailure("not a key") }
        return key
    }()

    private static let mark = "holdfast rotation 1\nsuccessor of "

    /// The id of the repository whose place the new one takes.
    let predecessor: String

    init(predecessor: String) {
        self.predecessor = predecessor
    }

    /// - Returns: `nil` when `bytes` are no journal.
    init?(_ bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix(Self.mark), text.hasSuffix("\n") else { return nil }
        predecessor = String(text.dropFirst(Self.mark.count).dropLast())
    }

    var bytes: [UInt8] { Array("\(Self.mark)\(predecessor)\n".utf8) }

    /// - Returns: `nil` when there is none in the store, or no store.
    static func read(from store: any ObjectStore) async throws -> RotationJournal? {
        do {
            return RotationJournal(try await store.get(key, range: nil).readableBytesView)
        } catch let error as ObjectStoreError where error.code == .notFound || error.code == .locationMissing {
            return nil
        }
    }
}

internal import NIOCore

/// Tries what the identity in use may do in a store, with one small object under ``folder``, and takes it away again where it may.
///
/// What may be missing is no failure: an identity that cannot delete is what protects backups from whoever steals it.
public struct StoreTrial: Sendable {
    /// What is tried, in this order.
    public enum Right: String, Sendable, Hashable, CaseIterable, Encodable {
        /// Store a new object.
        case put
        /// Read it back.
        case get
        /// See it in a listing.
        case list
        /// Put another in its place.
        case overwrite
        /// Remove it.
        case delete
    }

    /// What came of one trial.
    public enum Result: Sendable, Hashable {
        /// It can be done.
        case allowed
        /// The store refuses it to this identity.
        case refused
        /// Nothing to try it on: an earlier right is missing.
        case untried
        /// It went wrong otherwise: the store's sentence.
        case failed(String)
    }

    /// Where the object lies: beside the repository's files, in a folder that restic does not look at.
    public static let folder = "holdfast/doctor"

    /// What came of each.
    public private(set) var results: [Right: Result] = [:]
    /// The key of what could not be taken away; `nil` when nothing is left.
    public private(set) var leftover: ObjectKey?

    /// Tries all rights.
    ///
    /// - Parameter name: a name for the object that no other run has.
    /// - Throws: `CancellationError`.
    public init(of store: some ObjectStore, name: String) async throws {
        guard let key = ObjectKey("\(Self.folder)/\(name)"), let folder = ObjectKey(Self.folder) else {
            preconditionFailure("'\(name)' cannot be the name of an object")
        }
        let (first, second) = (ByteBuffer(string: "a trial of holdfast doctor\n"), ByteBuffer(string: "another\n"))
        var content: ByteBuffer?
        if try await attempt(.put, { try await store.put(first, at: key, policy: .refuseExisting) }) { content = first }
        if content != nil {
            try await attempt(.get) {
                guard try await store.get(key, range: nil) == first else {
                    throw ObjectStoreError(.corrupted, "'\(key)' came back as something else")
                }
            }
        }
        try await attempt(.list) {
            var isThere = false
            try await store.list(under: folder) { page in isThere = isThere || page.contains { $0.key == key } }
            guard isThere || content == nil || !store.capabilities.listsImmediately else {
                throw ObjectStoreError(.corrupted, "'\(key)' is not listed")
            }
        }
        guard content != nil else { return }
        try await attempt(.overwrite) { try await store.put(second, at: key, policy: .replaceExisting) }
        if try await !attempt(.delete, { _ = try await store.delete(key) }) { leftover = key }
    }

    /// - Returns: whether it worked.
    @discardableResult
    private mutating func attempt(_ right: Right, _ work: () async throws -> Void) async throws -> Bool {
        do {
            try await work()
            results[right] = .allowed
        } catch let error as ObjectStoreError where error.code == .permissionDenied || error.code == .readOnly {
            results[right] = .refused
        } catch let error as ObjectStoreError {
            results[right] = .failed(error.message)
        }
        return results[right] == .allowed
    }

    /// What came of a right.
    public subscript(right: Right) -> Result { results[right] ?? .untried }
}

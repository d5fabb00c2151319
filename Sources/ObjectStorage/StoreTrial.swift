internal import Glibc
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
        /// Store one that is retained, and extend its retention. This and the next ones only where the store retains what is written.
        case retain
        /// Retain it for shorter: what a store must refuse to everybody.
        case shorten
        /// See older versions of what was removed.
        case versions
        /// Remove those for good.
        case erase
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
    /// What was to be tried, in this order.
    public private(set) var rights: [Right] = [.put, .get, .list, .overwrite, .delete]
    /// The key of what could not be taken away; `nil` when nothing is left.
    public private(set) var leftover: ObjectKey?

    /// For how many seconds the object of a trial is retained, and by how many that is extended.
    private static let (seconds, extensionSeconds): (Int64, Int64) = (6, 3)

    /// Tries all rights.
    ///
    /// - Parameters:
    ///   - name: a name for the object that no other run has.
    ///   - now: the time of day in seconds since 1970.
    ///   - sleep: waits.
    /// - Throws: `CancellationError`.
    public init(
        of store: some ObjectStore,
        name: String,
        now: () -> Int64 = StoreTrial.systemTime,
        sleep: (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) async throws {
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
        if store.retaining != nil { rights += [.retain, .shorten, .versions, .erase] }
        guard content != nil else { return }
        try await attempt(.overwrite) { try await store.put(second, at: key, policy: .replaceExisting) }
        if try await !attempt(.delete, { _ = try await store.delete(key) }) { leftover = key }
        if let retaining = store.retaining {
            try await tryRetention(of: store, retaining, "\(Self.folder)/\(name)-retained", now, sleep)
        }
    }

    /// Retains an object for seconds, and waits for their end when it may then be removed for good.
    private mutating func tryRetention(
        of store: some ObjectStore,
        _ retaining: any RetainingStore,
        _ path: String,
        _ now: () -> Int64,
        _ sleep: (Duration) async throws -> Void
    ) async throws {
        guard let key = ObjectKey(path), let folder = ObjectKey(Self.folder) else { return }
        let until = now() + Self.seconds
        let body = ByteBuffer(string: "a trial of holdfast doctor, retained for some seconds\n")
        var isStored = false
        try await attempt(.retain) {
            try await retaining.put(body, at: key, retainedUntil: until)
            isStored = true
            try await retaining.retain(key, until: until + Self.extensionSeconds)
        }
        if self[.retain] == .allowed {
            try await attempt(.shorten) { try await retaining.shorten(key, until: until - Self.extensionSeconds) }
        }
        if isStored {
            leftover = key
            // Leaves a marker, below which its version stays.
            guard self[.delete] == .allowed, (try? await store.delete(key)) == true else { return }
        }
        var removed: [RemovedObject] = []
        let prefix = String(path.dropLast("-retained".count))
        try await attempt(.versions) {
            try await retaining.listRemoved(under: folder) { page in
                removed += page.filter { $0.key.path.hasPrefix(prefix) }
            }
        }
        guard !removed.isEmpty else { return }
        let isErased = try await attempt(.erase) {
            // Clocks differ, and what is retained says until when.
            for _ in 0..<3 {
                let wait = until + Self.extensionSeconds + 1 - now()
                if isStored, wait > 0 { try await sleep(.seconds(wait)) }
                var last: Int64?
                for object in removed { last = try await retaining.erase(object) ?? last }
                guard last != nil else { return }
                try await sleep(.seconds(Self.extensionSeconds))
            }
            throw ObjectStoreError(.inputOutput, "'\(path)' is retained for longer than it should be")
        }
        if isErased { leftover = nil }
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

    /// The machine's clock, in seconds since 1970.
    public static func systemTime() -> Int64 { Int64(time(nil)) }

    /// What came of a right.
    public subscript(right: Right) -> Result { results[right] ?? .untried }
}

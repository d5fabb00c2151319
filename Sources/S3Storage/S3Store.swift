internal import FoundationEssentials
internal import Locks
internal import NIOCore
public import ObjectStorage
public import S3Client

/// A store in a bucket of an S3 service, under a prefix: keys are those of objects below it, as restic has them.
///
/// One call of the store is one request, or two where S3 has no single one for it (a deletion that says whether there was
/// something; a write that must not replace, at servers that do not know the condition). Nothing is repeated here: put
/// ``/ObjectStorage/RetryingStore`` around it, or use ``patient(_:policy:limits:logger:)``.
public final class S3Store: ObjectStore {
    let bucket: S3Bucket
    let place: S3Location
    let options: S3StoreOptions
    /// What is known of conditional writes by now.
    let conditions: Mutex<S3StoreOptions.ConditionalWrites>
    let writers = KeyedLocks()
    /// Whether entity tags that look like MD5s are taken for such; until one has proved to be none.
    let tagsAreMD5: SharedFlag

    /// Makes a store; asks nothing of the server.
    ///
    /// - Parameter client: of the location's endpoint.
    public init(_ client: S3Client, _ location: S3Location, options: S3StoreOptions = S3StoreOptions()) {
        bucket = client.bucket(location.bucket)
        place = location
        self.options = options
        let isKnown = options.conditionalWrites == .automatic && client.endpoint.isAmazonS3
        conditions = Mutex(isKnown ? .supported : options.conditionalWrites)
        tagsAreMD5 = SharedFlag(true)
    }

    public var location: String { place.description }

    public var capabilities: StoreCapabilities {
        StoreCapabilities(
            usefulConcurrency: options.connections,
            replacesAtomically: options.replacesAtomically,
            listsImmediately: options.listsImmediately
        )
    }

    /// Makes the bucket when there is none, as restic does.
    ///
    /// An identity that may not look at the bucket as a whole may still write to it; then nothing is done.
    public func prepare() async throws {
        try await translating("prepare") {
            do {
                if try await bucket.exists() { return }
            } catch let error as S3Error where error.code == .accessDenied {
                return
            }
            do {
                // To some servers, object lock cannot be added later.
                try await bucket.create(hasObjectLock: options.retention != nil)
            } catch let error as S3Error where error.code == .alreadyExists {
                // Somebody was faster; whether it is ours shows in the first request.
            }
        }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await translating("look up '\(key)'") { try await bucket.head(name(of: key))?.byteCount }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        var pages = S3Pages(self, under: prefix)
        while let page = try await pages.next() {
            if !page.isEmpty { try await body(page) }
        }
    }

    public func pages(under prefix: ObjectKey?) -> (any ListingPages)? { S3Pages(self, under: prefix) }

    /// Looks whether the object is there first: S3 deletes what is not there with the same answer.
    ///
    /// In a bucket that keeps versions, older ones stay, hidden by a marker.
    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await translating("delete '\(key)'") {
            guard try await bucket.head(name(of: key)) != nil else { return false }
            do {
                try await bucket.delete(name(of: key))
            } catch let error as S3Error where error.mayHaveTakenEffect {
                // As a put whose answer was lost.
                guard await isGone(key) else { throw error }
            } catch let error as S3Error where error.code == .noSuchKey {
                // Some servers say so; then somebody was faster.
                return false
            }
            return true
        }
    }

    /// - Returns: `false` also when it cannot be found out.
    private func isGone(_ key: ObjectKey) async -> Bool {
        do { return try await bucket.head(name(of: key)) == nil } catch { return false }
    }

    // MARK: Names

    func name(of key: ObjectKey) -> String { place.prefix.isEmpty ? key.path : "\(place.prefix)/\(key.path)" }

    func name(under prefix: ObjectKey?) -> String {
        switch (place.prefix.isEmpty, prefix) {
        case (true, nil): ""
        case (true, let prefix?): "\(prefix)/"
        case (false, nil): "\(place.prefix)/"
        case (false, let prefix?): "\(place.prefix)/\(prefix)/"
        }
    }

    func key(of name: String) -> ObjectKey? {
        ObjectKey(place.prefix.isEmpty ? name : String(name.dropFirst(place.prefix.count + 1)))
    }
}

/// One lock a key, for as long as somebody holds or wants it.
final class KeyedLocks: Sendable {
    private struct Entry {
        let semaphore = AsyncSemaphore(permits: 1)
        var userCount = 0
    }

    private let entries = Mutex<[ObjectKey: Entry]>([:])

    func withLock<Answer>(_ key: ObjectKey, _ body: () async throws -> Answer) async throws -> Answer {
        let semaphore = entries.withLock { entries in
            var entry = entries[key] ?? Entry()
            entry.userCount += 1
            entries[key] = entry
            return entry.semaphore
        }
        defer {
            entries.withLock { entries in
                entries[key]?.userCount -= 1
                if entries[key]?.userCount == 0 { entries[key] = nil }
            }
        }
        return try await semaphore.withPermit(body)
    }
}

/// A truth that tasks share.
final class SharedFlag: Sendable {
    private let value: Mutex<Bool>

    init(_ value: Bool) {
        self.value = Mutex(value)
    }

    var isSet: Bool { value.withLock(\.self) }

    func clear() {
        value.withLock { $0 = false }
    }
}

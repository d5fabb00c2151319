internal import Locks
internal import ResticFormat

/// Collects sealed blobs of one type into packs and passes full ones on.
///
/// restic keeps data and trees in packs of their own, so that walking the trees touches few files.
final class Packer: Sendable {
    private let current = Mutex<PackBuilder?>(nil)
    private let builders: ResourcePool<PackBuilder>
    private let full: BoundedQueue<PackBuilder>

    init(builders: ResourcePool<PackBuilder>, full: BoundedQueue<PackBuilder>) {
        self.builders = builders
        self.full = full
    }

    /// Whether there is an open pack to append to (it may be full by the time one tries).
    var isOpen: Bool { current.withLock { $0 != nil } }

    /// Adds a blob that a codec has sealed.
    ///
    /// Synchronous, because the sealed bytes live in the codec only until it is used again: when there is no open pack and
    /// no `spare`, nothing is added, and the caller fetches memory and tries again.
    ///
    /// - Parameter spare: memory for a new pack; taken when it is needed.
    func append(_ sealed: BlobCodec.Sealed, id: ResticID, type: BlobType, spare: inout PackBuilder?) -> AppendOutcome {
        current.withLock { current in
            if current == nil {
                guard let builder = spare else { return .needsBuilder }
                current = builder
                spare = nil
            }
            guard let builder = current else { return .needsBuilder }
            builder.append(sealed, id: id, type: type)
            guard builder.isFull else { return .appended }
            current = nil
            return .filled(builder)
        }
    }

    /// What `append` did.
    enum AppendOutcome {
        case appended
        case filled(PackBuilder)
        case needsBuilder
    }

    /// Fetches memory for a pack.
    func acquireBuilder() async throws -> PackBuilder {
        try await builders.acquire()
    }

    /// Gives back memory that was not needed after all.
    func release(_ builder: PackBuilder) {
        builders.release(builder)
    }

    /// Passes a full pack on to be stored.
    func passOn(_ builder: PackBuilder) async throws {
        try await full.send(builder)
    }

    /// Passes on what has been collected, however little.
    func flush() async throws {
        let rest = current.withLock { current in
            defer { current = nil }
            return current
        }
        guard let rest else { return }
        if rest.isEmpty {
            builders.release(rest)
        } else {
            try await full.send(rest)
        }
    }
}

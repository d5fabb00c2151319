internal import ObjectStorage
internal import ResticFormat

/// Checks a whole repository: every file that is not a pack is read, every pack is there and as long as the index says, every
/// tree can be reached, every blob that is referred to is known; and, if asked for, every byte of every pack is proven.
///
/// Nothing is written. The caller holds a shared lock; a prune that works without an exclusive one may still take packs away
/// meanwhile, so what is missing is looked for again in a fresh index before it is called damage.
public struct RepositoryCheck: Sendable {
    private let repository: Repository
    private let data: DataSubset?
    /// Called when a phase begins, with the bytes that will be read where that is known.
    public var onPhase: @Sendable (_ name: String, _ byteCount: Int64?) -> Void = { _, _ in }
    /// Called with bytes of packs as they are read.
    public var onRead: @Sendable (Int64) -> Void = { _ in }

    /// How often everything is looked at again because the index changed and something was missing.
    private static let maximumPasses = 3

    /// - Parameter data: which packs are read from end to end; `nil` for the structure alone.
    public init(_ repository: Repository, readingData data: DataSubset? = nil) {
        self.repository = repository
        self.data = data
    }

    /// Runs the check. Damage is in the report, not thrown.
    ///
    /// - Parameter generator: draws the packs of a subset.
    /// - Throws: when the store does not answer; `CancellationError`.
    public func run(using generator: inout some RandomNumberGenerator) async throws -> RepositoryCheckReport {
        var readings = PackReadings()
        for number in 1... {
            var pass = CheckPass(repository, onPhase: onPhase, onRead: onRead)
            try await pass.checkStructure()
            if let data {
                if number == 1 || data == .all { readings.choose(data, from: pass.sizes, using: &generator) }
                try await pass.readPacks(&readings)
            }
            let isMoving = pass.sawMissing && number < Self.maximumPasses
            if isMoving, Set(try await repository.list(.index)) != pass.catalog.fileIDs { continue }
            return try await pass.finish(readings)
        }
        preconditionFailure("the last pass returns")
    }

    /// Runs the check with the system's random numbers.
    public func run() async throws -> RepositoryCheckReport {
        var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        return try await run(using: &generator)
    }
}

/// The packs that are to be read, and what those that have been read turned out to be: kept from pass to pass, so that no pack
/// is read twice.
struct PackReadings: Sendable {
    private(set) var chosen: [ResticID] = []
    private(set) var outcomes: [ResticID: PackReader.Outcome] = [:]

    mutating func choose(
        _ subset: DataSubset,
        from packs: [ResticID: Int64],
        using generator: inout some RandomNumberGenerator
    ) {
        chosen = subset.choose(from: packs, using: &generator)
    }

    mutating func add(_ outcome: PackReader.Outcome, of pack: ResticID) {
        outcomes[pack] = outcome
    }
}

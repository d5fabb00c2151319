public import ResticFormat
public import ResticRepository

/// How much of the data of restore points was read now, and within how long all of it.
public struct DataCoverage: Sendable, Hashable, Codable {
    /// Packs that the restore points need.
    public var packs = 0
    /// Their length in bytes.
    public var bytes: Int64 = 0
    /// Packs that were read now, good or bad.
    public var packsRead = 0
    /// Bytes that were read now.
    public var bytesRead: Int64 = 0
    /// Of the needed packs, those that were ever read and good, as far as is remembered.
    public var packsCovered = 0
    /// Their length in bytes.
    public var bytesCovered: Int64 = 0
    /// When the one of them was read that was read longest ago, RFC 3339; `nil` when none was.
    public var oldestReading: String?
    /// How long ago that was, in seconds.
    public var oldestReadingAge: Int64?
    /// What is wrong with packs that were read and hits no file of the restore points.
    public var problems: [String] = []
}

/// Verifies the structure of restore points, and reads a share of the packs that they need: first what was read longest ago.
public struct RollingVerification: Sendable {
    private let repository: IndexedRepository
    private let subset: DataSubset
    private let progress: any ProgressSink

    /// Makes a run that reads `subset` of the packs.
    public init(
        _ repository: IndexedRepository,
        reading subset: DataSubset,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.repository = repository
        self.subset = subset
        self.progress = progress
    }

    /// Verifies restore points. Damage is in the result, not thrown.
    ///
    /// - Parameter memory: says when packs were last read; afterwards it knows of this reading, and nothing of packs that are bad or gone.
    public func verify(
        _ points: [RestorePoint],
        memory: inout ReadingMemory,
        now: GoTime,
        using generator: inout some RandomNumberGenerator
    ) async throws -> (results: [RestorePointVerification], coverage: DataCoverage) {
        let run = VerificationRun(repository, progress: progress)
        var results: [RestorePointVerification] = []
        for point in points { results.append(try await run.verify(point, depth: .structure)) }
        var needed: [ResticID: Int64] = [:]
        for part in results.flatMap(\.parts) { needed.merge(part.report.packs) { first, _ in first } }
        let (sample, known) = (sample, sample.knownPacks())
        memory.forget { !known.contains($0) }
        let chosen = subset.chooseOldest(from: needed, lastRead: { memory.times[$0] }, using: &generator)
            .map { (id: $0, length: needed[$0] ?? 0) }
        progress.begin("read \(chosen.count) of \(needed.count) packs", totalBytes: chosen.reduce(0) { $0 + $1.length })
        let readings = try await sample.read(chosen)
        progress.end()
        let bad = readings.filter { !$0.value.isIntact }
        memory.remember(readings.keys.filter { bad[$0] == nil }, at: now)
        memory.forget { bad[$0] != nil }
        var coverage = Self.coverage(needed, readings, memory, now)
        coverage.problems = bad.sorted { $0.key < $1.key }.flatMap(\.value.problems)
        let damage = bad.values.reduce(into: [:]) { $0.merge($1.badBlobs) { first, _ in first } }
        if !damage.isEmpty {
            for (index, point) in points.enumerated()
            where results[index].parts.contains(where: { part in
                part.report.packs.keys.contains { bad[$0] != nil }
            }) {
                results[index] = try await run.verify(point, depth: .structure, knownDamage: damage)
            }
        }
        for index in results.indices {
            for place in results[index].parts.indices {
                let packs = results[index].parts[place].report.packs
                results[index].parts[place].coverage = Self.coverage(
                    packs,
                    readings.filter { packs[$0.key] != nil },
                    memory,
                    now
                )
            }
        }
        return (results, coverage)
    }

    private var sample: PackSample {
        var sample = PackSample(repository)
        sample.onRead = { [progress] in progress.advance($0) }
        return sample
    }

    private static func coverage(
        _ needed: [ResticID: Int64],
        _ readings: [ResticID: PackSample.Reading],
        _ memory: ReadingMemory,
        _ now: GoTime
    ) -> DataCoverage {
        let covered = needed.filter { memory.times[$0.key] != nil }
        let oldest = covered.keys.compactMap { memory.times[$0] }.min()
        return DataCoverage(
            packs: needed.count,
            bytes: needed.values.reduce(0, +),
            packsRead: readings.count,
            bytesRead: readings.values.reduce(0) { $0 + $1.bytesRead },
            packsCovered: covered.count,
            bytesCovered: covered.values.reduce(0, +),
            oldestReading: oldest.map { "\(GoTime(seconds: $0))" },
            oldestReadingAge: oldest.map { max(0, now.seconds - $0) }
        )
    }
}

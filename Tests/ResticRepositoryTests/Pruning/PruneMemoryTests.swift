import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// Opt-in, because it takes minutes: `HOLDFAST_PRUNE_BLOBS=1000000 swift test --filter PruneMemoryTests`.
private let blobCount = ProcessInfo.processInfo.environment["HOLDFAST_PRUNE_BLOBS"].flatMap { Int($0) }

@Suite("A prune of many blobs", .serialized)
struct PruneMemoryTests {
    private static let blobsPerPack = 500
    private static let blobLength = 64

    @Test(
        "takes less than 300 MB beyond what the process had before",
        .enabled(if: blobCount != nil, "HOLDFAST_PRUNE_BLOBS is not set")
    )
    func peak() async throws {
        let count = try #require(blobCount)
        try await TemporaryDirectory.with { folder in
            let fixture = try await PruneFixture.make(LocalStore(path: folder.path("repo")))
            let kept = try await makeManyBlobs(count, fixture)
            let before = try memory("VmRSS")
            try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
            let start = ContinuousClock.now
            let report = try await fixture.run {
                $0.grace = .zero
                $0.maxUnused = .unlimited
            }
            let peak = try memory("VmHWM")
            print(
                "prune of \(count) blobs: \(before / 1000) MB before, \(peak / 1000) MB at the peak, "
                    + "\(report.removedPacks) packs removed, \(ContinuousClock.now - start)"
            )
            #expect(peak - before < 300_000)
            #expect(report.removedPacks > 0)
            #expect(try await fixture.packs().isSuperset(of: kept))
        }
    }

    /// Packs of made-up blobs, seven in ten of which a snapshot refers to. Their content is never read.
    ///
    /// - Returns: the packs that are needed.
    private func makeManyBlobs(_ count: Int, _ fixture: PruneFixture) async throws -> Set<ResticID> {
        var generator = SeededGenerator(seed: 1)
        let repository = try await fixture.open()
        let body = ByteBuffer(repeating: 0, count: Self.blobsPerPack * Self.blobLength)
        var needed: [ResticID] = []
        var kept: Set<ResticID> = []
        var index = IndexFile()
        for number in 0..<(count / Self.blobsPerPack) {
            let id = ResticID.random(using: &generator)
            let blobs = (0..<Self.blobsPerPack).map { place in
                PackedBlob(
                    id: ResticID.random(using: &generator),
                    type: .data,
                    offset: UInt32(place * Self.blobLength),
                    length: UInt32(Self.blobLength)
                )
            }
            try await repository.store.put(body, at: FileKind.pack.key(id), policy: .replaceExisting)
            index.packs.append(IndexPack(id: id, blobs: blobs))
            if number % 10 < 7 {
                kept.insert(id)
                needed.append(contentsOf: blobs.map(\.id))
            }
            if index.packs.count * Self.blobsPerPack >= 50_000 {
                try await repository.save(.index, index.encode())
                index.packs = []
            }
        }
        if !index.packs.isEmpty { try await repository.save(.index, index.encode()) }
        try await saveSnapshot(of: needed, fixture)
        return kept
    }

    private func saveSnapshot(of blobs: [ResticID], _ fixture: PruneFixture) async throws {
        let repository = try await fixture.open().loadIndex()
        let (tree, _) = try await repository.write(WriteOptionsForTests.small) { writer in
            var composer = TreeComposer(time: .epoch, host: repository.repository.host)
            for (number, start) in stride(from: 0, to: blobs.count, by: 1000).enumerated() {
                let some = Array(blobs[start..<min(start + 1000, blobs.count)])
                composer.addFile("d\(number / 20)/f\(number)", size: Int64(some.count * 32), blobs: some)
            }
            return try await composer.store(into: writer)
        }
        _ = try await repository.repository.save(SnapshotRecord(time: fixture.clock.now, tree: tree, paths: ["/"]))
    }

    /// A line of `/proc/self/status`, in kB.
    private func memory(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(Int(line.filter(\.isNumber)))
    }
}

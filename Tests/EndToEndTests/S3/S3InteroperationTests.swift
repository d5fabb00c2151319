import Foundation
import ObjectStorage
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite(
    "With the restic program on one bucket",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(10))
)
struct S3InteroperationTests {
    /// Restores what restic has stored of `folder`, by the snapshot's tree.
    private func restore(_ folder: String, of system: S3System, to target: String) async throws {
        let repository = try await system.repository().loadIndex()
        let snapshots = try await repository.repository.snapshots().filter { $0.record.paths == [folder] }
        let snapshot = try #require(snapshots.max { $0.record.time < $1.record.time })
        let node = try #require(try await repository.node(at: folder, in: snapshot.record.tree))
        let report = try await DirectoryRestorer(target: RawPath(target)).restore(
            try #require(node.subtree),
            from: repository
        )
        #expect(report.warnings.isEmpty, "\(report.warnings)")
    }

    @Test("what restic made, Holdfast opens, checks, reads and adds to")
    func fromRestic() async throws {
        try await S3System.with { system in
            let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
            try holdfast.makeDocuments()
            try await system.restic("init")
            try await system.restic("backup", folder.path("docs"))
            #expect((try await holdfast.json("points")["list"] as? [Any])?.isEmpty == true)
            try await holdfast.run("repo", "check", "--read-data")
            try await restore(folder.path("docs"), of: system, to: folder.path("from-restic"))
            #expect(try await areEqual(folder.path("docs"), folder.path("from-restic")))

            // Restic's chunks are of another size, so the content is stored once more; its snapshot stays what it was.
            try await holdfast.run("backup")
            try await holdfast.run("verify", "--all")
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            try await system.restic("check", "--read-data")
        }
    }

    @Test("what Holdfast made, restic checks, restores and adds to")
    func fromHoldfast() async throws {
        try await S3System.with { system in
            let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
            try holdfast.makeDocuments()
            try await holdfast.run("init")
            try await holdfast.run("backup")
            try await system.restic("check", "--read-data")
            try await system.restic("restore", "latest", "--path", "/documents", "--target", folder.path("by-restic"))
            #expect(try await areEqual(folder.path("docs"), folder.path("by-restic/documents/docs")))
            try await system.restic("backup", folder.path("docs"))
            try await holdfast.run("repo", "check", "--read-data")
            try await restore(folder.path("docs"), of: system, to: folder.path("from-restic"))
            #expect(try await areEqual(folder.path("docs"), folder.path("from-restic")))
        }
    }

    @Test("each prunes what the other wrote, and leaves whole what is needed")
    func prunes() async throws {
        try await S3System.with { system in
            let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
            try holdfast.makeDocuments(seed: 1)
            try await holdfast.run("init")
            for round in 0..<2 {
                try holdfast.makeDocuments(seed: UInt64(10 + round))
                try await holdfast.run("backup")
                try await system.restic("backup", folder.path("docs"))
            }
            let before = try await packCount(system)

            // Restic removes its own first snapshot, and packs of both.
            let first = try #require(
                try await system.repository().snapshots().filter { $0.record.paths == [folder.path("docs")] }
                    .min { $0.record.time < $1.record.time }
            )
            try await system.restic("forget", first.id.hex, "--prune", "--max-unused", "0")
            try await expectWhole(system, "after restic's prune")

            // Holdfast removes its first restore point, and what only that needed.
            let points = try #require(try await holdfast.json("points")["list"] as? [[String: Any]])
            let oldest = try #require(points.compactMap { $0["id"] as? String }.last)
            try await holdfast.run("forget", oldest)
            try await holdfast.run("prune", "--grace", "0", "--max-unused", "0%")
            try await expectWhole(system, "after Holdfast's prune")
            #expect(try await packCount(system) < before)
        }
    }

    private func packCount(_ system: S3System) async throws -> Int {
        try await system.repository().list(.pack).count
    }

    private func expectWhole(_ system: S3System, _ moment: String) async throws {
        let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
        try await system.restic("check", "--read-data")
        try await holdfast.run("repo", "check", "--read-data")
        let names = ["by-holdfast", "by-restic"].map { "\($0) \(moment)" }
        try await holdfast.run("restore", "--target", names[0])
        #expect(try await areEqual(folder.path("docs"), folder.path("\(names[0])/docs")), "\(moment)")
        try await restore(folder.path("docs"), of: system, to: folder.path(names[1]))
        #expect(try await areEqual(folder.path("docs"), folder.path(names[1])), "\(moment)")
    }
}

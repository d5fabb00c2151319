import Foundation
import ResticFormat
import Locks
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Archiving a folder")
struct DirectoryArchiverTests {
    /// Archives a folder; `disturb` is called for each file after it was listed and before it is read.
    private func archive(
        _ path: String,
        size: Int,
        disturb: @escaping @Sendable (String) -> Void
    ) async throws -> (ArchiveReport, IndexedRepository, ResticID) {
        let repository = try await makeRepositoryInMemory()
        try Data(repeating: 7, count: size).write(to: URL(filePath: path + "/steady"))
        try Data(repeating: 8, count: size).write(to: URL(filePath: path + "/victim"))
        let (result, _) = try await repository.write(WriteOptionsForTests.small) { writer in
            var archiver = DirectoryArchiver(root: RawPath(path))
            archiver.filter = { name, _ in
                let name = String(decoding: name, as: UTF8.self)
                if name == "victim" { disturb(path + "/" + name) }
                return .include
            }
            return try await archiver.archive(into: writer, of: repository)
        }
        return (result.1, repository, result.0)
    }

    @Test(
        "a file that changes between listing and reading is in the backup and in the report",
        arguments: [1_000, 400_000]
    )
    func changed(size: Int) async throws {
        try await TemporaryDirectory.with { folder in
            let (report, repository, tree) = try await archive(folder.path, size: size) { path in
                _ = FileManager.default.createFile(atPath: path, contents: Data(repeating: 9, count: size + 5))
            }
            #expect(
                report.skipped.map(\.kind) == [.changedWhileRead] && report.skipped.first?.path == "victim",
                "\(report.skipped)"
            )
            #expect(try await repository.loadTree(tree)[Array("victim".utf8)]?.size == UInt64(size + 5))
        }
    }

    @Test("a file that vanishes is reported and left out", arguments: [1_000, 400_000])
    func vanished(size: Int) async throws {
        try await TemporaryDirectory.with { folder in
            let (report, repository, tree) = try await archive(folder.path, size: size) { path in
                try? FileManager.default.removeItem(atPath: path)
            }
            #expect(report.skipped.map(\.kind) == [.vanished], "\(report.skipped)")
            #expect(
                report.files == 1 && report.totalBytes == Int64(size),
                "what is not in the tree must not be counted"
            )
            #expect(try await repository.loadTree(tree).nodes.map(\.nameString) == ["steady"])
        }
    }

    @Test(
        "a file that becomes a link is not followed, and reported with the system's reason",
        arguments: [1_000, 400_000]
    )
    func becomesLink(size: Int) async throws {
        try await TemporaryDirectory.with { folder in
            let (report, repository, tree) = try await archive(folder.path, size: size) { path in
                try? FileManager.default.removeItem(atPath: path)
                try? FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
            }
            #expect(
                report.skipped.map(\.kind) == [.unreadable] && report.skipped.first?.reason.isEmpty == false,
                "\(report.skipped)"
            )
            #expect(try await repository.loadTree(tree).nodes.map(\.nameString) == ["steady"])
        }
    }

    @Test("the gear table of a polynomial never changes: it decides whether old data is found again")
    func gearTableIsFixed() async throws {
        let repository = try await makeRepositoryInMemory(chunkerPolynomial: 0x3D_A335_8B4D_C173)
        var generator = SeededGenerator(seed: 1)
        let content = generator.bytes(300_000)
        let (ids, _) = try await repository.write(WriteOptionsForTests.small) { writer in
            try await writer.store(content).blobs()
        }
        #expect(ids.map(\.short) == Self.expectedBlobs)
    }

    private static let expectedBlobs = [
        "5e4772ab", "dcbc7fda", "5a87e50f", "6b17c77a", "de1f455a", "b738791a", "d7824dd6", "04e0b4d1", "4abf026b",
        "76f9d516",
        "8392b6b6", "b7b3a6d6", "e13a5e2c", "55259753", "42459c66", "3104bf53", "12e5b93b",
    ]
}

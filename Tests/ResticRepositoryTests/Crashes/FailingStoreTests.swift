import Foundation
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// Each kind of failure of a store at each of its calls. The outcome is the same for all: the operation fails with the
/// store's own code or finds damage and says so; no wrong byte gets out, nothing is taken for good that was not read, and
/// nothing that was there is lost.
@Suite("A store that fails", .timeLimit(.minutes(5)))
struct FailingStoreTests {
    enum ReadFault: String, CaseIterable {
        case inputOutput, permissionDenied, unavailable, notFound, endsEarly, flippedBit

        var effect: Fault.Effect {
            switch self {
            case .inputOutput: .fail(.inputOutput)
            case .permissionDenied: .fail(.permissionDenied)
            case .unavailable: .fail(.unavailable)
            case .notFound: .fail(.notFound)
            case .endsEarly: .truncateRead(byteCount: 20)
            case .flippedBit: .corruptRead(offset: 17, mask: 1)
            }
        }
    }

    /// A repository with one snapshot of two folders, and the content of its files by path.
    private struct Scene {
        let store = MemoryStore()
        let tree: ResticID
        var contents: [String: Data] = [:]

        init(in folder: TemporaryDirectory) async throws {
            let source = folder.path("source")
            var generator = SeededGenerator(seed: 21)
            try FileManager.default.createDirectory(atPath: "\(source)/deep", withIntermediateDirectories: true)
            for name in ["a", "b", "deep/c"] {
                let data = Data(generator.bytes(40_000) + [UInt8](repeating: 1, count: 40_000))
                try data.write(to: URL(filePath: "\(source)/\(name)"))
                contents[name] = data
            }
            let repository = try await Repository.create(
                in: store,
                password: password,
                createdAt: .epoch,
                scrypt: cheapScrypt
            )
            let (snapshot, _, _) = try await backUp(source, into: try await repository.loadIndex())
            tree = snapshot.record.tree
        }

        /// Runs `body` with the repository, whose store fails at the given read, and at all that follow if it `lasts`; `nil`
        /// fails never.
        ///
        /// - Returns: how many reads there were after the index was loaded.
        @discardableResult
        func read(
            failingAt number: Int?,
            lasts: Bool = false,
            _ effect: Fault.Effect,
            _ body: (IndexedRepository) async throws -> Void
        ) async throws -> Int {
            let counting = CountingStore(store)
            let faulty = FaultyStore(counting)
            let repository = try await Repository.open(in: faulty, password: password).loadIndex()
            let before = counting.counts[.get].operationCount
            if let number { faulty.order(Fault(effect, on: [.get], occurrences: number...(lasts ? Int.max : number))) }
            try await body(repository)
            return (counting.counts[.get].operationCount) - before
        }
    }

    // A failure that lasts: where reading a second time gives the right bytes, they may be believed, for they are compared
    // with their hashes.
    @Test("at a read, and for good, never passes a verification", arguments: ReadFault.allCases)
    func verification(fault: ReadFault) async throws {
        try await TemporaryDirectory.with { folder in
            let scene = try await Scene(in: folder)
            let verifier = TreeVerifier(depth: .content)
            let reads = try await scene.read(failingAt: nil, fault.effect) { repository in
                let report = try await verifier.verify(scene.tree, in: repository)
                #expect(report.problems.isEmpty)
            }
            try #require(reads >= 3, "two trees and a pack")
            for number in 1...reads {
                try await scene.read(failingAt: number, lasts: true, fault.effect) { repository in
                    do {
                        let report = try await verifier.verify(scene.tree, in: repository)
                        #expect(!report.problems.isEmpty, "\(fault) at read \(number) of \(reads) passes")
                    } catch {
                        #expect(
                            error is ObjectStoreError || error is RepositoryError,
                            "\(fault) at read \(number): \(error)"
                        )
                    }
                }
            }
        }
    }

    @Test(
        "at a read of a restore leaves no wrong byte in the target; what is damaged once only is read again",
        arguments: ReadFault.allCases,
        [false, true]
    )
    func restore(fault: ReadFault, lasts: Bool) async throws {
        try await TemporaryDirectory.with { folder in
            let scene = try await Scene(in: folder)
            let reads = try await scene.read(failingAt: nil, fault.effect) { repository in
                _ = try await DirectoryRestorer(target: RawPath(folder.path("whole"))).restore(
                    scene.tree,
                    from: repository
                )
            }
            try #require(reads >= 3, "two trees and a pack")
            for number in 1...reads {
                let target = folder.path("target-\(number)")
                try await scene.read(failingAt: number, lasts: lasts, fault.effect) { repository in
                    var failure: (any Error)?
                    do {
                        _ = try await DirectoryRestorer(target: RawPath(target)).restore(scene.tree, from: repository)
                    } catch {
                        failure = error
                    }
                    let mayHeal = !lasts && (fault == .endsEarly || fault == .flippedBit)
                    #expect(mayHeal == (failure == nil), "\(fault) at read \(number) of \(reads)")
                    #expect(
                        failure == nil || failure is ObjectStoreError || failure is RepositoryError,
                        "\(fault) at read \(number): \(failure as Any)"
                    )
                    guard failure == nil else { return }
                    for (name, content) in scene.contents {
                        #expect(FileManager.default.contents(atPath: "\(target)/\(name)") == content, "\(name)")
                    }
                }
                for name in (try? FileManager.default.subpathsOfDirectory(atPath: target)) ?? [] {
                    guard let content = FileManager.default.contents(atPath: "\(target)/\(name)"), !content.isEmpty
                    else {
                        continue
                    }
                    #expect(content == scene.contents[name], "\(fault) at read \(number): '\(name)' is wrong")
                }
            }
        }
    }

    @Test(
        "at a write, and for good, ends a backup with its own code, and what was there stays as it was",
        arguments: [.insufficientSpace, .permissionDenied, .readOnly, .inputOutput] as [ObjectStoreError.Code]
    )
    func backup(code: ObjectStoreError.Code) async throws {
        try await TemporaryDirectory.with { folder in
            let scene = try await Scene(in: folder)
            let (more, store) = (folder.path("more"), scene.store)
            try FileManager.default.createDirectory(atPath: more, withIntermediateDirectories: true)
            var generator = SeededGenerator(seed: 22)
            try Data(generator.bytes(90_000)).write(to: URL(filePath: "\(more)/new"))
            for number in 1...4 {
                let copy = store.copy()
                let fault = Fault(.fail(code), on: [.put], occurrences: number...Int.max)
                let faulty = FaultyStore(copy, faults: [fault])
                let error = await #expect(throws: ObjectStoreError.self, "write \(number)") {
                    let repository = try await Repository.open(in: faulty, password: password)
                    try await backUp(more, into: try await repository.loadIndex())
                }
                #expect(error?.code == code)
                let left = try await Repository.open(in: copy, password: password).loadIndex()
                #expect(try await left.repository.snapshots().count == 1)
                #expect(try await TreeVerifier(depth: .content).verify(scene.tree, in: left).problems.isEmpty)
                // Once there is space or permission again.
                try await backUp(more, into: left)
                try await expectWhole(left)
            }
        }
    }

    @Test(
        "that takes no file, not even a lock, can be read; one that is locked exclusively cannot",
        arguments: [.insufficientSpace, .permissionDenied, .readOnly] as [ObjectStoreError.Code]
    )
    func readingWithoutLock(code: ObjectStoreError.Code) async throws {
        try await TemporaryDirectory.with { folder in
            let scene = try await Scene(in: folder)
            let faulty = FaultyStore(
                scene.store,
                faults: [Fault(.fail(code), on: [.put, .delete], occurrences: 1...Int.max)]
            )
            let repository = try await Repository.open(in: faulty, password: password)
            try await repository.withReadingLock(timing: .immediate) {
                let report = try await TreeVerifier(depth: .content).verify(
                    scene.tree,
                    in: try await repository.loadIndex()
                )
                #expect(report.problems.isEmpty)
            }
            // What writes does need its lock.
            let refusal = await #expect(throws: (any Error).self) {
                try await repository.withLock(.shared, timing: .immediate) {}
            }
            #expect((refusal as? ObjectStoreError)?.code == code || (refusal as? RepositoryError)?.code == .full)

            let lock = LockRecord(
                time: SystemWallClock().now,
                exclusive: true,
                hostname: "elsewhere",
                username: "x",
                pid: 1
            )
            let sound = try await Repository.open(in: scene.store, password: password)
            try await sound.save(.lock, lock.encode())
            let locked = await #expect(throws: RepositoryError.self) {
                try await repository.withReadingLock(timing: .immediate) {}
            }
            #expect(locked?.code == .locked)
        }
    }
}

import NIOCore
import ObjectStorage
import ResticFormat
import Locks
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A sweep of the trees", .timeLimit(.minutes(1)))
struct TreeSweepTests {
    /// Stores a folder of folders of files. Equal content gives equal trees, which the sweep must visit once.
    ///
    /// - Returns: the root and how many different trees are below it, itself included.
    private func makeTree(
        _ generator: inout SeededGenerator,
        depth: Int,
        in repository: IndexedRepository
    ) async throws -> (root: ResticID, trees: Set<ResticID>) {
        let seed = generator.next()
        return try await repository.write(WriteOptionsForTests.small) { writer in
            var generator = SeededGenerator(seed: seed)
            var all: Set<ResticID> = []
            func folder(_ depth: Int) async throws -> ResticID {
                var nodes: [Node] = []
                for number in 0..<3 {
                    var node = Node(name: Array("n\(number)".utf8), type: depth > 0 ? .dir : .file)
                    if depth > 0 {
                        node.subtree = try await folder(depth - 1)
                    } else {
                        // Few different contents, so that folders are shared.
                        let content = [UInt8](repeating: UInt8(generator.next() % 3), count: 10)
                        node.size = 10
                        node.content = try await writer.store(content).blobs()
                    }
                    nodes.append(node)
                }
                let id = try await writer.store(Tree(nodes: nodes))
                all.insert(id)
                return id
            }
            return (try await folder(depth), all)
        }.0
    }

    @Test("visits every tree once, whoever shares it", arguments: [UInt64(1), 2, 3])
    func visitsOnce(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let repository = try await makeRepositoryInMemory()
        let first = try await makeTree(&generator, depth: 3, in: repository)
        let second = try await makeTree(&generator, depth: 3, in: repository)
        let expected = first.trees.union(second.trees)
        try #require(expected.count < 80, "the trees must share folders, or this shows nothing")
        var marks = repository.makeMarks()
        var visited: [ResticID] = []
        try await TreeSweep(repository).run(from: [first.root, second.root, first.root], marks: &marks) { id, finding in
            guard case .tree(let tree) = finding else {
                Issue.record("\(id) could not be loaded")
                return
            }
            #expect(tree.nodes.count == 3)
            visited.append(id)
        }
        #expect(Set(visited) == expected && visited.count == expected.count)
        #expect(marks.count == expected.count && expected.allSatisfy { marks.contains($0, .tree) })
    }

    @Test("passes over what an earlier sweep has seen")
    func resumes() async throws {
        var generator = SeededGenerator(seed: 7)
        let repository = try await makeRepositoryInMemory()
        let (first, second) = (
            try await makeTree(&generator, depth: 2, in: repository),
            try await makeTree(&generator, depth: 2, in: repository)
        )
        var marks = repository.makeMarks()
        try await TreeSweep(repository).run(from: [first.root], marks: &marks) { _, _ in }
        var visited: Set<ResticID> = []
        try await TreeSweep(repository).run(from: [first.root, second.root], marks: &marks) { id, _ in
            visited.insert(id)
        }
        #expect(visited == second.trees.subtracting(first.trees))
    }

    @Test("reports a tree that is missing once, and goes on with the others")
    func missing() async throws {
        var generator = SeededGenerator(seed: 9)
        let repository = try await makeRepositoryInMemory()
        let sound = try await makeTree(&generator, depth: 1, in: repository)
        let absent = ResticID.random(using: &generator)
        var marks = repository.makeMarks()
        var failures: [ResticID] = []
        var trees: Set<ResticID> = []
        try await TreeSweep(repository).run(from: [absent, sound.root, absent], marks: &marks) { id, finding in
            switch finding {
            case .tree: trees.insert(id)
            case .failure(let error):
                #expect((error as? RepositoryError)?.code == .missing)
                failures.append(id)
            }
        }
        #expect(failures == [absent] && trees == sound.trees)
    }

    @Test("ends with what the visitor throws")
    func throwing() async throws {
        struct Enough: Error {}
        var generator = SeededGenerator(seed: 11)
        let repository = try await makeRepositoryInMemory()
        let tree = try await makeTree(&generator, depth: 3, in: repository)
        var marks = repository.makeMarks()
        await #expect(throws: Enough.self) {
            try await TreeSweep(repository).run(from: [tree.root], marks: &marks) { _, _ in throw Enough() }
        }
    }
}

@Suite("Marks on blobs")
struct BlobMarksTests {
    @Test("hold exactly what was inserted, in either namespace", arguments: [UInt64(1), 2])
    func membership(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let repository = try await makeRepositoryInMemory()
        var known: [(ResticID, BlobType)] = []
        let pack = ResticID.random(using: &generator)
        for number in 0..<500 {
            let type: BlobType = number % 3 == 0 ? .tree : .data
            let id = ResticID.random(using: &generator)
            repository.index.insert([PackedBlob(id: id, type: type, offset: 0, length: 40)], pack: pack)
            known.append((id, type))
        }
        var marks = repository.makeMarks()
        let chosen = known.filter { _ in Bool.random(using: &generator) }
        for (id, type) in chosen { #expect(marks.insert(id, type) == true) }
        for (id, type) in chosen { #expect(marks.insert(id, type) == false) }
        let members = Set(chosen.map(\.0))
        for (id, type) in known {
            #expect(marks.contains(id, type) == members.contains(id))
            #expect(!marks.contains(id, type == .data ? .tree : .data), "the other namespace is another set")
        }
        #expect(marks.count == chosen.count)
        // What comes into the index later has no bit.
        let late = ResticID.random(using: &generator)
        repository.index.insert([PackedBlob(id: late, type: .data, offset: 0, length: 40)], pack: pack)
        #expect(marks.insert(late, .data) == nil && !marks.contains(late, .data))
    }
}

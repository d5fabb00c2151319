import NIOCore
import ResticFormat
import ResticRepository
import TestSupport

/// The files of one backup: what a restore has to give back, byte for byte.
struct SimulatedFiles: Equatable, Sendable {
    /// Path, one folder deep, and content.
    private(set) var contents: [String: [UInt8]] = [:]

    /// Draws files whose content comes from few blocks, so that backups share blobs, and folders are sometimes equal.
    static func random(using generator: inout SeededGenerator) -> SimulatedFiles {
        var files = SimulatedFiles()
        for folder in 0..<Int.random(in: 1...3, using: &generator) {
            for file in 0..<Int.random(in: 1...3, using: &generator) {
                var content: [UInt8] = []
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    content += blocks[Int.random(in: 0..<blocks.count, using: &generator)]
                }
                files.contents["d\(folder)/f\(file)"] = content
            }
        }
        return files
    }

    private static let blocks: [[UInt8]] = {
        var generator = SeededGenerator(seed: 42)
        return (0..<16).map { number in
            // Noise, text and zeros: what is stored plain, what is compressed, and what is a hole.
            switch number % 4 {
            case 0, 1: generator.bytes(Int.random(in: 1...6_000, using: &generator))
            case 2: Array(String(repeating: "page \(number), ", count: number * 40).utf8)
            default: [UInt8](repeating: 0, count: number * 1_000)
            }
        }
    }()

    /// Stores the files.
    ///
    /// - Returns: the tree.
    func store(into writer: BlobWriter) async throws -> ResticID {
        var folders: [String: [Node]] = [:]
        for (path, content) in contents.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/").map(String.init)
            var node = Node(name: Array(parts[1].utf8), type: .file)
            node.size = UInt64(content.count)
            node.content = try await writer.store(content).blobs()
            folders[parts[0], default: []].append(node)
        }
        var nodes: [Node] = []
        for (name, files) in folders.sorted(by: { $0.key < $1.key }) {
            var node = Node(name: Array(name.utf8), type: .dir)
            node.subtree = try await writer.store(Tree(nodes: files))
            nodes.append(node)
        }
        return try await writer.store(Tree(nodes: nodes))
    }

    /// Reads everything below a tree.
    static func read(_ tree: ResticID, from repository: IndexedRepository) async throws -> SimulatedFiles {
        var files = SimulatedFiles()
        var found: [(String, [ResticID])] = []
        try await repository.walk(tree) { entry in
            if entry.node.type == .file { found.append((entry.path.description, entry.node.content ?? [])) }
            return true
        }
        for (path, blobs) in found {
            var content: [UInt8] = []
            for try await buffer in repository.content(of: blobs) {
                content.append(contentsOf: buffer.readableBytesView)
            }
            files.contents[path] = content
        }
        return files
    }
}

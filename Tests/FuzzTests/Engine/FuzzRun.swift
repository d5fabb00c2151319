import Foundation
import TestSupport

/// Runs one target in this process: inputs by number or for a time, each noted in a file before it is tried, so that the
/// input survives a decoder that ends the process.
struct FuzzRun {
    struct Result {
        var tried = 0
        var accepted = 0
    }

    /// An input for which a property does not hold.
    struct Finding: Error, CustomStringConvertible {
        let target: String
        let seed: UInt64
        let round: Int
        let input: [UInt8]
        let cause: any Error

        var description: String {
            """
            target \(target), seed \(seed), round \(round): \(cause)
            \(input.count) bytes: \(String(decoding: input.prefix(2_000), as: UTF8.self).debugDescription)
            """
        }
    }

    let target: FuzzTarget
    let seed: UInt64
    /// Where the input under trial is kept; `nil` keeps none.
    let note: FileHandle?

    init(_ target: FuzzTarget, seed: UInt64, note: FileHandle? = nil) {
        self.target = target
        self.seed = seed
        self.note = note
    }

    /// Tries the seeds and the corpus as they are, then mutations.
    ///
    /// - Parameter isOver: asked before each round with the number of the round.
    func run(until isOver: (Int) -> Bool) throws -> Result {
        let seeds = try target.seeds()
        let corpus = try Corpus.inputs(of: target.name)
        for (index, input) in seeds.enumerated() where try !attempt(input, round: -1) {
            throw Violation("target \(target.name): seed input \(index) is refused")
        }
        for input in corpus { _ = try attempt(input, round: -1) }
        let mutator = Mutator(target: target, seeds: seeds + corpus)
        var result = Result()
        while !isOver(result.tried) {
            let input = mutator.input(seed: seed, round: result.tried)
            if try attempt(input, round: result.tried) { result.accepted += 1 }
            result.tried += 1
        }
        return result
    }

    /// - Returns: whether the input was accepted.
    func attempt(_ input: [UInt8], round: Int) throws -> Bool {
        if let note {
            try note.truncate(atOffset: 0)
            try note.write(contentsOf: input)
        }
        do {
            try target.check(input)
            return true
        } catch  where target.isRefusal(error) {
            return false
        } catch {
            throw Finding(target: target.name, seed: seed, round: round, input: input, cause: error)
        }
    }
}

/// Inputs that are kept: samples of other programs, and what once went wrong.
enum Corpus {
    static var folder: String { PackageRoot.path + "/Tests/FuzzTests/Corpus" }

    static func inputs(of target: String) throws -> [[UInt8]] {
        let folder = "\(Self.folder)/\(target)"
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .map { Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) }
    }
}

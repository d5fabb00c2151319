/// A decoder, inputs it accepts, and what must hold whatever it is given.
struct FuzzTarget: Sendable {
    /// What the bytes are, so that mutations keep some of their structure.
    enum Shape: Sendable {
        case binary, json, text, tar
    }

    /// The name on the command line and of the folder in the corpus.
    let name: String
    let shape: Shape
    /// Pieces of the format that chance would not find: keys, magic numbers, edges.
    let words: [[UInt8]]
    /// Inputs that must be accepted as they are.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Makes good again what would have every mutation refused at once, such as a checksum.
    let mend: @Sendable (inout [UInt8], inout SeededBytes) -> Void
    /// Throws what the decoder throws, or a ``Violation``; returns when the input was accepted and all properties hold.
    let check: @Sendable ([UInt8]) throws -> Void
    /// Whether an error is one that the decoder promises for bad input.
    let isRefusal: @Sendable (any Error) -> Bool

    init(
        _ name: String,
        _ shape: Shape,
        words: [String] = [],
        seeds: @escaping @Sendable () throws -> [[UInt8]],
        mend: @escaping @Sendable (inout [UInt8], inout SeededBytes) -> Void = { _, _ in },
        refuses isRefusal: @escaping @Sendable (any Error) -> Bool = { _ in false },
        check: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.shape = shape
        self.words = words.map { Array($0.utf8) }
        self.seeds = seeds
        self.mend = mend
        self.isRefusal = { $0 is Refused || isRefusal($0) }
        self.check = check
    }

    /// All decoders that read what others wrote.
    static let all: [FuzzTarget] =
        repositoryRecords + sealedContent + sealedFiles + tarArchives + qdrantAnswers + manifests + configurationTexts
        + sealedConfigurations + recoveries

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A property that does not hold for an input.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a ``Violation`` unless `condition` holds.
func hold(_ condition: Bool, _ property: @autoclosure () -> String) throws {
    guard condition else { throw Violation(property()) }
}

/// What `body` returns; an error of a step that may not fail is a ``Violation``.
func mustWork<Value>(_ step: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw Violation("\(step) fails: \(error)") }
}

/// Stands for an error that was looked at and found to be one the decoder promises.
struct Refused: Error {}

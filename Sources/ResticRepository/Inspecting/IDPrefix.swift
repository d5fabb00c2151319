internal import ObjectStorage
public import ResticFormat

/// The beginning of an id as a person types it: 1 to 64 hexadecimal digits of either case.
public struct IDPrefix: Sendable, Hashable, CustomStringConvertible {
    /// The digits, in lower case.
    public let text: String
    /// All ids that begin so.
    private let range: ClosedRange<ResticID>

    /// - Returns: `nil` when the text is empty, too long, or holds anything but hexadecimal digits.
    public init?(_ text: String) {
        let digits = text.lowercased()
        let missing = ResticID.hexCount - digits.utf8.count
        guard !digits.isEmpty, missing >= 0,
            let first = ResticID(hex: digits + String(repeating: "0", count: missing)),
            let last = ResticID(hex: digits + String(repeating: "f", count: missing))
        else { return nil }
        self.text = digits
        range = first...last
    }

    public var description: String { text }

    /// Whether these are all digits of an id.
    public var isWhole: Bool { text.utf8.count == ResticID.hexCount }

    /// Whether an id begins so.
    public func matches(_ id: ResticID) -> Bool { range.contains(id) }

    /// Reads the beginning of an id of something.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` when nothing can begin so.
    static func parse(_ text: String, of noun: String) throws -> IDPrefix {
        guard let prefix = IDPrefix(text) else {
            throw RepositoryError(
                .missing,
                "'\(text)' is not the beginning of an id",
                hint:
                    "The id of a \(noun) has 64 digits from 0 to 9 and a to f; as many as tell it from the others are enough."
            )
        }
        return prefix
    }

    /// The only one of the ids that begin so.
    ///
    /// - Throws: ``RepositoryError/Code/missing``, ``RepositoryError/Code/ambiguous``.
    func choose(among matching: [ResticID], _ noun: String, hint: String) throws -> ResticID {
        guard let found = matching.first else {
            throw RepositoryError(.missing, "the repository has no \(noun) '\(text)'", hint: hint)
        }
        guard matching.count == 1 else {
            throw Self.ambiguous(
                text,
                (noun == "pack in an index" ? "packs" : noun == "index" ? "indexes" : noun + "s"),
                Self.distinct(matching)
            )
        }
        return found
    }

    /// The error for a beginning that several have.
    public static func ambiguous(_ text: String, _ nouns: String, _ candidates: [String]) -> RepositoryError {
        let shown = candidates.prefix(maximumShown).joined(separator: ", ")
        let rest = candidates.count > maximumShown ? " and \(candidates.count - maximumShown) more" : ""
        return RepositoryError(
            .ambiguous,
            "'\(text)' is the beginning of \(candidates.count) \(nouns): \(shown)\(rest)",
            hint: "Give more of its digits."
        )
    }

    private static let maximumShown = 10

    /// The ids, sorted, each with as many digits as tell it from the others, eight at least.
    public static func distinct(_ ids: [ResticID]) -> [String] {
        let sorted = ids.sorted()
        var length = 8
        for (left, right) in zip(sorted, sorted.dropFirst()) where left != right {
            let common = zip(left.hex, right.hex).prefix { $0 == $1 }.count
            length = max(length, common + 1)
        }
        return sorted.map { String($0.hex.prefix(length)) }
    }
}

extension FileKind {
    /// What one file is called.
    public var noun: String {
        switch self {
        case .key: "key"
        case .index: "index"
        case .snapshot: "snapshot"
        case .lock: "lock"
        case .pack: "pack"
        case .mark: "mark"
        }
    }
}

extension Repository {
    /// Finds a file by the beginning of its name.
    ///
    /// - Throws: ``RepositoryError/Code/missing``; ``RepositoryError/Code/ambiguous``, naming the candidates.
    public func find(_ kind: FileKind, _ text: String) async throws -> ResticID {
        let prefix = try IDPrefix.parse(text, of: kind.noun)
        var matching: [ResticID] = []
        try await store.list(under: kind.folder) { page in
            matching.append(contentsOf: page.compactMap { kind.id(in: $0.key) }.filter(prefix.matches))
        }
        let plural = kind == .index ? "index" : kind.noun + "s"
        return try prefix.choose(
            among: matching,
            kind.noun,
            hint: "Run 'holdfast repo list \(plural)' to see those that are there."
        )
    }
}

extension IndexedRepository {
    /// Finds a blob by the beginning of its id.
    ///
    /// - Throws: ``RepositoryError/Code/missing``; ``RepositoryError/Code/ambiguous``, naming the candidates.
    public func find(_ type: BlobType, _ text: String) throws -> ResticID {
        let prefix = try IDPrefix.parse(text, of: "\(type) blob")
        var matching: [ResticID] = []
        index.forEach { candidate, id, _ in
            if candidate == type, prefix.matches(id) { matching.append(id) }
        }
        return try prefix.choose(
            among: matching,
            "\(type) blob",
            hint: "Run 'holdfast repo list blobs' to see those that an index names."
        )
    }

    /// Finds a pack that the index names by the beginning of its id, whether its file is there or not.
    ///
    /// - Throws: ``RepositoryError/Code/missing``; ``RepositoryError/Code/ambiguous``, naming the candidates.
    public func findPack(_ text: String) throws -> ResticID {
        let prefix = try IDPrefix.parse(text, of: "pack")
        var matching: Set<ResticID> = []
        index.forEach { _, _, location in
            if prefix.matches(location.pack) { matching.insert(location.pack) }
        }
        return try prefix.choose(
            among: Array(matching),
            "pack in an index",
            hint: "Run 'holdfast repo list packs' to see the files; what no index names, nothing needs."
        )
    }

    /// The blobs that the index takes from a pack, in the order in which they were found.
    ///
    /// A blob that is stored twice counts for one of its packs only: the other is not needed for it.
    public func blobs(inPack pack: ResticID) -> [(type: BlobType, id: ResticID)] {
        var blobs: [(BlobType, ResticID)] = []
        index.forEach { type, id, location in
            if location.pack == pack { blobs.append((type, id)) }
        }
        return blobs
    }
}

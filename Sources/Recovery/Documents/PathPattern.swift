/// A pattern for paths inside a folder, as in `include` and `exclude`.
///
/// The whole path must match, from the folder on (`*.mdx` is about files directly in the folder, `**/*.mdx` about files
/// anywhere in it). Case matters.
///
/// | write | to match |
/// | --- | --- |
/// | `*` | any characters inside one path component, also none |
/// | `?` | one character, never `/` |
/// | `**/` | any number of whole components, also none |
/// | `**` at the end | everything below, at any depth (not the folder itself) |
/// | `[a-z_]`, `[!a-z]` | one character of the class, or not of it; never `/` |
/// | `{mdx,md}` | one of the alternatives, which may hold patterns and `/` themselves |
/// | `\` | the next character as it is |
///
/// A name that begins with a dot is a name like any other. Paths are bytes: where they are not UTF-8, `*`, `?` and
/// negated classes take one byte at a time.
///
/// Matching takes time proportional to the length of the path times the length of the pattern, whatever either holds.
public struct PathPattern: Sendable, Hashable, CustomStringConvertible {
    /// The longest pattern allowed, in bytes of UTF-8.
    public static let maximumLength = 1024
    /// How deep braces may be nested.
    public static let maximumDepth = 8

    /// The pattern as it was written.
    public let text: String
    private let program: PathPatternProgram

    public var description: String { text }

    /// Reads a pattern.
    ///
    /// - Throws: ``PathPatternError`` when the text is not a pattern or could never match.
    public init(_ text: String) throws(PathPatternError) {
        var parser = PathPatternParser(text)
        self.text = text
        program = try parser.parse()
    }

    public static func == (left: Self, right: Self) -> Bool { left.text == right.text }

    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether a path matches.
    ///
    /// - Parameter path: The path relative to the folder, as bytes, components separated by `/`, without a leading one.
    public func matches(_ path: some Sequence<UInt8>) -> Bool { matches(units: PathUnits.decode(path)) }

    /// Whether a path matches; see the method on bytes.
    public func matches(_ path: String) -> Bool { matches(path.utf8) }

    /// Whether anything inside a folder could match, so that reading it is worth while.
    ///
    /// - Parameter folder: The folder's path, relative to the same place; empty for that place itself.
    /// - Returns: `false` only when nothing inside can match.
    public func mayMatch(inside folder: some Sequence<UInt8>) -> Bool {
        !machine(inside: PathUnits.decode(folder)).isStuck
    }

    /// Whether everything inside a folder matches, so that an excluded one need not be read at all.
    ///
    /// - Parameter folder: The folder's path, relative to the same place; empty for that place itself.
    /// - Returns: `true` only when everything inside matches, at any depth.
    public func matchesEverything(inside folder: some Sequence<UInt8>) -> Bool {
        machine(inside: PathUnits.decode(folder)).acceptsEveryContinuation
    }

    func matches(units: [UInt32]) -> Bool {
        var machine = PathPatternMachine(program)
        for unit in units {
            machine.consume(unit)
            if machine.isStuck { return false }
        }
        return machine.accepts
    }

    private func machine(inside folder: [UInt32]) -> PathPatternMachine {
        var machine = PathPatternMachine(program)
        for unit in folder { machine.consume(unit) }
        if !folder.isEmpty { machine.consume(PathUnits.slash) }
        return machine
    }
}

/// The name of a member: a relative path of plain components, as raw bytes.
///
/// The form is canonical, so that equal paths name equal files: components that are empty or `.` are dropped, and so is the
/// slash behind a directory. Nothing else is changed; the bytes need not be UTF-8.
public struct TarPath: Sendable, Hashable, CustomStringConvertible {
    /// The canonical path, components joined by `/` (0x2F), neither first nor last byte a slash, never empty.
    public let bytes: [UInt8]

    /// Checks and normalises a path.
    ///
    /// - Throws: ``TarError/Code/invalidPath`` when it is empty, absolute, holds NUL or a `..` component, or names nothing
    ///   but the root of the archive.
    public init(bytes: some Sequence<UInt8>) throws(TarError) {
        guard let path = try Self.parse(Array(bytes)).path else {
            throw TarError(.invalidPath, "a path names the root of the archive only", hint: Self.hint)
        }
        self = path
    }

    /// Checks and normalises a path; see ``init(bytes:)``.
    public init(_ string: String) throws(TarError) {
        try self.init(bytes: string.utf8)
    }

    init(canonical bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The path as text; bytes that are not UTF-8 appear as U+FFFD.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The path as text fit for a terminal or a log: control characters escaped, cut in the middle when over 200 characters.
    public var description: String { Self.printable(bytes) }
}

extension TarPath {
    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
    private static let hint =
        "Qdrant writes relative paths of plain components only, so this archive comes from something else."

    /// What a name in a header says.
    ///
    /// - Returns: the canonical path, `nil` for the root of the archive (`./`); and whether the spelling is one that only a
    ///   directory may have.
    static func parse(_ raw: [UInt8]) throws(TarError) -> (path: TarPath?, namesDirectory: Bool) {
        guard let first = raw.first else { throw TarError(.invalidPath, "a name is empty", hint: hint) }
        guard first != slash else { throw TarError(.invalidPath, "path '\(printable(raw))' is absolute", hint: hint) }
        guard !raw.contains(0) else {
            throw TarError(.invalidPath, "path '\(printable(raw))' holds a NUL byte", hint: hint)
        }
        var canonical: [UInt8] = []
        canonical.reserveCapacity(raw.count)
        var namesDirectory = false
        for component in raw.split(separator: slash, omittingEmptySubsequences: false) {
            namesDirectory = component.isEmpty || component.elementsEqual([dot])
            if namesDirectory { continue }
            guard !component.elementsEqual([dot, dot]) else {
                throw TarError(.invalidPath, "path '\(printable(raw))' leads out of its folder", hint: hint)
            }
            if !canonical.isEmpty { canonical.append(slash) }
            canonical.append(contentsOf: component)
        }
        return (canonical.isEmpty ? nil : TarPath(canonical: canonical), namesDirectory)
    }

    /// The folders above, the nearest first.
    var ancestors: some Sequence<TarPath> {
        sequence(state: bytes[...]) { rest -> TarPath? in
            guard let slash = rest.lastIndex(of: Self.slash) else { return nil }
            rest = rest[..<slash]
            return TarPath(canonical: Array(rest))
        }
    }

    private static func printable(_ bytes: [UInt8]) -> String {
        let limit = 200
        var text = ""
        let shown = bytes.count <= limit ? bytes[...] : bytes[..<(limit / 2)]
        for scalar in String(decoding: shown, as: UTF8.self).unicodeScalars {
            // Archives come from elsewhere: their names must not steer the terminal that shows an error.
            let isControl =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            text += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
        guard shown.count < bytes.count else { return text }
        return text + "…"
            + String(decoding: bytes.suffix(limit / 2), as: UTF8.self).filter { !$0.isNewline && $0 >= " " }
    }
}

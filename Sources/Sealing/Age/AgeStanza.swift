/// One recipient's part of a header: the file key, wrapped for it. Source: C2SP age.md, section Recipient stanza.
struct AgeStanza: Equatable, Sendable {
    /// A full line of a body: 64 letters, 48 bytes.
    static let lineLength = 64
    static let lineBytes = 48

    /// The type, then what the type needs; each of printable ASCII without spaces, none empty.
    var arguments: [String]
    var body: [UInt8]

    var type: String { arguments.first ?? "" }

    /// Appends its lines to `text`. The last is shorter than 64 letters, if need be empty.
    func encode(into text: inout [UInt8]) {
        text += Array("-> \(arguments.joined(separator: " "))\n".utf8)
        var rest = body[...]
        while rest.count >= Self.lineBytes {
            text += Base64.encode(rest.prefix(Self.lineBytes)) + [0x0A]
            rest = rest.dropFirst(Self.lineBytes)
        }
        text += Base64.encode(rest) + [0x0A]
    }

    /// Reads the line a stanza begins with.
    static func arguments(of line: ArraySlice<UInt8>) -> [String]? {
        let parts = line.dropFirst(3).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x21...0x7E).contains($0) } }) else { return nil }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }
}

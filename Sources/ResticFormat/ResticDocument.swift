/// A JSON document of a restic repository that can be read from its bytes, uncompressed and opened.
///
/// Readers skip keys they do not know, take any order of keys, and treat null like an absent key, as Go does; they
/// refuse anything after the document.
public protocol ResticDocument: Sendable {
    /// Reads a document.
    ///
    /// - Throws: `truncated`, `malformed` or `tooDeep` when the bytes are no such document; `outOfRange` when a number
    ///   does not fit its field; what else a type refuses stands with it.
    static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self
}

extension ResticDocument {
    /// Reads a document; see ``decode(_:)-(UnsafeRawBufferPointer)``.
    public static func decode(_ json: [UInt8]) throws(ResticFormatError) -> Self {
        try json.withRawBytes { bytes throws(ResticFormatError) in try decode(bytes) }
    }
}

extension ResticDocument {
    /// Reads one object that is the whole of `json`, calling `member` with each key.
    @inline(__always)
    package static func scanObject(
        _ json: UnsafeRawBufferPointer,
        _ member: (inout JSONScanner, JSONText) throws(ResticFormatError) -> Void
    ) throws(ResticFormatError) {
        var scanner = JSONScanner(json)
        try scanner.object(member)
        try scanner.finish()
    }
}

internal import NIOCore

/// Reads a header out of buffers as they come, line by line, and takes not a byte more than the header.
///
/// As strict as the grammar in C2SP age.md, section ABNF definition of file header: a line that is not exactly as an encoder
/// writes it is refused.
struct AgeHeaderDecoder: Sendable {
    private enum State {
        case version, stanza
        case body(arguments: [String], bytes: [UInt8])
    }

    private let limit: Int
    private var bytes: [UInt8] = []
    private var lineStart = 0
    private var stanzas: [AgeStanza] = []
    private var state = State.version

    init(limits: AgeLimits = AgeLimits()) {
        limit = limits.headerBytes
    }

    /// Takes what is there, up to the end of the header.
    ///
    /// - Returns: `nil` when the header goes on in the next buffer.
    /// - Throws: `damaged`, `notSealed`, `unsupported` (another version) or `limitExceeded`.
    mutating func decode(_ buffer: inout ByteBuffer) throws(SealingError) -> AgeHeader? {
        while buffer.readableBytes > 0 {
            try refuseForeignBeginning(buffer)
            let line = buffer.readableBytesView.firstIndex(of: 0x0A).map { $0 - buffer.readerIndex + 1 }
            guard bytes.count + (line ?? buffer.readableBytes) <= limit else {
                throw SealingError(
                    .limitExceeded,
                    "the header of a sealed file is longer than \(limit) bytes",
                    hint: "Is it an age file? No list of recipients needs that much."
                )
            }
            bytes += buffer.readBytes(length: line ?? buffer.readableBytes) ?? []
            guard line != nil else { return nil }
            defer { lineStart = bytes.count }
            if let header = try take(bytes[lineStart..<(bytes.count - 1)]) { return header }
        }
        return nil
    }

    /// What is missing when the bytes end here.
    var truncation: SealingError {
        guard !bytes.isEmpty else { return SealingError(.truncated, "a sealed file is empty") }
        return SealingError(.truncated, "a sealed file ends within its header, after \(bytes.count) bytes")
    }

    private var lineNumber: Int { bytes[..<lineStart].count { $0 == 0x0A } + 1 }

    private func damaged(_ what: String) -> SealingError {
        SealingError(.damaged, "line \(lineNumber) of the header of a sealed file \(what)")
    }

    /// Refuses a file of another kind before a line of it has ended; there may be none.
    private func refuseForeignBeginning(_ buffer: ByteBuffer) throws(SealingError) {
        guard case .version = state else { return }
        let prefix = AgeHeader.versionPrefix.utf8
        let beginning = bytes.prefix(prefix.count) + buffer.readableBytesView.prefix(prefix.count)
        guard bytes.count <= 2 * prefix.count, zip(beginning, prefix).allSatisfy(==) else { throw .notAge }
    }

    /// Takes a line without its line feed.
    private mutating func take(_ line: ArraySlice<UInt8>) throws(SealingError) -> AgeHeader? {
        switch state {
        case .version:
            try takeVersion(line)
            state = .stanza
        case .stanza:
            if line.starts(with: "---".utf8) { return try takeEnd(line) }
            guard line.starts(with: "-> ".utf8), let arguments = AgeStanza.arguments(of: line) else {
                throw damaged("begins no stanza")
            }
            state = .body(arguments: arguments, bytes: [])
        case .body(let arguments, var body):
            guard line.count <= AgeStanza.lineLength, let decoded = Base64.decode(line) else {
                throw damaged("is no line of canonical base 64 of up to \(AgeStanza.lineLength) letters")
            }
            body += decoded
            if line.count < AgeStanza.lineLength {
                stanzas.append(AgeStanza(arguments: arguments, body: body))
                state = .stanza
            } else {
                state = .body(arguments: arguments, bytes: body)
            }
        }
        return nil
    }

    private func takeVersion(_ line: ArraySlice<UInt8>) throws(SealingError) {
        guard line.starts(with: AgeHeader.versionPrefix.utf8) else { throw .notAge }
        let version = line.dropFirst(AgeHeader.versionPrefix.utf8.count)
        guard !version.elementsEqual(AgeHeader.version.utf8) else { return }
        guard !version.isEmpty, version.count <= 16, version.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw damaged("names no version")
        }
        throw SealingError(
            .unsupported,
            "a sealed file is of version \(String(decoding: version, as: UTF8.self)) of the age format; version 1 can be read"
        )
    }

    private func takeEnd(_ line: ArraySlice<UInt8>) throws(SealingError) -> AgeHeader {
        let text = line.dropFirst(4)
        guard line.starts(with: "--- ".utf8), text.count == Base64.unpaddedLength(of: AgeHeader.macLength),
            let mac = Base64.decode(text)
        else { throw damaged("is no MAC in canonical base 64") }
        guard !stanzas.isEmpty else { throw damaged("ends a header without recipients") }
        return AgeHeader(stanzas: stanzas, mac: mac, authenticatedBytes: Array(bytes[..<(lineStart + 3)]))
    }
}

extension AgeHeader {
    /// Reads a header that is in memory as a whole: the door for tests and fuzzing.
    ///
    /// - Returns: the header, and how many bytes it took.
    /// - Throws: what ``AgeHeaderDecoder`` throws; `truncated` when the bytes end before the header does.
    static func decode(
        _ bytes: some Sequence<UInt8>,
        limits: AgeLimits = AgeLimits()
    ) throws(SealingError) -> (header: AgeHeader, byteCount: Int) {
        var buffer = ByteBuffer(bytes: bytes)
        var decoder = AgeHeaderDecoder(limits: limits)
        guard let header = try decoder.decode(&buffer) else { throw decoder.truncation }
        return (header, buffer.readerIndex)
    }
}

extension SealingError {
    static var notAge: SealingError {
        SealingError(.notSealed, "the bytes do not begin as an age file does", hint: "Is this the file you mean?")
    }
}

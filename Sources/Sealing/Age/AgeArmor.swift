internal import NIOCore

/// The textual form of an age file: base 64 in lines of 64 letters between two marks.
///
/// Source: C2SP age.md, section ASCII armor; RFC 7468, section 3, figure 3 (strict).
enum AgeArmor {
    static let begin = "-----BEGIN AGE ENCRYPTED FILE-----"
    static let end = "-----END AGE ENCRYPTED FILE-----"
    static let lineLength = 64
    static let lineBytes = 48
    /// The most white space before and behind, in bytes; as in `age`.
    static let maximumSpace = 1024

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}

/// Writes the textual form as the bytes come.
struct AgeArmorWriter: Sendable {
    private var hasBegun = false
    private var pending: [UInt8] = []

    mutating func write(_ bytes: ByteBuffer, into output: inout ByteBuffer) {
        begin(&output)
        pending += bytes.readableBytesView
        var start = 0
        while pending.count - start >= AgeArmor.lineBytes {
            writeLine(pending[start..<(start + AgeArmor.lineBytes)], into: &output)
            start += AgeArmor.lineBytes
        }
        pending.removeFirst(start)
    }

    mutating func finish(into output: inout ByteBuffer) {
        begin(&output)
        if !pending.isEmpty { writeLine(pending[...], into: &output) }
        pending = []
        output.writeString("\(AgeArmor.end)\n")
    }

    private mutating func begin(_ output: inout ByteBuffer) {
        if !hasBegun { output.writeString("\(AgeArmor.begin)\n") }
        hasBegun = true
    }

    private func writeLine(_ bytes: ArraySlice<UInt8>, into output: inout ByteBuffer) {
        output.writeBytes(Base64.encode(bytes, padded: true))
        output.writeInteger(UInt8(0x0A))
    }
}

/// Reads the textual form as it comes, and refuses everything but its one spelling; white space around it and the line
/// ends of Windows are let pass, as in `age`.
struct AgeArmorReader: Sendable {
    private enum State { case before, lines, lastLine, after }

    private var state = State.before
    private var line: [UInt8] = []
    private var spaces = 0
    private var number = 1

    /// Takes all there is.
    ///
    /// - Throws: `damaged`; `notSealed` when it does not begin with the mark.
    mutating func read(_ text: inout ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        // A line of letters with both line ends; marks are shorter.
        let limit = AgeArmor.lineLength + 1
        while text.readableBytes > 0 {
            if try skipSpace(&text) { continue }
            let view = text.readableBytesView
            let end = view.firstIndex(of: 0x0A)
            let part = view[..<(end ?? view.endIndex)]
            guard line.count + part.count <= limit else {
                throw damaged("is longer than \(AgeArmor.lineLength) letters")
            }
            line += part
            text.moveReaderIndex(forwardBy: part.count + (end == nil ? 0 : 1))
            guard end != nil else { return }
            try takeLine(into: &output)
            number += 1
        }
    }

    /// Takes the last line, which may lack its line feed.
    ///
    /// - Throws: `truncated` when the mark at the end is missing; `damaged`.
    mutating func finish(into output: inout ByteBuffer) throws(SealingError) {
        if !line.isEmpty { try takeLine(into: &output) }
        guard state == .after else {
            throw SealingError(
                .truncated,
                "the text of a sealed file ends without its last line, '\(AgeArmor.end)'",
                hint: "Was it copied whole?"
            )
        }
    }

    /// Passes over white space outside of the marks.
    private mutating func skipSpace(_ text: inout ByteBuffer) throws(SealingError) -> Bool {
        guard line.isEmpty, state == .before || state == .after else { return false }
        let count = text.readableBytesView.prefix(while: AgeArmor.isSpace).count
        guard count > 0 || state == .after else { return false }
        guard count > 0 else {
            throw SealingError(.damaged, "there is text behind the end of a sealed file", hint: "Take it away.")
        }
        spaces += count
        guard spaces <= AgeArmor.maximumSpace else { throw damaged("is within too much white space") }
        text.moveReaderIndex(forwardBy: count)
        return true
    }

    private mutating func takeLine(into output: inout ByteBuffer) throws(SealingError) {
        if line.last == 0x0D { line.removeLast() }
        defer { line = [] }
        switch state {
        case .before:
            guard line.elementsEqual(AgeArmor.begin.utf8) else { throw damaged("is not '\(AgeArmor.begin)'") }
            state = .lines
        case .lines, .lastLine:
            if line.elementsEqual(AgeArmor.end.utf8) {
                (state, spaces) = (.after, 0)
                return
            }
            guard state == .lines, !line.isEmpty, line.count <= AgeArmor.lineLength,
                let bytes = Base64.decode(line[...], padded: true)
            else { throw damaged("is no line of canonical base 64") }
            output.writeBytes(bytes)
            if bytes.count < AgeArmor.lineBytes { state = .lastLine }
        case .after: throw damaged("follows the end")
        }
    }

    private func damaged(_ what: String) -> SealingError {
        SealingError(state == .before ? .notSealed : .damaged, "line \(number) of the text of a sealed file \(what)")
    }
}

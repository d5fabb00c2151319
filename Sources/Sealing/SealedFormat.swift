/// What a sealed file is, told by its first bytes.
public enum SealedFormat: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// An age file in bytes.
    case age
    /// An age file as text.
    case ageText = "age-text"
    /// An OpenPGP message in bytes.
    case openPGP = "openpgp"
    /// An OpenPGP message as text.
    case openPGPText = "openpgp-text"

    /// The name in reports.
    public var description: String { rawValue }

    /// What is known after some bytes.
    public enum Recognition: Sendable, Hashable {
        /// It is of this format, or of none.
        case format(SealedFormat)
        /// More bytes are needed; never said of ``SealedFormat/longestBeginning`` bytes or more.
        case undecided
        /// It is of no format that can be opened.
        case unknown
    }

    /// After so many bytes it is decided: white space before a text, and the longest mark.
    public static let longestBeginning = AgeArmor.maximumSpace + 64

    /// Looks at the first bytes of a file.
    public static func recognize(_ beginning: some Collection<UInt8>) -> Recognition {
        guard let first = beginning.first else { return .undecided }
        if first & 0x80 != 0 { return isOpenPGPTag(first) ? .format(.openPGP) : .unknown }
        let text = beginning.drop(while: AgeArmor.isSpace)
        let isBare = text.count == beginning.count
        guard beginning.count - text.count <= AgeArmor.maximumSpace else { return .unknown }
        let marks: [(SealedFormat, String)] = [
            (.ageText, AgeArmor.begin), (.openPGPText, "-----BEGIN PGP MESSAGE-----"),
        ]
        let candidates = marks + (isBare ? [(.age, AgeHeader.versionPrefix)] : [])
        for (format, mark) in candidates where text.starts(with: mark.utf8) { return .format(format) }
        return candidates.contains { $0.1.utf8.starts(with: text) } ? .undecided : .unknown
    }

    /// Whether a packet begins that an encrypted message begins with: a session key (tags 1 and 3), or data sealed at once
    /// (9, 18, 20). RFC 4880 and 9580, section Packet Headers.
    private static func isOpenPGPTag(_ byte: UInt8) -> Bool {
        let tag = byte & 0x40 != 0 ? byte & 0x3F : byte >> 2 & 0x0F
        return [1, 3, 9, 18, 20].contains(tag)
    }
}

/// A secret in memory.
///
/// It does not show itself: not when it is printed, interpolated, dumped or put into an error, and it is not `Codable`.
/// Whoever needs it calls ``reveal()`` or ``revealText()``, two words to look for in a review.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: [UInt8]
    /// What is questionable about the place it came from, as sentences for the user; never the secret.
    public let warnings: [String]

    /// Makes a secret from its bytes.
    public init(_ bytes: [UInt8], warnings: [String] = []) {
        self.bytes = bytes
        self.warnings = warnings
    }

    /// Makes a secret from text typed by the user.
    public init(_ text: String) { self.init(Array(text.utf8)) }

    /// The secret's bytes.
    public func reveal() -> [UInt8] { bytes }

    /// The secret as text.
    ///
    /// - Throws: ``SecretError`` with code `notText` when it is not UTF-8 or has a line break or another control
    ///   character, which no header or password prompt takes.
    public func revealText() throws(SecretError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw .init(
                .notText,
                "the secret is not one line of text in UTF-8",
                hint: "Does its place hold something else as well?"
            )
        }
        return text
    }

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

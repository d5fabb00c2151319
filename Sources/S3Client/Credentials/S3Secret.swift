/// A text that appears in no description, log or error: a secret key, a session token.
public struct S3Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Read it only where it is used.
    public let exposed: String

    /// Wraps a text.
    public init(_ text: String) {
        exposed = text
    }

    /// Not the text.
    public var description: String { "<redacted>" }
    /// Not the text.
    public var debugDescription: String { "<redacted>" }
    /// Shows no contents.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

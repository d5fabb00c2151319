/// One thing that is wrong, or questionable, in a configuration file, and where.
public struct ConfigurationDiagnostic: Sendable, Hashable, CustomStringConvertible {
    /// Whether the configuration can be used nevertheless.
    public enum Severity: String, Sendable, Hashable {
        /// The file is refused.
        case error
        /// The file is used; somebody should look.
        case warning
    }

    /// The kind of finding; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case syntax, unsupportedSyntax, tooDeep, duplicateKey, unknownKey, missingKey, wrongType, emptyValue,
                invalidValue, literalSecret, invalidReference, duplicateValue, unsupportedVersion, notYetSupported,
                overlap, insecure
        }
        private let base: Base

        /// The file is not YAML.
        public static let syntax = Code(base: .syntax)
        /// YAML that a configuration has no use for: anchors, aliases, tags, directives, tabs, keys that are no names.
        public static let unsupportedSyntax = Code(base: .unsupportedSyntax)
        /// Nested deeper, or made of more parts, than any configuration is.
        public static let tooDeep = Code(base: .tooDeep)
        /// The same key twice in one mapping.
        public static let duplicateKey = Code(base: .duplicateKey)
        /// A key that the schema does not have there.
        public static let unknownKey = Code(base: .unknownKey)
        /// A key that must be there and is not.
        public static let missingKey = Code(base: .missingKey)
        /// Text where a list is expected, a mapping where a number is expected, and so on.
        public static let wrongType = Code(base: .wrongType)
        /// A key without a value.
        public static let emptyValue = Code(base: .emptyValue)
        /// A value of the right type that cannot be used.
        public static let invalidValue = Code(base: .invalidValue)
        /// A secret written into the file.
        public static let literalSecret = Code(base: .literalSecret)
        /// A reference to a secret that is not complete.
        public static let invalidReference = Code(base: .invalidReference)
        /// The same collection, name or folder twice.
        public static let duplicateValue = Code(base: .duplicateValue)
        /// The schema's version is not one this program reads.
        public static let unsupportedVersion = Code(base: .unsupportedVersion)
        /// A value that means something, but not yet to this version.
        public static let notYetSupported = Code(base: .notYetSupported)
        /// The repository and the documents lie inside each other.
        public static let overlap = Code(base: .overlap)
        /// A secret would travel or lie open.
        public static let insecure = Code(base: .insecure)

        public var description: String { base.rawValue }
    }

    /// The part of a line that is shown below the message, with everything hidden that may be a secret.
    public struct Quotation: Sendable, Hashable {
        /// The line, or what may be seen of it.
        public var text: String
        /// How many characters (Unicode scalars) of `text` come before the place meant; `nil` when that is not shown.
        public var caret: Int?
    }

    /// The kind of finding.
    public var code: Code
    /// Whether the configuration can be used nevertheless.
    public var severity: Severity
    /// The file, as it was named by whoever asked for it.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column in Unicode scalars, from 1.
    public var column: Int
    /// One sentence, lower case, no full stop; never a value that may be a secret.
    public var message: String
    /// What to write instead, a full sentence.
    public var suggestion: String?
    /// The line concerned.
    public var quotation: Quotation?

    /// `FILE:LINE:COLUMN: error: MESSAGE`, the form that editors and terminals make links of.
    public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }

    /// The finding as a compiler writes it: place and message, the line with a caret below it, the suggestion.
    /// Several lines, without a line break at the end.
    public var rendered: String {
        var lines = [description]
        let number = String(line)
        let margin = String(repeating: " ", count: max(number.count, 4) + 1)
        if let quotation {
            lines.append(String(repeating: " ", count: max(5 - number.count, 1)) + number + " | " + quotation.text)
            if let caret = quotation.caret {
                lines.append(margin + " | " + String(repeating: " ", count: caret) + "^")
            }
        }
        if let suggestion { lines.append(margin + " = " + suggestion) }
        return lines.joined(separator: "\n")
    }
}

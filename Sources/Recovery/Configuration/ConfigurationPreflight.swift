/// Looks over the text before the YAML parser does, for what a configuration has no use for and a parser would make
/// something of: anchors and aliases (a few lines can stand for billions of values), tags, directives, deep nesting,
/// control characters, tabs as indentation.
///
/// It knows just enough of YAML to tell where a value begins: quotes, comments, block scalars, brackets.
struct ConfigurationPreflight {
    /// Deepest nesting of brackets; a configuration needs two.
    static let maximumFlowDepth = 16
    /// Furthest column at which a block may begin; a configuration needs ten.
    static let maximumIndentation = 128

    private let source: ConfigurationSource
    private var report: ConfigurationReport
    private var index = 0
    private var line = 1
    private var lineStart = 0
    private var flowDepth = 0
    /// A value or a key begins with the next character that is no blank.
    private var expectsNode = true
    /// The last thing was unquoted text, which the next line may go on with.
    private var isInPlainText = false
    /// Column (from 0) of the innermost block key or dash: what belongs to it is indented further.
    private var blockColumn = -1
    /// Column (from 0) where the text began that a `:` would make a key.
    private var nodeColumn = 0

    private init(_ source: ConfigurationSource) {
        self.source = source
        report = ConfigurationReport(source)
    }

    /// What is to be refused in the text; empty when the parser may see it.
    static func check(_ source: ConfigurationSource) -> ConfigurationReport {
        var preflight = ConfigurationPreflight(source)
        preflight.checkCharacters()
        if !preflight.report.hasErrors { preflight.scan() }
        return preflight.report
    }

    private var current: Unicode.Scalar? { index < source.scalars.count ? source.scalars[index] : nil }
    private var following: Unicode.Scalar? {
        index + 1 < source.scalars.count ? source.scalars[index + 1] : nil
    }
    private var column: Int { index - lineStart }
    private var position: ConfigurationPosition { .init(line: line, column: column + 1) }

    private static func isBlankOrEnd(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return true }
        return scalar == " " || scalar == "\t" || ConfigurationSource.isBreak(scalar)
    }

    private mutating func checkCharacters() {
        for (number, range) in source.lines.enumerated() {
            let unwanted = range.first { index in
                let scalar = source.scalars[index]
                return (scalar.value < 0x20 && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
                    || scalar == "\u{FEFF}"
            }
            guard let unwanted else { continue }
            let position = ConfigurationPosition(line: number + 1, column: unwanted - range.lowerBound + 1)
            let code = String(source.scalars[unwanted].value, radix: 16, uppercase: true)
            report.error(
                .unsupportedSyntax,
                at: position,
                "the line has the control character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)",
                suggestion:
                    "Remove it; inside double quotes it can be written as \\x\(code.count < 2 ? "0" : "")\(code)."
            )
        }
    }

    private mutating func scan() {
        startLine()
        while let scalar = current {
            if ConfigurationSource.isBreak(scalar) {
                endLine()
            } else if scalar == " " || scalar == "\t" {
                index += 1
            } else if scalar == "#", index == lineStart || Self.isBlankOrEnd(source.scalars[index - 1]) {
                isInPlainText = false
                skipLine()
            } else if expectsNode {
                beginNode(scalar)
            } else {
                continueNode(scalar)
            }
        }
    }

    private mutating func endLine() {
        if current == "\r", following == "\n" { index += 1 }
        index += 1
        line += 1
        lineStart = index
        startLine()
    }

    private mutating func startLine() {
        while current == " " { index += 1 }
        guard let scalar = current, !ConfigurationSource.isBreak(scalar), scalar != "#" else { return }
        if scalar == "\t" {
            refuseTab()
            while current == "\t" || current == " " { index += 1 }
        }
        if scalar == "%", column == 0 {
            report.error(
                .unsupportedSyntax,
                at: position,
                "YAML directives are not supported",
                suggestion: "Remove the line."
            )
            return skipLine()
        }
        if flowDepth == 0 {
            let continuesText = isInPlainText && column > blockColumn
            isInPlainText = continuesText
            expectsNode = !continuesText
        }
    }

    private mutating func refuseTab() {
        // Blank lines may hold anything.
        guard source.lines[line - 1].contains(where: { source.scalars[$0] != "\t" && source.scalars[$0] != " " }) else {
            return
        }
        report.error(
            .unsupportedSyntax,
            at: position,
            "the line is indented with a tab",
            suggestion: "YAML allows spaces only: write two for each level."
        )
    }

    private mutating func skipLine() {
        while let scalar = current, !ConfigurationSource.isBreak(scalar) { index += 1 }
    }

    private mutating func skipWord() {
        while !Self.isBlankOrEnd(current) { index += 1 }
    }

    private mutating func beginNode(_ scalar: Unicode.Scalar) {
        if flowDepth == 0, column > Self.maximumIndentation {
            report.error(
                .tooDeep,
                at: position,
                "a value begins beyond column \(Self.maximumIndentation)",
                suggestion: "Indent with two spaces for each level."
            )
            return skipLine()
        }
        switch scalar {
        case "&": refuseWord("anchors are not supported", "Write the value out where it is used, or put it in quotes.")
        case "*":
            refuseWord("aliases are not supported", "Put a pattern that begins with * in quotes: \"**/*.mdx\".")
            expectsNode = false
        case "!": refuseWord("tags are not supported", "Put a value that begins with ! in quotes.")
        case "\"", "'": skipQuoted(scalar)
        case "|" where flowDepth == 0, ">" where flowDepth == 0: skipBlockScalar()
        case "[", "{": openBracket()
        case "]", "}": closeBracket()
        case ",": index += 1
        case "-" where flowDepth == 0 && Self.isBlankOrEnd(following):
            blockColumn = column
            index += 1
        case "?" where Self.isBlankOrEnd(following): index += 1
        default:
            nodeColumn = column
            expectsNode = false
            isInPlainText = true
            continueNode(scalar)
        }
    }

    private mutating func continueNode(_ scalar: Unicode.Scalar) {
        let isInFlow = flowDepth > 0
        switch scalar {
        case ":"
        where Self.isBlankOrEnd(following)
            || (isInFlow && (!isInPlainText || ",[]{}".unicodeScalars.contains(following ?? " "))):
            expectsNode = true
            isInPlainText = false
            if !isInFlow { blockColumn = nodeColumn }
            index += 1
        case "," where isInFlow:
            expectsNode = true
            isInPlainText = false
            index += 1
        case "[" where isInFlow, "{" where isInFlow: openBracket()
        case "]" where isInFlow, "}" where isInFlow: closeBracket()
        default: index += 1
        }
    }

    private mutating func refuseWord(_ message: String, _ suggestion: String) {
        report.error(.unsupportedSyntax, at: position, message, suggestion: suggestion)
        skipWord()
    }

    private mutating func openBracket() {
        flowDepth += 1
        expectsNode = true
        isInPlainText = false
        if flowDepth == Self.maximumFlowDepth + 1 {
            report.error(
                .tooDeep,
                at: position,
                "brackets are nested more than \(Self.maximumFlowDepth) levels deep",
                suggestion: "Close the brackets that were left open."
            )
        }
        index += 1
    }

    private mutating func closeBracket() {
        flowDepth = max(0, flowDepth - 1)
        expectsNode = false
        isInPlainText = false
        index += 1
    }

    private mutating func skipQuoted(_ quote: Unicode.Scalar) {
        nodeColumn = column
        expectsNode = false
        isInPlainText = false
        index += 1
        while let scalar = current {
            if ConfigurationSource.isBreak(scalar) {
                if scalar == "\r", following == "\n" { index += 1 }
                line += 1
                lineStart = index + 1
            } else if quote == "\"", scalar == "\\", following.map(ConfigurationSource.isBreak) == false {
                index += 1
            } else if scalar == quote {
                index += 1
                guard quote == "'", current == "'" else { return }
            }
            index += 1
        }
    }

    /// Skips the text after `|` or `>`: all lines that are blank or indented further than what it belongs to.
    private mutating func skipBlockScalar() {
        skipLine()
        while line < source.lines.count {
            let next = source.lines[line]
            let indentation = next.prefix { source.scalars[$0] == " " }.count
            let isBlank = indentation == next.count
            guard isBlank || indentation > blockColumn else { break }
            line += 1
            lineStart = next.lowerBound
            index = next.upperBound
        }
        expectsNode = false
        isInPlainText = false
    }
}

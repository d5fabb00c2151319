/// Turns the text of a pattern into a program.
struct PathPatternParser {
    private let text: String
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    private var program = PathPatternProgram()

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() throws(PathPatternError) -> PathPatternProgram {
        try checkEnds()
        _ = try parseSequence(atComponentStart: true)
        program.append(.accept)
        return program
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func scalar(ahead count: Int) -> Unicode.Scalar? {
        index + count < scalars.count ? scalars[index + count] : nil
    }

    private func checkEnds() throws(PathPatternError) {
        guard let first = scalars.first, let last = scalars.last else {
            throw .init(.empty, "the pattern is empty", hint: "Write `**` for everything in the folder.")
        }
        guard text.utf8.count <= PathPattern.maximumLength else {
            throw .init(
                .tooLong,
                "the pattern has \(text.utf8.count) bytes, more than \(PathPattern.maximumLength)",
                hint: "Write several patterns: a list of them matches what any of them matches."
            )
        }
        if first == "!" {
            throw .init(
                .negated,
                "a pattern cannot begin with `!`",
                hint: "List what to leave out under `exclude`; for a name that begins with `!`, write `\\!`."
            )
        }
        if first == "/" {
            throw .init(
                .absolute,
                "a pattern cannot begin with `/`",
                hint: "Patterns are relative to the folder: leave the first `/` out."
            )
        }
        if last == "/" {
            throw .init(
                .trailingSlash,
                "a pattern cannot end with `/`",
                hint: "Write `**` after the slash for everything inside the folder.",
                at: scalars.count - 1
            )
        }
    }

    /// Reads up to the end, or inside braces up to `,` or `}`, which are left to the caller.
    ///
    /// - Parameter atComponentStart: Whether what comes first is at the beginning of a path component.
    /// - Returns: Whether the same holds at the end of the sequence.
    private mutating func parseSequence(atComponentStart: Bool) throws(PathPatternError) -> Bool {
        var atStart = atComponentStart
        while let scalar = current {
            switch scalar {
            case ",", "}":
                if depth > 0 { return atStart }
                if scalar == "}" {
                    throw .init(
                        .strayBrace,
                        "`}` has no `{` before it",
                        hint: "Write `\\}` for the character itself.",
                        at: index
                    )
                }
                atStart = literal(scalar)
            case "*": atStart = try parseStars(atComponentStart: atStart)
            case "?":
                program.append(.anyInComponent)
                index += 1
                atStart = false
            case "[":
                try parseClass()
                atStart = false
            case "{": atStart = try parseBraces(atComponentStart: atStart)
            case "\\":
                index += 1
                guard let escaped = current else {
                    throw .init(
                        .danglingBackslash,
                        "the pattern ends with a single `\\`",
                        hint: "Write `\\\\` for the character itself.",
                        at: index - 1
                    )
                }
                atStart = literal(escaped)
            default:
                if atStart { try checkComponent() }
                atStart = literal(scalar)
            }
        }
        return atStart
    }

    /// - Returns: Whether a component begins after the character.
    private mutating func literal(_ scalar: Unicode.Scalar) -> Bool {
        program.append(.unit(scalar.value))
        index += 1
        return scalar == "/"
    }

    /// Refuses components that no path relative to a folder has: such a pattern would silently match nothing.
    private func checkComponent() throws(PathPatternError) {
        if current == "/" {
            throw .init(
                .emptyComponent,
                "the pattern has an empty component",
                hint: "Write one `/` between two names.",
                at: index
            )
        }
        let dots = scalars[index...].prefix { $0 == "." }.count
        let end = scalar(ahead: dots)
        if (1...2).contains(dots), end == nil || end == "/" || (depth > 0 && (end == "," || end == "}")) {
            throw .init(
                .dotComponent,
                "the pattern has `\(dots == 1 ? "." : "..")` as a component",
                hint: "Patterns are relative to the folder and stay in it: leave the component out.",
                at: index
            )
        }
    }

    private mutating func parseStars(atComponentStart: Bool) throws(PathPatternError) -> Bool {
        let count = scalars[index...].prefix { $0 == "*" }.count
        guard count > 1 else {
            index += 1
            appendLoop(.anyInComponent)
            return false
        }
        let end = scalar(ahead: count)
        let endsComponent = end == nil || end == "/" || (depth > 0 && (end == "," || end == "}"))
        guard count == 2, atComponentStart, endsComponent else {
            throw .init(
                .misplacedStars,
                "`\(String(repeating: "*", count: count))` is not alone between two slashes",
                hint: "Write `**/` for any number of folders, `*` for any characters of one name.",
                at: index
            )
        }
        index += 2
        if end == "/" {
            index += 1
            appendFolders()
            return true
        }
        let loop = program.append(.any)
        program.append(.split(loop, program.instructions.count + 1))
        return false
    }

    /// Zero or more of `step`.
    private mutating func appendLoop(_ step: PathPatternProgram.Instruction) {
        let start = program.append(.split(0, 0))
        program.append(step)
        program.append(.jump(start))
        program.instructions[start] = .split(start + 1, start + 3)
    }

    /// Zero or more times: one or more characters of a name, then `/`.
    private mutating func appendFolders() {
        let start = program.append(.split(0, 0))
        let name = program.append(.anyInComponent)
        program.append(.split(name, name + 2))
        program.append(.unit(PathUnits.slash))
        program.append(.jump(start))
        program.instructions[start] = .split(name, program.instructions.count)
    }

    private mutating func parseBraces(atComponentStart: Bool) throws(PathPatternError) -> Bool {
        let opening = index
        guard depth < PathPattern.maximumDepth else {
            throw .init(
                .tooDeep,
                "braces are nested more than \(PathPattern.maximumDepth) levels deep",
                hint: "Write several patterns: a list of them matches what any of them matches.",
                at: opening
            )
        }
        depth += 1
        index += 1
        var atStart = true
        var jumps: [Int] = []
        while true {
            let split = program.append(.split(0, 0))
            // Only when every alternative ends at the beginning of a component does what follows begin there.
            atStart = try parseSequence(atComponentStart: atComponentStart) && atStart
            guard let separator = current else {
                throw .init(
                    .unclosedBrace,
                    "`{` has no `}` after it",
                    hint: "Write `\\{` for the character itself.",
                    at: opening
                )
            }
            index += 1
            guard separator == "," else {
                // The last alternative is reached by the split before it; its own has one way only.
                program.instructions[split] = .jump(split + 1)
                break
            }
            jumps.append(program.append(.jump(0)))
            program.instructions[split] = .split(split + 1, program.instructions.count)
        }
        for jump in jumps { program.instructions[jump] = .jump(program.instructions.count) }
        depth -= 1
        return atStart
    }

    private mutating func parseClass() throws(PathPatternError) {
        let opening = index
        var set = PathPatternClass()
        index += 1
        if current == "!" || current == "^" {
            set.isNegated = true
            index += 1
        }
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            set.ranges.append(try parseRange(opening: opening))
        }
        guard current == "]" else {
            throw .init(
                .unclosedClass,
                "`[` has no `]` after it",
                hint: "Write `\\[` for the character itself.",
                at: opening
            )
        }
        index += 1
        program.classes.append(set)
        program.append(.set(program.classes.count - 1))
    }

    private mutating func parseRange(opening: Int) throws(PathPatternError) -> ClosedRange<UInt32> {
        let start = index
        let lower = try parseClassCharacter(opening: opening)
        guard current == "-", let after = scalar(ahead: 1), after != "]" else { return lower...lower }
        index += 1
        let upper = try parseClassCharacter(opening: opening)
        guard lower <= upper else {
            throw .init(
                .reversedRange,
                "a range ends before it begins",
                hint: "Write the smaller character first; for the character `-` itself, write it last.",
                at: start
            )
        }
        return lower...upper
    }

    private mutating func parseClassCharacter(opening: Int) throws(PathPatternError) -> UInt32 {
        if current == "\\" { index += 1 }
        guard let scalar = current else {
            throw .init(
                .unclosedClass,
                "`[` has no `]` after it",
                hint: "Write `\\[` for the character itself.",
                at: opening
            )
        }
        if scalar == "/" {
            throw .init(
                .emptyClass,
                "a class cannot name `/`",
                hint: "Write the slash outside of the brackets.",
                at: index
            )
        }
        index += 1
        return scalar.value
    }
}

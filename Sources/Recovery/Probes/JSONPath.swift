public import QdrantClient

/// Where in a JSON value something is: `status`, `$.sources[*].path`, `data[0]['a key']`.
///
/// A small part of RFC 9535: names after a dot or in brackets and quotes, indices from 0, and `[*]` for every element or member.
/// Filters, slices and `..` are refused rather than ignored.
public struct JSONPath: Sendable, Hashable, CustomStringConvertible {
    /// The largest number of values that are selected.
    static let maximumMatches = 10_000

    /// One step down.
    enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
        case every
    }

    /// As it was written.
    public let description: String
    let steps: [Step]

    /// Reads a path.
    ///
    /// - Returns: `nil` when the text is none.
    public init?(_ text: String) {
        guard let steps = Self.parse(Array(text.unicodeScalars)) else { return nil }
        description = text
        self.steps = steps
    }

    /// Whether a value can be set there: names only, and at least one.
    public var canBeSet: Bool {
        !steps.isEmpty
            && steps.allSatisfy { step in
                if case .member = step { true } else { false }
            }
    }

    /// The values there, in the order of the text.
    public func values(in value: JSONValue) -> [JSONValue] {
        var current = [value]
        for step in steps {
            current = current.flatMap { Self.step($0, step) }
            if current.count > Self.maximumMatches { current = Array(current.prefix(Self.maximumMatches)) }
        }
        return current
    }

    /// The object with a value set there; members on the way are made.
    ///
    /// - Precondition: ``canBeSet``.
    public func setting(_ value: JSONValue, in object: JSONObject) -> JSONObject {
        Self.setting(value, steps[...], in: object)
    }

    private static func setting(_ value: JSONValue, _ steps: ArraySlice<Step>, in object: JSONObject) -> JSONObject {
        guard case .member(let name)? = steps.first else { return object }
        var object = object
        let rest = steps.dropFirst()
        object[name] = rest.isEmpty ? value : .object(setting(value, rest, in: object[name]?.objectValue ?? [:]))
        return object
    }

    private static func step(_ value: JSONValue, _ step: Step) -> [JSONValue] {
        switch step {
        case .member(let name): value[name].map { [$0] } ?? []
        case .element(let index):
            value.arrayValue.flatMap { $0.indices.contains(index) ? [$0[index]] : nil } ?? []
        case .every: value.arrayValue ?? value.objectValue?.members.map(\.value) ?? []
        }
    }

    private static func parse(_ text: [Unicode.Scalar]) -> [Step]? {
        var rest = text[...]
        var steps: [Step] = []
        var expectsName = true
        if rest.first == "$" {
            rest = rest.dropFirst()
            expectsName = false
        }
        while let first = rest.first {
            if first == "[" {
                guard let step = bracket(&rest) else { return nil }
                steps.append(step)
                expectsName = false
                continue
            }
            if !expectsName {
                guard first == "." else { return nil }
                rest = rest.dropFirst()
            }
            let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" }
            guard !name.isEmpty, !name.contains(where: { $0.properties.isWhitespace || $0 == "?" || $0 == "*" }) else {
                return nil
            }
            steps.append(.member(String(String.UnicodeScalarView(name))))
            rest = rest.dropFirst(name.count)
            expectsName = false
        }
        return steps.isEmpty ? nil : steps
    }

    /// `[3]`, `[*]`, `['name']`.
    private static func bracket(_ rest: inout ArraySlice<Unicode.Scalar>) -> Step? {
        rest = rest.dropFirst()
        if let quote = rest.first, quote == "'" || quote == "\"" {
            let name = rest.dropFirst().prefix { $0 != quote }
            rest = rest.dropFirst(name.count + 2)
            guard rest.first == "]" else { return nil }
            rest = rest.dropFirst()
            return .member(String(String.UnicodeScalarView(name)))
        }
        let content = rest.prefix { $0 != "]" }
        rest = rest.dropFirst(content.count)
        guard rest.first == "]" else { return nil }
        rest = rest.dropFirst()
        if content.elementsEqual(["*"]) { return .every }
        guard !content.isEmpty, content.count < 10, content.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        return Int(String(String.UnicodeScalarView(content))).map { .element($0) }
    }
}

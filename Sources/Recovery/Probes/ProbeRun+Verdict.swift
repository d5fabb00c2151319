internal import FoundationEssentials
internal import NIOCore
internal import QdrantClient

/// What answers say.
extension ProbeRun.Verdict {
    /// Looks at an answer: status first, then text, then JSON.
    static func of(_ answer: HTTPCaller.Answer, _ probe: HTTPProbe, _ prepared: HTTPCaller.Prepared) -> Self {
        let place = probe.call.place
        guard answer.status == probe.status else {
            return .failed("\(place) answered with status \(answer.status) instead of \(probe.status)")
        }
        if let text = probe.contains, !contains(answer.body, text) {
            return .failed("the answer of \(place) does not contain the expected text")
        }
        if !probe.json.isEmpty {
            guard let value = json(answer) else { return .failed("the answer of \(place) is not JSON") }
            for expectation in probe.json {
                let values = expectation.path.values(in: value)
                guard !values.isEmpty else {
                    return .failed("the answer of \(place) has nothing at '\(expectation.path)'")
                }
                guard values.contains(where: { expectation.test.holds(for: $0) }) else {
                    return .failed(
                        "the answer of \(place) has \(prepared.redacted(describe(values))) at '\(expectation.path)', not what \(expectation.test.text)"
                    )
                }
            }
        }
        return Self(outcome: .verified, detail: "\(place) answered with status \(answer.status)")
    }

    /// Looks for the sources.
    static func of(_ answer: HTTPCaller.Answer, citing probe: QuestionProbe, _ prepared: HTTPCaller.Prepared) -> Self {
        let place = probe.http.call.place
        guard let value = json(answer) else { return .failed("the answer of \(place) is not JSON") }
        let found = probe.sources.values(in: value).compactMap(\.stringValue)
        let lacking = probe.cites.filter { !found.contains($0) }
        guard lacking.isEmpty else {
            let given = found.isEmpty ? "none" : found.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            return .failed(
                "the answer cites \(prepared.redacted(given)), not \(lacking.map { "'\($0)'" }.joined(separator: ", "))"
            )
        }
        return Self(
            outcome: .verified,
            detail: "the answer cites \(probe.cites.map { "'\($0)'" }.joined(separator: ", "))"
        )
    }

    private static func json(_ answer: HTTPCaller.Answer) -> JSONValue? {
        try? JSONValue(reading: answer.body, limits: JSONLimits(byteCount: HTTPCaller.answerLimit))
    }

    private static func contains(_ body: [UInt8], _ text: String) -> Bool {
        String(decoding: body, as: UTF8.self).contains(text)
    }

    /// The first values, short.
    private static func describe(_ values: [JSONValue]) -> String {
        let shown = values.prefix(3).map { value in
            switch value {
            case .string(let text): "'\(text.prefix(80))'"
            case .object: "an object"
            case .array: "a list"
            default: value.scalarText ?? "null"
            }
        }
        return shown.joined(separator: ", ") + (values.count > 3 ? ", …" : "")
    }
}

extension JSONExpectation.Test {
    /// For reports: `equals 'ok'`.
    var text: String {
        switch self {
        case .equals(let text): "equals '\(text)'"
        case .matches(let pattern): "matches '\(pattern)'"
        }
    }

    func holds(for value: JSONValue) -> Bool {
        switch self {
        case .equals(let expected):
            if let text = value.stringValue { return text == expected }
            if let number = value.doubleValue, let wanted = Double(expected) { return number == wanted }
            return value.scalarText == expected
        case .matches(let pattern):
            guard let text = value.scalarText, let regex = try? Regex(pattern) else { return false }
            return (try? regex.firstMatch(in: text)) != nil
        }
    }
}

extension JSONValue {
    /// A value that is neither list nor object, as text.
    var scalarText: String? {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value
        case .array, .object: nil
        }
    }
}

/// A place as rclone names it: `REMOTE:PATH`, or a connection string, which may hold passwords.
///
/// Format: `NAME:PATH`, `:BACKEND:PATH`, and either with parameters before the path, `NAME,KEY=VALUE,KEY="VALUE":PATH`, where a quote
/// within quotes is doubled (rclone's documentation, "Connection strings").
public struct RcloneRemote: Sendable, Hashable, CustomStringConvertible {
    /// As it was written; may hold a secret.
    public let text: String

    /// Takes any text; whether rclone knows such a place shows when it is used.
    public init(_ text: String) {
        self.text = text
    }

    /// Without what a connection string tells, for people: everything from its first comma on.
    public var description: String {
        parameterStart.map { "\(text[..<$0]),…" } ?? text
    }

    /// What somebody said, with nothing of the connection string in it. rclone repeats the whole of it when it cannot use the place.
    public func redacting(_ words: String) -> String {
        guard let start = parameterStart else { return words }
        var secrets = [(text, description), (String(text[start...]), ",…")]
        secrets += parameters.filter { !Self.harmless.contains($0.key) && $0.value.utf8.count > 3 }.map {
            ($0.value, "…")
        }
        return secrets.reduce(words) { words, secret in
            // As it is, and as Go prints it in quotes (`%q`).
            words.replacing(secret.0, with: secret.1).replacing(Self.quoted(secret.0), with: secret.1)
        }
    }

    /// Keys of which the value helps whoever reads an error, and opens nothing.
    private static let harmless: Set<String> = ["host", "user", "port", "provider", "region", "endpoint", "type"]

    /// Where the first comma stands that is before the colon of the path: a backend's name has neither.
    private var parameterStart: String.Index? {
        let name = text.hasPrefix(":") ? text.dropFirst() : text[...]
        guard let end = name.firstIndex(where: { $0 == "," || $0 == ":" }), name[end] == "," else { return nil }
        return end
    }

    private var parameters: [(key: String, value: String)] {
        guard let start = parameterStart else { return [] }
        var all: [(key: String, value: String)] = []
        var rest = text[start...]
        while rest.first == "," {
            rest = rest.dropFirst()
            let key = rest.prefix { $0 != "=" && $0 != "," && $0 != ":" }
            rest = rest[key.endIndex...]
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            all.append((String(key), Self.takeValue(&rest)))
        }
        return all
    }

    private static func takeValue(_ rest: inout Substring) -> String {
        guard let quote = rest.first, quote == "\"" || quote == "'" else {
            let value = rest.prefix { $0 != "," && $0 != ":" }
            rest = rest[value.endIndex...]
            return String(value)
        }
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.popFirst() {
            guard next == quote else {
                value.append(next)
                continue
            }
            guard rest.first == quote else { return value }
            value.append(quote)
            rest = rest.dropFirst()
        }
        return value
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}

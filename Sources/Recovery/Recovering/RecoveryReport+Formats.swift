internal import Foundation

extension RecoveryReport {
    /// How a report is written.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// For people, in any editor.
        case markdown = "md"
        /// For people, in a browser: one file that needs nothing else.
        case html
        /// For programs.
        case json

        /// The format that a file's name asks for; `nil` for none.
        public init?(fileName: String) {
            switch fileName.split(separator: ".").last?.lowercased() {
            case "md", "markdown": self = .markdown
            case "html", "htm": self = .html
            case "json": self = .json
            default: return nil
            }
        }
    }

    /// Writes the report as text.
    public func rendered(as format: Format) throws -> String {
        switch format {
        case .markdown: markdown
        case .html: html
        case .json: try json
        }
    }

    private var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }

    // MARK: Markdown

    private var markdown: String {
        var text = "# \(Self.escapedForMarkdown(title))\n"
        for section in sections {
            text += "\n## \(section.title)\n"
            for paragraph in section.paragraphs { text += "\n\(Self.escapedForMarkdown(paragraph))\n" }
            guard section.table.count > 1, let header = section.table.first else {
                if let empty = section.emptyText { text += "\n\(empty)\n" }
                continue
            }
            text += "\n| \(header.joined(separator: " | ")) |\n"
            text += "|\(String(repeating: " --- |", count: header.count))\n"
            for row in section.table.dropFirst() {
                text += "| \(row.map(Self.escapedForMarkdown).joined(separator: " | ")) |\n"
            }
        }
        return text
    }

    /// Names come from file systems and servers: what would be markup, a new line or a link is shown as it is.
    static func escapedForMarkdown(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "|", "`", "*", "_", "[", "]", "<", ">", "#", "&", "~":
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            case _ where scalar.properties.generalCategory == .control: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    // MARK: HTML

    private var html: String {
        var text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(Self.escapedForHTML(title))</title>
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em; color: #222; }
            table { border-collapse: collapse; width: 100%; margin: 1em 0; }
            th, td { border: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
            th { background: #f3f3f3; }
            .verified, .same { color: #05620e; } .failed, .missing { color: #a00; font-weight: bold; } .untested { color: #8a5a00; }
            </style>
            </head>
            <body>
            <h1 class="\(outcome.rawValue)">\(Self.escapedForHTML(title))</h1>

            """
        for section in sections {
            text += "<h2>\(Self.escapedForHTML(section.title))</h2>\n"
            for paragraph in section.paragraphs { text += "<p>\(Self.escapedForHTML(paragraph))</p>\n" }
            guard section.table.count > 1, let header = section.table.first else {
                if let empty = section.emptyText { text += "<p>\(Self.escapedForHTML(empty))</p>\n" }
                continue
            }
            text += "<table>\n"
            if header.contains(where: { !$0.isEmpty }) {
                text += "<tr>\(header.map { "<th>\(Self.escapedForHTML($0))</th>" }.joined())</tr>\n"
            }
            for row in section.table.dropFirst() {
                text += "<tr>\(row.map(Self.cell).joined())</tr>\n"
            }
            text += "</table>\n"
        }
        return text + "</body>\n</html>\n"
    }

    private static func cell(_ text: String) -> String {
        let words = ["verified", "failed", "untested", "same", "missing"]
        let kind = words.first { text == $0 }.map { " class=\"\($0)\"" } ?? ""
        return "<td\(kind)>\(escapedForHTML(text))</td>"
    }

    static func escapedForHTML(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _ where scalar.properties.generalCategory == .control: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

internal import Foundation
internal import QdrantCapture
internal import QdrantClient
internal import Recovery

/// The file with all ids that a comparison found (`docs/reference/json.md`).
enum DifferenceList {
    /// Writes it whole or not at all; a file of that name is replaced.
    static func write(_ reports: [PointRepairReport], of restorePoint: String, to path: String) throws {
        var text = "{\"restorePoint\":\"\(restorePoint)\",\"parts\":["
        var isFirst = true
        for report in reports {
            for part in report.found.parts {
                text +=
                    "\(isFirst ? "" : ",")\n{\"collection\":\(quoted(report.collection)),\"live\":\(quoted(report.live))"
                if let key = part.shardKey { text += ",\"shardKey\":\(json(key))" }
                isFirst = false
                for (name, list) in [
                    ("missing", part.missing), ("different", part.different), ("newer", part.newer),
                    ("extra", part.extra),
                ] {
                    text += ",\n\"\(name)\":{\"count\":\(list.count),\"ids\":["
                    text += list.ids.lazy.map(json).joined(separator: ",") + "]}"
                }
                text += "}"
            }
        }
        text += "\n]}\n"
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw RecoveryError(
                .refused,
                "the list of differences cannot be written to '\(path)'",
                hint: "The rest was done as reported; run the same command again with a file that can be written.",
                cause: error
            )
        }
    }

    private static func json(_ id: PointID) -> String {
        switch id {
        case .number(let number): String(number)
        case .uuid(let id): "\"\(id)\""
        }
    }

    private static func json(_ key: ShardKey) -> String {
        switch key {
        case .number(let number): String(number)
        case .string(let text): quoted(text)
        }
    }

    private static func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

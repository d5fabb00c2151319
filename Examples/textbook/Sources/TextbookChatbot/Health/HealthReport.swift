internal import QdrantClient

/// Whether everything is there that an answer needs, part by part.
struct HealthReport: Sendable {
    /// One part of the system.
    struct Check: Sendable {
        /// Whether it is as it should be.
        var isHealthy: Bool
        /// One sentence for people; holds no value of a setting.
        var detail: String
        /// What to do, when it is not.
        var hint: String?
        /// What was counted, such as `points`.
        var figures: JSONObject

        /// A part that is as it should be.
        static func good(_ detail: String, _ figures: JSONObject = [:]) -> Check {
            Check(isHealthy: true, detail: detail, figures: figures)
        }

        /// A part that is not.
        static func bad(_ detail: String, hint: String?, _ figures: JSONObject = [:]) -> Check {
            Check(isHealthy: false, detail: detail, hint: hint, figures: figures)
        }

        var json: JSONValue {
            var json: JSONObject = ["status": isHealthy ? "ok" : "failed", "detail": .string(detail)]
            json["hint"] = hint.map { .string($0) }
            for member in figures.members { json[member.key] = member.value }
            return .object(json)
        }
    }

    /// Whether the settings in force are still those of the file, and usable.
    var configuration: Check
    /// Whether the database answers.
    var qdrant: Check
    /// Whether the collection is there, fits, and holds something.
    var collection: Check
    /// Whether the documents folder is there and holds pages.
    var documents: Check

    /// Whether all parts are as they should be.
    var isHealthy: Bool { [configuration, qdrant, collection, documents].allSatisfy(\.isHealthy) }

    /// The report, parts by name.
    var json: JSONObject {
        [
            "status": isHealthy ? "ok" : "failed", "version": .string(Chatbot.version),
            "checks": [
                "configuration": configuration.json, "qdrant": qdrant.json, "collection": collection.json,
                "documents": documents.json,
            ],
        ]
    }
}

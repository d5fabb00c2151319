internal import QdrantClient
internal import TextbookExample

extension Chatbot {
    /// Looks at every part. Never throws: what fails is in the report.
    func health() async -> HealthReport {
        async let server = qdrantHealth()
        async let collection = collectionHealth()
        return await HealthReport(
            configuration: configurationHealth(),
            qdrant: server,
            collection: collection,
            documents: documentsHealth()
        )
    }

    /// The file may be lost or changed while the program runs on with what it read at its start.
    private func configurationHealth() -> HealthReport.Check {
        guard let settingsFile else { return .good("given by the program that started this one") }
        do {
            let isCurrent = try ChatbotSettings.load(settingsFile).isSameApart(from: settings)
            return .good(
                isCurrent ? "loaded" : "the settings file has changed since the start: restart the program to use it",
                ["restart_needed": .bool(!isCurrent)]
            )
        } catch {
            return .bad(
                "the settings file cannot be used: " + error.problems.joined(separator: "; "),
                hint: "Restore or correct the file, then restart the program."
            )
        }
    }

    private func qdrantHealth() async -> HealthReport.Check {
        do {
            let info = try await quickIndex.client.serverInfo()
            return .good("answers", ["version": .string(info.version)])
        } catch {
            return Self.failed("the database does not answer", error)
        }
    }

    private func collectionHealth() async -> HealthReport.Check {
        var figures: JSONObject = ["name": .string(settings.collection)]
        do {
            try await quickIndex.check()
            let count = try await quickIndex.count()
            figures["points"] = .number(count)
            guard count > 0 else {
                return .bad(
                    "the collection is empty",
                    hint: "Ingest the documents (POST /ingest), or restore the collection.",
                    figures
                )
            }
            return .good("\(count) passages", figures)
        } catch {
            return Self.failed("the collection cannot be used", error, figures)
        }
    }

    private func documentsHealth() -> HealthReport.Check {
        do {
            let count = try MDXPage.paths(in: settings.docsFolder).count
            return .good("\(count) pages", ["pages": .number(count)])
        } catch {
            return Self.failed("the documents cannot be used", error)
        }
    }

    private static func failed(_ what: String, _ error: any Error, _ figures: JSONObject = [:]) -> HealthReport.Check {
        let error = ChatbotError(error)
        var figures = figures
        figures["code"] = .string(error.code.description)
        return .bad("\(what): \(error.message)", hint: error.hint, figures)
    }
}

extension ChatbotSettings {
    /// Whether both say the same, apart from where to listen, which the command line may have changed.
    func isSameApart(from other: ChatbotSettings) -> Bool {
        var copy = self
        (copy.host, copy.port) = (other.host, other.port)
        return copy == other
    }
}

internal import Foundation
internal import Locks
internal import QdrantClient
internal import TextbookExample

/// Lets one ingestion run at a time and remembers how the last one went. Forgets it when the program ends.
final class IngestDesk: Sendable {
    /// What is ingested.
    enum Scope: Sendable {
        case folder(allowsMassRemoval: Bool)
        case files([String], removed: [String] = [])

        var json: JSONValue {
            switch self {
            case .folder: "folder"
            case .files(let files, let removed):
                ["files": .array(files.map { .string($0) }), "removed": .array(removed.map { .string($0) })]
            }
        }
    }

    /// One ingestion that has ended.
    struct Outcome: Sendable {
        var scope: Scope
        var started: Date
        var seconds: Double
        var result: Result<IngestSummary, ChatbotError>
    }

    private struct State {
        var running: (scope: Scope, started: Date)?
        var last: Outcome?
        var count = 0

        /// One word for whoever waits for the end: `running`, `failed` or `idle`.
        var word: String {
            if running != nil { return "running" }
            if case .failure = last?.result { return "failed" }
            return "idle"
        }
    }

    private let state = Mutex(State())

    /// Runs an ingestion, unless one is running.
    ///
    /// - Throws: ``ChatbotError``: `ingestRunning`, or why it failed, which is remembered, too.
    func run(_ scope: Scope, _ body: () async throws -> IngestSummary) async throws(ChatbotError) -> Outcome {
        let started = Date()
        let start = ContinuousClock.now
        let isMine = state.withLock { state in
            guard state.running == nil else { return false }
            state.running = (scope, started)
            return true
        }
        guard isMine else {
            throw ChatbotError(
                .ingestRunning,
                "an ingestion is running",
                hint: "Wait until GET /ingest/status says that none runs, then send the call again."
            )
        }
        let result: Result<IngestSummary, ChatbotError>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(ChatbotError(error))
        }
        let outcome = Outcome(
            scope: scope,
            started: started,
            seconds: start.duration(to: .now) / .seconds(1),
            result: result
        )
        state.withLock { state in
            state.running = nil
            state.last = outcome
            state.count += 1
        }
        _ = try result.get()
        return outcome
    }

    /// What runs and how the last one ended.
    var json: JSONObject {
        state.withLock { state in
            var json: JSONObject = [
                "state": .string(state.word), "running": .bool(state.running != nil), "finished": .number(state.count),
            ]
            if let running = state.running {
                json["current"] = ["scope": running.scope.json, "started": .string(Self.text(running.started))]
            }
            json["last"] = state.last.map { .object($0.json) } ?? .null
            return json
        }
    }

    fileprivate static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}

extension IngestDesk.Outcome {
    var json: JSONObject {
        var json: JSONObject = [
            "scope": scope.json, "started": .string(IngestDesk.text(started)),
            "seconds": .double((seconds * 1000).rounded() / 1000),
        ]
        switch result {
        case .success(let summary):
            json["outcome"] = "succeeded"
            json["pages"] = [
                "read": .number(summary.pageCount), "added": .number(summary.addedPages),
                "changed": .number(summary.changedPages), "unchanged": .number(summary.unchangedPages),
                "removed": .number(summary.removedPages),
            ]
            json["passages"] = [
                "read": .number(summary.passageCount), "written": .number(summary.writtenPassages),
                "deleted": .number(summary.deletedPassages),
            ]
        case .failure(let error):
            json["outcome"] = "failed"
            json["error"] = .object(error.json)
        }
        return json
    }
}

internal import FoundationEssentials
internal import NIOCore
internal import QdrantClient
internal import ResticRepository

/// What became of the documents that the restored collections do not know.
public struct ReingestReport: Sendable, Hashable, Codable {
    /// The documents.
    public var changes: [DocumentChange]
    /// How handing them over ended.
    public var outcome: CheckOutcome
    /// One sentence for people.
    public var detail: String
    /// How long it took, in seconds.
    public var seconds: Double
}

/// Hands documents to the application, and waits until it has ingested them.
struct ReingestRun {
    /// How often the status is asked for.
    static let interval = Duration.seconds(1)

    let settings: Reingest
    let environment: [String: String]
    let clock: any WallClock

    /// - Throws: `CancellationError` only.
    func run(_ changes: [DocumentChange]) async throws -> ReingestReport {
        let start = ContinuousClock.now
        let failure = try await HTTPCaller.with(environment: environment) { caller in
            do {
                try await hand(changes, caller)
                if let status = settings.status { try await wait(status, caller) }
                return nil as String?
            } catch let failure as HTTPCaller.Failure {
                return failure.reason
            } catch let error as RecoveryError {
                return error.message
            }
        }
        return ReingestReport(
            changes: changes,
            outcome: failure == nil ? .verified : .failed,
            detail: failure ?? "\(changes.count) documents were handed over and ingested",
            seconds: (ContinuousClock.now - start).seconds
        )
    }

    private func hand(_ changes: [DocumentChange], _ caller: HTTPCaller) async throws {
        switch settings.recipient {
        case .command(let command):
            let ending = try await command.run(
                environment: environment,
                input: try Self.lines(changes),
                timeout: settings.timeout
            )
            if let failure = ending.failure(within: settings.timeout) {
                throw HTTPCaller.Failure(reason: "'\(command.program)' \(failure)")
            }
        case .http(var call, let status):
            call.body = try call.body.map { try Self.body($0, changes) }
            let answer = try await caller.send(try await caller.prepare(call), timeout: settings.timeout)
            guard answer.status == status else {
                throw HTTPCaller.Failure(
                    reason: "\(call.place) answered with status \(answer.status) instead of \(status)"
                )
            }
        }
    }

    private func wait(_ status: Reingest.Status, _ caller: HTTPCaller) async throws {
        let prepared = try await caller.prepare(status.call)
        let began = clock.now
        var last = "nothing"
        while true {
            let answer = try? await caller.send(prepared, timeout: .seconds(10))
            try Task.checkCancellation()
            if let answer, answer.status == 200, let value = try? JSONValue(reading: answer.body),
                let state = status.path.values(in: value).first?.scalarText
            {
                last = "'\(prepared.redacted(String(state.prefix(80))))'"
                if state == status.done { return }
                if state == status.failed {
                    throw HTTPCaller.Failure(reason: "\(status.call.place) says \(last) at '\(status.path)'")
                }
            }
            guard began.duration(to: clock.now) + Self.interval <= status.within else {
                throw HTTPCaller.Failure(
                    reason:
                        "\(status.call.place) said \(last) at '\(status.path)' instead of '\(status.done)' when \(ConfigurationDuration.render(status.within)) were over"
                )
            }
            try await clock.sleep(Self.interval)
        }
    }

    /// One JSON object a line.
    static func lines(_ changes: [DocumentChange]) throws -> [UInt8] {
        try changes.reduce(into: []) { $0 += try object($1).written().readableBytesView + [UInt8(ascii: "\n")] }
    }

    /// The body with the lists in it: `{{files}}` added and changed ones, `{{removed}}`, both as paths in their folders, and
    /// `{{changes}}` as objects.
    static func body(_ template: String, _ changes: [DocumentChange]) throws -> String {
        func list(_ values: [JSONValue]) throws -> String { String(buffer: try JSONValue.array(values).written()) }
        let files = changes.filter { $0.change != .removed }.map { JSONValue.string($0.path) }
        let removed = changes.filter { $0.change == .removed }.map { JSONValue.string($0.path) }
        return template.replacing("{{files}}", with: try list(files))
            .replacing("{{removed}}", with: try list(removed))
            .replacing("{{changes}}", with: try list(changes.map { .object(object($0)) }))
    }

    private static func object(_ change: DocumentChange) -> JSONObject {
        [
            "change": .string(change.change.rawValue), "documents": .string(change.documents),
            "path": .string(change.path), "file": .string(change.file),
        ]
    }
}

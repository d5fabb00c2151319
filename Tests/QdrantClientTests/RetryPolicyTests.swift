import Testing

@testable import QdrantClient

@Suite("Retry policy")
struct RetryPolicyTests {
    /// What may be repeated: read, idempotent write, write, never.
    static let table: [(QdrantError.Code, Set<Repeatability>)] = {
        let unsent: Set<Repeatability> = [.read, .idempotentWrite, .write]
        let repeatable: [QdrantError.Code: Set<Repeatability>] = [
            .connectionRefused: unsent, .connectTimeout: unsent, .connectionFailed: unsent, .nameNotResolved: unsent,
            .rateLimited: unsent, .temporarilyUnavailable: [.read, .idempotentWrite],
            .connectionLost: [.read, .idempotentWrite], .gatewayFailure: [.read], .truncatedBody: [.read],
        ]
        return QdrantError.Code.all.map { ($0, repeatable[$0] ?? []) }
    }()

    @Test("repeats only what may be repeated", arguments: table, Repeatability.allCases)
    func whatIsRepeated(row: (code: QdrantError.Code, repeatable: Set<Repeatability>), repeatability: Repeatability) {
        let delay = RetryPolicy().delay(
            after: QdrantError(row.code, "x", object: .service),
            attempt: 1,
            repeatability: repeatability,
            unit: 0
        )
        #expect((delay != nil) == row.repeatable.contains(repeatability))
    }

    @Test(
        "doubles the delay up to the longest, and draws between half and all of it",
        arguments: [
            (1, 0.0, Duration.milliseconds(50)), (1, 1.0, .milliseconds(100)), (2, 0.0, .milliseconds(100)),
            (3, 0.5, .milliseconds(300)), (5, 1.0, .milliseconds(1000)), (40, 0.0, .milliseconds(500)),
        ]
    )
    func delays(attempt: Int, unit: Double, delay: Duration) {
        let policy = RetryPolicy(attempts: 100, firstDelay: .milliseconds(100), longestDelay: .seconds(1))
        let found = policy.delay(
            after: QdrantError(.rateLimited, "x", object: .service),
            attempt: attempt,
            repeatability: .read,
            unit: unit
        )
        #expect(found == delay)
    }

    @Test(
        "waits at least as long as the server asks, and gives up when that is too long",
        arguments: [
            (.seconds(3), .seconds(3)), (.seconds(120), .seconds(120)), (.seconds(121), nil),
            (.zero, .milliseconds(100)),
        ] as [(Duration, Duration?)]
    )
    func retryAfter(requested: Duration, delay: Duration?) {
        let error = QdrantError(.rateLimited, "x", object: .service, retryAfter: requested)
        #expect(RetryPolicy().delay(after: error, attempt: 1, repeatability: .write, unit: 0) == delay)
    }

    @Test("gives up after the last attempt", arguments: [(1, false), (2, true), (3, true)])
    func attempts(attempts: Int, repeats: Bool) {
        let error = QdrantError(.rateLimited, "x", object: .service)
        let delay = RetryPolicy(attempts: attempts).delay(after: error, attempt: 1, repeatability: .read, unit: 0)
        #expect((delay != nil) == repeats)
        #expect(
            RetryPolicy(attempts: attempts).delay(after: error, attempt: attempts, repeatability: .read, unit: 0) == nil
        )
    }
}

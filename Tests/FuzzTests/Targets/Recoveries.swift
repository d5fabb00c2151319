import Foundation
import NIOCore
import QdrantClient

@testable import Recovery

extension FuzzTarget {
    /// What recoveries read: paths of a configuration into the answers of an application, and their own progress.
    static let recoveries: [FuzzTarget] = [
        FuzzTarget(
            "json-path",
            .text,
            words: ["$", "[*]", "[0]", "['", "\"]", "..", "[18446744073709551616]", "\\u0000", "é"],
            seeds: { ["status", "$.sources[*].path", "data[0]['a key'].b", "$[\"x\"][3][*]"].map { Array($0.utf8) } }
        ) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self), let path = JSONPath(text) else {
                throw Refused()
            }
            try hold(path.description == text, "is written as another path")
            try hold(JSONPath(path.description) == path, "is read as another path")
            for answer in try answers() {
                let values = path.values(in: answer)
                try hold(values.count <= JSONPath.maximumMatches, "\(values.count) values")
                try hold(path.values(in: answer) == values, "selects other values the second time")
            }
            guard path.canBeSet else { return }
            let made = JSONValue.object(path.setting(.string("here"), in: [:]))
            try hold(path.values(in: made) == [.string("here")], "what was set there is not found there")
            let member = JSONValue.object(path.setting(.integer(-1), in: made.objectValue ?? [:]))
            try hold(path.values(in: member) == [.integer(-1)], "what was replaced there is not found there")
        },
        FuzzTarget(
            "recovery-state",
            .json,
            words: [
                "\"format\":1,", "\"format\":2,", "\"attempts\":-1,", "\"steps\":[],", "\"outcome\":\"verified\"",
                "\"seconds\":1e999,", "\"unfinished\":{\"\":\"repair\"},", "\"components\":[\"code\"],",
            ],
            seeds: { try states().map { Array(try state($0)) } }
        ) { bytes in
            guard let state = RecoveryState(reading: bytes) else { throw Refused() }
            try hold(state.format == RecoveryState.formatVersion, "format \(state.format)")
            try hold(state.attempts >= 1, "\(state.attempts) attempts")
            try hold(state.steps.allSatisfy { $0.seconds >= 0 && $0.seconds.isFinite }, "a step of no time")
            let encoded = try mustWork("encoding") { try state.encode() }
            try hold(RecoveryState(reading: encoded) == state, "encodes to another state")
        },
    ]

    private static func answers() throws -> [JSONValue] {
        let texts = [
            #"{"status":"ok","sources":[{"path":"a"},{"path":null},3],"data":[{"a key":{"b":[1]}}],"":{"":0}}"#,
            "[[[[1]]],{},[]]", "\"text\"", "{}",
        ]
        return try texts.map { try JSONValue(reading: Array($0.utf8)) }
            + [.array(Array(repeating: .array(Array(repeating: .null, count: 200)), count: 200))]
    }

    private static func state(_ state: RecoveryState) throws -> [UInt8] { try state.encode() }

    /// A recovery that has just begun, and one in which everything has happened.
    private static func states() -> [RecoveryState] {
        let begun = RecoveryState(
            repository: "r",
            system: "s",
            point: "0badcafe",
            assessedAt: "2026-11-24T10:00:00Z",
            startedAt: "2026-11-24T10:01:00Z",
            scenario: .completeFailure,
            findings: [LiveFinding(.qdrant, "c", .missing, "it is not there")],
            components: [.qdrant, .documents]
        )
        var late = begun
        late.attempts = 3
        late.steps = [
            RecoveryState.Step(
                id: "qdrant",
                startedAt: "2026-11-24T10:02:00Z",
                seconds: 12.5,
                outcome: .verified,
                detail: "as captured"
            )
        ]
        late.unfinished = ["c": .replace]
        return [begun, late]
    }
}

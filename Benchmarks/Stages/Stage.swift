/// One stage: its name, and how it is measured.
struct Stage: Sendable {
    let name: String
    let measure: @Sendable (StageData, Stopwatch) async throws -> StageResult

    /// All of them, in the order in which a backup goes through them.
    static let all = content + compression + sealing + formats + repository + storage
}

/// Does `work` on every element, so many at once, and hands out what comes of each as it comes, in no particular order. The next is begun
/// before an answer is handed out, so that the store does not wait for what is made of it.
///
/// - Parameters:
///   - width: how many at once; at least one.
///   - collect: runs on the caller's task. What it or `work` throws ends all.
func forEachConcurrently<Element: Sendable, Answer: Sendable>(
    _ elements: [Element],
    width: Int,
    _ work: @escaping @Sendable (Element) async throws -> Answer,
    collect: (Answer) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Answer.self) { group in
        var rest = elements.makeIterator()
        func start() {
            guard let element = rest.next() else { return }
            group.addTask { try await work(element) }
        }
        for _ in 0..<max(1, width) { start() }
        while let answer = try await group.next() {
            start()
            try await collect(answer)
        }
    }
}

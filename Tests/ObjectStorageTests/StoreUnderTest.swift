import LocalStorage
import ObjectStorage
import TestSupport
import Testing

/// A kind of store that the conformance suite runs on: a name, and how to get an empty one.
///
/// A store that needs a server joins by one more case in ``all``.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    typealias Scope = @Sendable ((any ObjectStore) async throws -> Void) async throws -> Void

    let name: String
    private let scope: Scope
    private var wrap: @Sendable (any ObjectStore) -> any ObjectStore = { $0 }

    var testDescription: String { name }

    init(_ name: String, _ scope: @escaping Scope) {
        self.name = name
        self.scope = scope
    }

    /// Runs `body` with an empty, prepared store, and cleans up.
    func with(_ body: (any ObjectStore) async throws -> Void) async throws {
        try await scope { store in
            let store = wrap(store)
            try await store.prepare()
            try await body(store)
        }
    }

    /// The same store behind a wrapper.
    private func behind(
        _ wrapper: String, _ wrap: @escaping @Sendable (any ObjectStore) -> any ObjectStore
    ) -> StoreUnderTest {
        var wrapped = StoreUnderTest("\(name) behind \(wrapper)", scope)
        wrapped.wrap = wrap
        return wrapped
    }

    static let memory = StoreUnderTest("memory") { try await $0(MemoryStore()) }
    static let local = StoreUnderTest("local") { body in
        try await TemporaryDirectory.with { folder in
            try await body(LocalStore(path: folder.path("a/store")))
        }
    }

    static let all = [memory, local]
}

public import NIOCore
public import ResticFormat

/// The content of a list of blobs, in order, as a stream: a few ranges are fetched and decrypted ahead of the reader.
///
/// Runs of equal zero blobs cost one read.
public struct BlobSequence: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = any Error

    let repository: IndexedRepository
    let blobs: [ResticID]
    /// How many ranges are on their way at once.
    let width: Int

    /// Reads ahead with child tasks of an unstructured kind that live as long as the iterator.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let repository: IndexedRepository
        private var rest: ArraySlice<ResticID>
        private let width: Int
        private var ahead: [Task<[ByteBuffer], any Error>] = []
        private var ready: [ByteBuffer] = []
        private var readyIndex = 0
        private let canceller: Canceller

        init(_ sequence: BlobSequence) {
            repository = sequence.repository
            rest = sequence.blobs[...]
            width = sequence.width
            canceller = Canceller()
        }

        public mutating func next() async throws -> ByteBuffer? {
            while readyIndex == ready.count {
                try fill()
                guard !ahead.isEmpty else { return nil }
                let task = ahead.removeFirst()
                ready = try await withTaskCancellationHandler {
                    try await task.value
                } onCancel: {
                    task.cancel()
                }
                readyIndex = 0
                canceller.forgetFirst()
            }
            defer { readyIndex += 1 }
            return ready[readyIndex]
        }

        private mutating func fill() throws {
            while ahead.count < width, let first = rest.first {
                guard let location = repository.location(of: first, .data) else {
                    throw repository.missing(first, .data)
                }
                rest.removeFirst()
                var range = PackRange(first, location)
                while let next = rest.first {
                    guard let location = repository.location(of: next, .data) else {
                        throw repository.missing(next, .data)
                    }
                    guard range.extend(next, location) else { break }
                    rest.removeFirst()
                }
                let fetched = range
                // Not a child task: an iterator has no scope to put one in. `canceller` ends what is left when it goes away.
                let task = Task { [repository] in
                    var buffers: [ByteBuffer] = []
                    try await repository.forEachBlob(in: fetched) { _, content in buffers.append(content) }
                    return buffers
                }
                ahead.append(task)
                canceller.add(task)
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(self)
    }
}

/// Cancels the read-ahead of an iterator that is given up half-way.
private final class Canceller {
    private var tasks: [Task<[ByteBuffer], any Error>] = []

    func add(_ task: Task<[ByteBuffer], any Error>) { tasks.append(task) }
    func forgetFirst() { tasks.removeFirst() }

    deinit {
        for task in tasks { task.cancel() }
    }
}

extension IndexedRepository {
    /// The content of a file, given its blobs.
    public func content(of blobs: [ResticID]) -> BlobSequence {
        BlobSequence(repository: self, blobs: blobs, width: CPUCount.available + 1)
    }
}

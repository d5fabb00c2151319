/// The memory of one chunk, reused for the next: allocated once, aligned to pages.
///
/// One task owns a buffer at a time; handing it on is a transfer.
public final class ChunkBuffer: @unchecked Sendable {
    // Unchecked: ownership passes along the pipeline (pool → producer → worker → pool) and is never shared; the hand-over
    // itself is synchronised by the queue and the pool.

    private let storage: UnsafeMutableRawBufferPointer
    /// How many bytes are in use.
    public private(set) var count = 0

    /// Allocates `capacity` bytes.
    public init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit {
        storage.deallocate()
    }

    /// How many bytes fit.
    public var capacity: Int { storage.count }

    /// The bytes in use; valid until the buffer changes.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[..<count])
    }

    /// Adds bytes at the end.
    ///
    /// - Precondition: they fit.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= capacity - count)
        guard let source = bytes.baseAddress, let base = storage.baseAddress else { return }
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Adds zeros at the end.
    ///
    /// - Precondition: they fit.
    public func appendZeros(_ zeros: Int) {
        precondition(zeros <= capacity - count)
        guard let base = storage.baseAddress else { return }
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: zeros)
        count += zeros
    }

    /// Keeps the first `newCount` bytes.
    public func truncate(to newCount: Int) {
        precondition((0...count).contains(newCount))
        count = newCount
    }
}

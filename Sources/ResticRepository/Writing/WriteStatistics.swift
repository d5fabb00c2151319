internal import Locks

/// What a run of writing did, in numbers.
public struct WriteStatistics: Sendable, Hashable {
    /// Content taken in, in bytes, runs of zeros included.
    public var contentBytes: Int64 = 0
    /// Of these, zeros that were never hashed or stored twice.
    public var zeroBytes: Int64 = 0
    /// New data blobs.
    public var newDataBlobs = 0
    /// New tree blobs.
    public var newTreeBlobs = 0
    /// Content of the new blobs, in bytes, before compression.
    public var newBytes: Int64 = 0
    /// The same as stored: compressed, sealed.
    public var newStoredBytes: Int64 = 0
    /// Pack files written.
    public var packs = 0
}

/// The counters behind ``WriteStatistics``, shared by the workers.
final class WriteCounters: Sendable {
    private let values = Mutex(WriteStatistics())

    var snapshot: WriteStatistics { values.withLock(\.self) }

    func update(_ body: (inout WriteStatistics) -> Void) {
        values.withLock { body(&$0) }
    }
}

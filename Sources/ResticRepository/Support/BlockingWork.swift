internal import NIOPosix

/// Runs calls that block (file reads, writes and metadata) on NIO's shared thread pool, so that no thread of the cooperative
/// pool ever waits for a disk.
package func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(body)
}

/// What a run tells while it works. One sink gets the calls of many tasks.
public protocol ProgressSink: Sendable {
    /// A phase begins.
    ///
    /// - Parameters:
    ///   - name: what is being done, a few words: `capture textbook_knowledge`.
    ///   - totalBytes: how much there is to do; `nil` when nobody knows.
    func begin(_ name: String, totalBytes: Int64?)
    /// So many more bytes are done.
    func advance(_ byteCount: Int64)
    /// The phase is over.
    func end()
}

/// Tells nobody.
public struct SilentProgress: ProgressSink {
    /// Makes a sink.
    public init() {}
    public func begin(_ name: String, totalBytes: Int64?) {}
    public func advance(_ byteCount: Int64) {}
    public func end() {}
}

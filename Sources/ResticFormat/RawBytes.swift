extension [UInt8] {
    /// Calls `body` with the bytes; `withUnsafeBytes` of the standard library forgets the type of what is thrown.
    func withRawBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try withUnsafeBufferPointer { buffer throws(E) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}

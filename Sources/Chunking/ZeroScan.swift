/// Fast answers to "are these bytes all zero?".
public enum ZeroScan {
    /// Whether every byte is zero. Looks at eight bytes at a time and stops at the first that is not.
    public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var offset = 0
        let count = bytes.count
        while offset &+ 32 <= count {
            let a = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let b = base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
            let c = base.loadUnaligned(fromByteOffset: offset &+ 16, as: UInt64.self)
            let d = base.loadUnaligned(fromByteOffset: offset &+ 24, as: UInt64.self)
            if (a | b) | (c | d) != 0 { return false }
            offset &+= 32
        }
        while offset < count {
            if base.load(fromByteOffset: offset, as: UInt8.self) != 0 { return false }
            offset &+= 1
        }
        return true
    }
}

/// A path as the system has it: bytes, not necessarily UTF-8.
public struct RawPath: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The bytes, without a terminating NUL and without a trailing slash (but for the root).
    public let bytes: [UInt8]

    /// Takes bytes; a trailing slash is dropped.
    public init(_ bytes: [UInt8]) {
        var bytes = bytes
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        self.bytes = bytes
    }

    /// Takes the UTF-8 bytes of a string.
    public init(_ string: String) {
        self.init(Array(string.utf8))
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// The path of an entry of this folder.
    public func appending(_ name: [UInt8]) -> RawPath {
        guard !bytes.isEmpty else { return RawPath(name) }
        return RawPath(bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [UInt8(ascii: "/")] + name)
    }

    /// The last component.
    public var name: [UInt8] {
        bytes.lastIndex(of: UInt8(ascii: "/")).map { Array(bytes[($0 + 1)...]) } ?? bytes
    }

    /// The folder that holds the last component.
    public var parent: RawPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : RawPath(Array(bytes[..<slash]))
    }

    /// For people: bytes that are not UTF-8 show as replacement characters.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The path as the system calls take it.
    func withCString<Value>(_ body: (UnsafePointer<CChar>) throws -> Value) rethrows -> Value {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            buffer[bytes.count] = 0
            guard let base = buffer.baseAddress else { preconditionFailure("a path buffer has at least one byte") }
            return try body(base)
        }
    }
}

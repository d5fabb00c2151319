internal import Foundation

/// A port of 127.0.0.1 that is taken, though nobody listens on it, for as long as the value lives.
public final class LoopbackPort: Sendable {
    /// Its number.
    public let number: Int
    private let descriptor: Int32

    /// Takes a free one.
    ///
    /// - Throws: ``Program/Failure`` when there is none.
    public init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        guard descriptor >= 0 else { throw Program.Failure(description: "no socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        guard isBound else { throw Program.Failure(description: "no free port on 127.0.0.1") }
    }

    deinit { close(descriptor) }
}

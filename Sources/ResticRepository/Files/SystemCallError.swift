internal import Glibc

/// A system call on a file of the user's that failed.
public struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call: `open`, `read`, …
    public let call: String
    /// The file.
    public let path: RawPath
    /// The error number.
    public let number: Int32

    init(_ call: String, _ path: RawPath, _ number: Int32 = errno) {
        self.call = call
        self.path = path
        self.number = number
    }

    /// What the system says about the error number.
    public var reason: String {
        String(cString: strerror(number))
    }

    /// Whether the file is not there.
    public var isNotFound: Bool { number == ENOENT }

    /// Whether something that should be a folder is none.
    var isNotFolder: Bool { number == ENOTDIR }

    public var description: String { "\(call) \(path): \(reason)" }
}

/// Repeats a call that a signal interrupted.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

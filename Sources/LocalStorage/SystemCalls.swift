#if canImport(Darwin)
    package import Darwin
#else
    internal import Glibc
#endif

/// A failed system call: which one, and what the kernel said.
package struct SystemCallError: Error, Hashable, CustomStringConvertible {
    /// The name of the call as its manual page has it.
    package var call: String
    /// The value of `errno`.
    package var number: Int32

    package init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: 256)
        // The form of POSIX: fills the buffer, shortens what does not fit.
        _ = strerror_r(number, &text, text.count)
        let words = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(call): \(words) (errno \(number))"
    }
}

/// What a store needs to know about a file.
package struct FileStatus: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file, folder, symbolicLink, other
    }

    package var kind: Kind
    /// The length in bytes.
    package var byteCount: Int64
    /// When the content last changed, in seconds since 1970.
    package var modifiedSeconds: Int64

    package init(kind: Kind, byteCount: Int64, modifiedSeconds: Int64) {
        self.kind = kind
        self.byteCount = byteCount
        self.modifiedSeconds = modifiedSeconds
    }
}

/// An open folder, being read. Whoever opens it closes it, on any thread, but uses it from one at a time.
package struct FolderHandle: @unchecked Sendable {
    // A `DIR *` may move between threads; only its owner, `FolderWalk`, uses it, under that walk's lock.
    #if canImport(Darwin)
        package typealias Stream = UnsafeMutablePointer<DIR>
    #else
        package typealias Stream = OpaquePointer
    #endif
    package let stream: Stream

    package init(stream: Stream) {
        self.stream = stream
    }
}

/// The system calls that a local store makes: the seam at which tests order faults.
///
/// Every method is one call, makes no second try, and throws the kernel's answer as a ``SystemCallError``, `EINTR`
/// included: what to do about it is decided above this line, where tests can see it.
// Plain `throws`, since Swift 6.3.1 crashes (ownership verifier) on a typed error that a `catch … where` passes on.
package protocol SystemCalls: Sendable {
    func openFile(_ path: String, flags: Int32, mode: UInt32) throws -> Int32
    func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Int
    func readBytes(
        _ descriptor: Int32,
        _ bytes: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws -> Int
    func setMode(_ descriptor: Int32, _ mode: UInt32) throws
    func syncFile(_ descriptor: Int32) throws
    /// Makes writes to a file that is open for writing go past the page cache, or through it again.
    ///
    /// Such writes begin and end at multiples of 4 096 bytes, in the file and in memory. Throws `EINVAL` where the file system
    /// or this system has no such thing.
    func setDirectWriting(_ descriptor: Int32, _ isDirect: Bool) throws
    func closeFile(_ descriptor: Int32) throws
    func status(of descriptor: Int32) throws -> FileStatus
    /// - Parameter followLinks: `true` asks about what a symbolic link points to, `false` about the link.
    func status(of path: String, followLinks: Bool) throws -> FileStatus
    func makeFolder(_ path: String, mode: UInt32) throws
    func renameFile(_ old: String, to new: String) throws
    /// Gives a file a second name; fails with `EEXIST` when `new` is there.
    func linkFile(_ old: String, to new: String) throws
    func removeFile(_ path: String) throws
    /// Waits for, and takes, the exclusive advisory lock of an open file; closing the file gives it back.
    func lockFile(_ descriptor: Int32) throws
    func openFolder(_ path: String) throws -> FolderHandle
    /// - Returns: the next name, `.` and `..` included; `nil` at the end. Names that are not UTF-8 come out repaired,
    ///   and so are no valid object keys.
    func nextName(in folder: FolderHandle) throws -> String?
    func closeFolder(_ folder: FolderHandle)
    /// The wall clock, in seconds since 1970.
    func now() -> Int64
}

extension SystemCalls {
    package func setDirectWriting(_ descriptor: Int32, _ isDirect: Bool) throws {
        throw SystemCallError("fcntl", EINVAL)
    }
}

import Glibc
import LocalStorage
import Locks

/// The real system calls, some of which fail to order; it writes down what was called.
///
/// The fault model: a call is not made and answers with an error number; a write or read moves fewer bytes than asked for;
/// a write succeeds until a number of bytes is reached and then finds the disk full. What was written before a fault stays
/// in the file, as the kernel would leave it.
final class FaultyCalls: SystemCalls {
    enum Effect: Sendable {
        /// The call is not made and answers with this error number.
        case fails(Int32)
        /// A write or read moves at most so many bytes.
        case moves(Int)
    }

    struct Rule: Sendable {
        var call: String
        /// Only paths, or files opened with paths, that contain this text count.
        var path: String?
        /// 1 is the first call that counts.
        var occurrences: ClosedRange<Int> = 1...1
        var effect: Effect

        static func fail(
            _ call: String,
            _ number: Int32,
            path: String? = nil,
            _ occurrences: ClosedRange<Int> = 1...1
        ) -> Rule {
            Rule(call: call, path: path, occurrences: occurrences, effect: .fails(number))
        }
    }

    private struct State {
        var rules: [(rule: Rule, seen: Int)]
        var paths: [Int32: String] = [:]
        var openFolders = 0
        var trace: [String] = []
        /// Bytes that the disk still takes; `nil` is no limit.
        var space: Int?
    }

    private let kernel = KernelCalls()
    private let state: Mutex<State>
    private let time: Int64?

    init(_ rules: Rule..., space: Int? = nil, now time: Int64? = nil) {
        state = Mutex(State(rules: rules.map { ($0, 0) }, space: space))
        self.time = time
    }

    /// The names of all calls so far, with the last part of their path.
    var trace: [String] { state.withLock { $0.trace } }
    /// Files and folders that were opened and not closed.
    var openCount: Int { state.withLock { $0.paths.count + $0.openFolders } }

    /// ``openCount`` when nothing is on its way any more: a folder is closed by whoever lets go of it last, which may be a
    /// thread of the pool a moment after the caller has its answer.
    func settledOpenCount() async throws -> Int {
        for _ in 0..<1000 where openCount != 0 { try await Task.sleep(for: .milliseconds(10)) }
        return openCount
    }

    /// Writes the call down, and finds what strikes it.
    ///
    /// - Returns: the most bytes that it may move.
    @discardableResult
    private func strike(_ call: String, _ path: String) throws -> Int {
        let effects = state.withLock { state in
            state.trace.append("\(call) \(path.split(separator: "/").last ?? "/")")
            var effects: [Effect] = []
            for index in state.rules.indices {
                let rule = state.rules[index].rule
                guard rule.call == call, rule.path.map(path.contains) ?? true else { continue }
                state.rules[index].seen += 1
                if rule.occurrences.contains(state.rules[index].seen) { effects.append(rule.effect) }
            }
            return effects
        }
        var most = Int.max
        for effect in effects {
            switch effect {
            case .fails(let number): throw SystemCallError(call, number)
            case .moves(let count): most = min(most, count)
            }
        }
        return most
    }

    private func path(of descriptor: Int32) -> String {
        state.withLock { $0.paths[descriptor] ?? "?" }
    }

    func openFile(_ path: String, flags: Int32, mode: UInt32) throws -> Int32 {
        try strike("open", path)
        let descriptor = try kernel.openFile(path, flags: flags, mode: mode)
        state.withLock { $0.paths[descriptor] = path }
        return descriptor
    }

    func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Int {
        let most = try strike("write", path(of: descriptor))
        let count = try state.withLock { state in
            let count = min(bytes.count, most)
            guard let space = state.space else { return count }
            if space == 0 { throw SystemCallError("write", ENOSPC) }
            state.space = space - min(space, count)
            return min(space, count)
        }
        return try kernel.writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }

    func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        let most = try strike("pread", path(of: descriptor))
        return try kernel.readBytes(
            descriptor,
            UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(most)),
            at: offset
        )
    }

    func setMode(_ descriptor: Int32, _ mode: UInt32) throws {
        try strike("fchmod", path(of: descriptor))
        try kernel.setMode(descriptor, mode)
    }

    func syncFile(_ descriptor: Int32) throws {
        try strike("fsync", path(of: descriptor))
        try kernel.syncFile(descriptor)
    }

    /// Closes the file even when the call fails to order, as Linux does.
    func closeFile(_ descriptor: Int32) throws {
        let path = path(of: descriptor)
        try kernel.closeFile(descriptor)
        state.withLock { $0.paths[descriptor] = nil }
        try strike("close", path)
    }

    func status(of descriptor: Int32) throws -> FileStatus {
        try strike("fstat", path(of: descriptor))
        return try kernel.status(of: descriptor)
    }

    func status(of path: String, followLinks: Bool) throws -> FileStatus {
        try strike("fstatat", path)
        return try kernel.status(of: path, followLinks: followLinks)
    }

    func makeFolder(_ path: String, mode: UInt32) throws {
        try strike("mkdir", path)
        try kernel.makeFolder(path, mode: mode)
    }

    func renameFile(_ old: String, to new: String) throws {
        try strike("rename", new)
        try kernel.renameFile(old, to: new)
    }

    func linkFile(_ old: String, to new: String) throws {
        try strike("link", new)
        try kernel.linkFile(old, to: new)
    }

    func removeFile(_ path: String) throws {
        try strike("unlink", path)
        try kernel.removeFile(path)
    }

    func lockFile(_ descriptor: Int32) throws {
        try strike("flock", path(of: descriptor))
        try kernel.lockFile(descriptor)
    }

    func openFolder(_ path: String) throws -> FolderHandle {
        try strike("opendir", path)
        let folder = try kernel.openFolder(path)
        state.withLock { $0.openFolders += 1 }
        return folder
    }

    func nextName(in folder: FolderHandle) throws -> String? {
        try strike("readdir", "")
        return try kernel.nextName(in: folder)
    }

    func closeFolder(_ folder: FolderHandle) {
        kernel.closeFolder(folder)
        state.withLock { $0.openFolders -= 1 }
    }

    func now() -> Int64 { time ?? kernel.now() }
}

internal import Glibc

/// Who runs the program, as locks, keys and snapshots record it. Passed in, so that tests decide.
public struct Host: Sendable, Hashable {
    /// The machine's name.
    public var name: String
    /// The user's login name; empty when it is unknown.
    public var userName: String
    /// The user's number.
    public var userID: UInt32
    /// The group's number.
    public var groupID: UInt32
    /// This process.
    public var processID: Int32

    /// Makes a host description.
    public init(name: String, userName: String, userID: UInt32, groupID: UInt32, processID: Int32) {
        self.name = name
        self.userName = userName
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
    }

    /// This machine and the user that runs this process.
    public static var current: Host {
        Host(
            name: machineName(),
            userName: AccountNames.shared.user(getuid()),
            userID: getuid(),
            groupID: getgid(),
            processID: getpid()
        )
    }

    /// Whether a process of this machine is alive. One that belongs to somebody else counts as alive.
    public static func isProcessAlive(_ processID: Int32) -> Bool {
        guard processID > 0 else { return false }
        guard kill(processID, 0) == 0 || errno != ESRCH else { return false }
        return !isZombie(processID)
    }

    /// A process that has ended and that nobody has waited for yet (proc(5): the state follows the name in parentheses).
    private static func isZombie(_ processID: Int32) -> Bool {
        guard let file = fopen("/proc/\(processID)/stat", "r") else { return false }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = fread(&buffer, 1, buffer.count, file)
        guard let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return false }
        return [UInt8(ascii: "Z"), UInt8(ascii: "X")].contains(buffer[end + 2])
    }

    private static func machineName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A file of the folder `locks`.
///
/// Source: restic doc/design.rst, section Locks; restic internal/repository/lock_file.go.
public struct LockRecord: Hashable, Sendable {
    /// When the lock was set or last refreshed.
    public var time: GoTime
    /// Whether nobody else may hold any lock.
    public var exclusive: Bool
    /// The holder's host.
    public var hostname: String
    /// The holder's user.
    public var username: String
    /// The holder's process.
    public var pid: Int
    /// The holder's user id.
    public var uid: UInt32
    /// The holder's group id.
    public var gid: UInt32

    /// Makes a lock; see the properties.
    public init(
        time: GoTime,
        exclusive: Bool,
        hostname: String,
        username: String,
        pid: Int,
        uid: UInt32 = 0,
        gid: UInt32 = 0
    ) {
        self.time = time
        self.exclusive = exclusive
        self.hostname = hostname
        self.username = username
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// The JSON of the file before it is compressed and sealed, without a line end.
    public func encode() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("time")
        writer.value(time)
        writer.key("exclusive")
        writer.value(exclusive)
        writer.key("hostname")
        writer.value(hostname)
        writer.key("username")
        writer.value(username)
        writer.key("pid")
        writer.value(pid)
        writer.member("uid", unlessZero: uid)
        writer.member("gid", unlessZero: gid)
        writer.endObject()
        return writer.bytes
    }
}

extension LockRecord: ResticDocument {
    /// Reads the opened file.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var lock = Self(time: .zero, exclusive: false, hostname: "", username: "", pid: 0)
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "time": lock.time = try scanner.time()
            case "exclusive": lock.exclusive = try scanner.null() ? false : scanner.bool()
            case "hostname": lock.hostname = try scanner.text()
            case "username": lock.username = try scanner.text()
            case "pid": lock.pid = try scanner.signed()
            case "uid": lock.uid = try scanner.unsigned()
            case "gid": lock.gid = try scanner.unsigned()
            default: try scanner.skip()
            }
        }
        return lock
    }
}

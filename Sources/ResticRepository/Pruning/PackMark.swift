public import ResticFormat

/// A file of the folder `holdfast/marks`: packs that are going to be removed, and since when that is known (decision 0010).
///
/// ```json
/// {"version":1,"time":"2026-11-24T12:00:00Z","holders":[{"hostname":"a","pid":1}],"packs":[{"id":"…","reason":"unreferenced"}]}
/// ```
///
/// The file is sealed like every file of the repository and named by its hash. It says nothing about which blobs the packs hold:
/// whether they are needed is found out again before they are removed.
public struct PackMark: Hashable, Sendable {
    /// The version that this program writes, and the only one that it reads.
    public static let version = 1
    /// The most packs that one file lists; more are spread over several.
    public static let maximumPacks = 20_000

    /// Why a pack is going to be removed.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// No snapshot refers to any of its blobs, or each is stored elsewhere too.
        case unreferenced
        /// What was still needed of it has been copied into new packs.
        case repacked
        /// No index names it: the process that stored it died.
        case unindexed
    }

    /// A marked pack.
    public struct Pack: Hashable, Sendable {
        /// The pack.
        public var id: ResticID
        /// Why.
        public var reason: Reason

        /// Makes an entry; see the properties.
        public init(id: ResticID, reason: Reason) {
            self.id = id
            self.reason = reason
        }
    }

    /// A process that held a lock when the mark was made: what it had stored by then may not be indexed yet.
    public struct Holder: Hashable, Sendable {
        /// The host in its lock.
        public var hostname: String
        /// The process in its lock.
        public var pid: Int

        /// Makes a holder; see the properties.
        public init(hostname: String, pid: Int) {
            self.hostname = hostname
            self.pid = pid
        }
    }

    /// When the packs were found to be superfluous.
    public var time: GoTime
    /// Who else used the repository then.
    public var holders: [Holder]
    /// The packs.
    public var packs: [Pack]

    /// Makes a mark; see the properties.
    public init(time: GoTime, holders: [Holder] = [], packs: [Pack]) {
        self.time = time
        self.holders = holders
        self.packs = packs
    }

    /// The JSON of the file before it is compressed and sealed.
    public func encode() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 128 + packs.count * 104)
        writer.beginObject()
        writer.member("version", Self.version)
        writer.key("time")
        writer.value(time)
        writer.key("holders")
        writer.beginArray()
        for holder in holders {
            writer.beginObject()
            writer.key("hostname")
            writer.value(holder.hostname)
            writer.member("pid", holder.pid)
            writer.endObject()
        }
        writer.endArray()
        writer.key("packs")
        writer.beginArray()
        for pack in packs {
            writer.beginObject()
            writer.key("id")
            writer.value(pack.id)
            writer.key("reason")
            writer.value(pack.reason.rawValue)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}

extension PackMark: ResticDocument {
    /// Reads the opened file.
    ///
    /// - Throws: `unsupportedVersion` for any but ``version``; `malformed` when the version or the time is missing, a pack lacks its
    ///   id or has an unknown reason; and as ``ResticDocument``.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        // The version comes first in two passes: what else a later version holds cannot be known.
        try checkVersion(json)
        var time: GoTime?
        var mark = Self(time: .zero, packs: [])
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "time": time = try scanner.null() ? nil : scanner.time()
            case "holders":
                try scanner.array { scanner throws(ResticFormatError) in mark.holders.append(try holder(&scanner)) }
            case "packs":
                try scanner.array { scanner throws(ResticFormatError) in mark.packs.append(try pack(&scanner)) }
            default: try scanner.skip()
            }
        }
        guard let time else { throw ResticFormatError(.malformed, "a mark of packs has no time") }
        mark.time = time
        return mark
    }

    private static func checkVersion(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) {
        var version: UInt32?
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "version": version = try scanner.null() ? nil : scanner.unsigned()
            default: try scanner.skip()
            }
        }
        guard let version else { throw ResticFormatError(.malformed, "a mark of packs has no version") }
        guard version == Self.version else {
            throw ResticFormatError(
                .unsupportedVersion,
                "a mark of packs has version \(version); this program knows \(Self.version)",
                hint: "Was it written by a newer version of Holdfast? Update this one."
            )
        }
    }

    private static func holder(_ scanner: inout JSONScanner) throws(ResticFormatError) -> Holder {
        var holder = Holder(hostname: "", pid: 0)
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "hostname": holder.hostname = try scanner.text()
            case "pid": holder.pid = try scanner.signed()
            default: try scanner.skip()
            }
        }
        return holder
    }

    private static func pack(_ scanner: inout JSONScanner) throws(ResticFormatError) -> Pack {
        var id: ResticID?
        var reason: Reason?
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "id": id = try scanner.optionalID()
            case "reason": reason = Reason(rawValue: try scanner.text())
            default: try scanner.skip()
            }
        }
        guard let id, let reason else {
            throw ResticFormatError(.malformed, "a mark of packs lists a pack without an identifier or a known reason")
        }
        return Pack(id: id, reason: reason)
    }
}

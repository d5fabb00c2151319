internal import Foundation
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// A stored file or folder as commands show it.
struct EntryOutput: Encodable {
    let path: String
    /// The path in base 64 where it is not UTF-8 and ``path`` shows replacement characters.
    let pathBytes: String?
    let type: String
    let size: UInt64?
    let mode: String
    let uid: UInt32
    let gid: UInt32
    let user: String?
    let group: String?
    let mtime: String
    let linkTarget: String?
    let blobs: Int?
    let tree: String?

    init(_ entry: TreeEntry) {
        let node = entry.node
        let bytes = Array("/".utf8) + entry.path.bytes
        path = String(decoding: bytes, as: UTF8.self)
        pathBytes = String(validating: bytes, as: UTF8.self) == nil ? Data(bytes).base64EncodedString() : nil
        type = node.type.rawValue
        size = node.type == .file ? node.size : nil
        mode = String(node.posixPermissions, radix: 8)
        uid = node.uid
        gid = node.gid
        user = node.user.isEmpty ? nil : node.user
        group = node.group.isEmpty ? nil : node.group
        mtime = node.mtime.rfc3339
        linkTarget = node.linkTarget.map { String(decoding: $0, as: UTF8.self) }
        blobs = node.type == .file ? node.content?.count : nil
        tree = node.subtree?.hex
    }
}

/// A restore point or snapshot in the output of commands.
struct PointOutput: Encodable {
    let kind: String
    let id: String
    let time: String
    let system: String

    init(_ point: PointInTime) {
        kind = point.kind.rawValue
        id = point.id
        time = point.time.rfc3339
        system = point.system
    }
}

enum EntryRendering {
    /// A path as one line that cannot steer a terminal: control characters as `\x0a`, a backslash doubled.
    static func path(_ path: RawPath) -> String { printable(Array("/".utf8) + path.bytes) }

    static func printable(_ bytes: [UInt8]) -> String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
                let digits = String(scalar.value, radix: 16)
                text += scalar.value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// `-rw-r--r--  0  0  1234  2026-03-02 10:15:00  /documents/…`
    static func long(_ entry: TreeEntry) -> String {
        let node = entry.node
        let size = node.type == .file ? "\(node.size)" : "0"
        let target = node.linkTarget.map { " -> " + printable($0) } ?? ""
        return "\(letters(node))  \(pad("\(node.uid)", 5)) \(pad("\(node.gid)", 5)) \(pad(size, 12))  "
            + "\(time(node.mtime))  \(path(entry.path))\(target)"
    }

    static func time(_ time: GoTime) -> String {
        String(time.rfc3339.prefix(19)).replacing("T", with: " ")
    }

    private static func letters(_ node: Node) -> String {
        let kind =
            switch node.type {
            case .dir: "d"
            case .symlink: "l"
            case .dev: "b"
            case .chardev: "c"
            case .fifo: "p"
            case .socket: "s"
            case .file: "-"
            case .irregular: "?"
            }
        var bits = zip(0..., "rwxrwxrwx").map { node.posixPermissions >> (8 - UInt32($0)) & 1 == 1 ? $1 : "-" }
        let specials: [(bit: UInt32, place: Int, set: Character, bare: Character)] = [
            (0o4000, 2, "s", "S"), (0o2000, 5, "s", "S"), (0o1000, 8, "t", "T"),
        ]
        for special in specials where node.posixPermissions & special.bit != 0 {
            bits[special.place] = bits[special.place] == "x" ? special.set : special.bare
        }
        return kind + String(bits)
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

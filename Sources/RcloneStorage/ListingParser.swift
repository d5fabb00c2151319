internal import FoundationEssentials
internal import NIOCore

/// Cuts a listing of restic's REST protocol, version 2, into its entries while it comes in: `[{"name":"…","size":1},…]`.
///
/// A repository of a million packs has a listing of a hundred megabytes; what is held is what came last and is not whole yet.
struct ListingParser {
    /// One entry.
    struct Item: Decodable, Hashable, Sendable {
        var name: String
        var size: Int64
    }

    /// A listing that is none: a sentence's end.
    struct Malformed: Error {
        var reason: String
    }

    private enum State { case beforeList, inList, afterList }

    /// The longest entry that is accepted, in bytes.
    private static let longestItem = 1 << 16

    private var state = State.beforeList
    private var item: [UInt8] = []
    private var depth = 0
    private var isInText = false
    private var isEscaped = false

    /// Whether the list has come to its end.
    var isComplete: Bool { state == .afterList }

    /// Takes more of it.
    ///
    /// - Returns: the entries that are whole now.
    mutating func consume(_ bytes: ByteBuffer) throws(Malformed) -> [Item] {
        var items: [Item] = []
        for byte in bytes.readableBytesView {
            if depth == 0 {
                try consumeBetween(byte)
                continue
            }
            item.append(byte)
            if item.count > Self.longestItem {
                throw Malformed(reason: "an entry is longer than \(Self.longestItem) bytes")
            }
            if try closesItem(byte) {
                guard let decoded = try? JSONDecoder().decode(Item.self, from: Data(item)) else {
                    throw Malformed(reason: "an entry is not a name and a size")
                }
                items.append(decoded)
                item.removeAll(keepingCapacity: true)
            }
        }
        return items
    }

    private mutating func consumeBetween(_ byte: UInt8) throws(Malformed) {
        switch (state, byte) {
        case (_, UInt8(ascii: " ")), (_, UInt8(ascii: "\n")), (_, UInt8(ascii: "\r")), (_, UInt8(ascii: "\t")): return
        case (.beforeList, UInt8(ascii: "[")): state = .inList
        case (.inList, UInt8(ascii: ",")): return
        case (.inList, UInt8(ascii: "]")): state = .afterList
        case (.inList, UInt8(ascii: "{")):
            depth = 1
            item.append(byte)
        default: throw Malformed(reason: "it is not a list of entries")
        }
    }

    /// - Returns: whether `byte` is the end of the entry.
    private mutating func closesItem(_ byte: UInt8) throws(Malformed) -> Bool {
        if isInText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInText = false
            }
            return false
        }
        switch byte {
        case UInt8(ascii: "\""): isInText = true
        case UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "}"): depth -= 1
        default: break
        }
        return depth == 0
    }
}

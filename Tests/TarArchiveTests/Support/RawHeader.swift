/// A header made by hand, independent of the encoder, to be bent out of shape.
struct RawHeader {
    var bytes = [UInt8](repeating: 0, count: 512)

    /// A correct GNU header of an empty regular file.
    init(_ name: String = "a", type: Character = "0", size: Int = 0) {
        put(Array(name.utf8), at: 0)
        put("0000644\0", at: 100)
        put("0000000\0", at: 108)
        put("0000000\0", at: 116)
        put(octal(size), at: 124)
        put("00000000000\0", at: 136)
        bytes[156] = type.asciiValue ?? 0
        put("ustar  \0", at: 257)
    }

    mutating func put(_ value: [UInt8], at offset: Int) {
        bytes.replaceSubrange(offset..<(offset + value.count), with: value)
    }

    mutating func put(_ value: String, at offset: Int) { put(Array(value.utf8), at: offset) }

    /// A sparse header: extents, whether blocks follow, real size.
    mutating func putSparse(_ extents: [(Int, Int)], follows: UInt8 = 0, realSize: Int) {
        for (index, extent) in extents.enumerated() {
            put(octal(extent.0), at: 386 + 24 * index)
            put(octal(extent.1), at: 398 + 24 * index)
        }
        bytes[482] = follows
        put(octal(realSize), at: 483)
    }

    /// The block, its checksum computed.
    var sealed: [UInt8] {
        var copy = self
        copy.put("        ", at: 148)
        let sum = copy.bytes.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        copy.put(String(repeating: "0", count: 6 - digits.count) + digits + "\0 ", at: 148)
        return copy.bytes
    }
}

func octal(_ value: Int) -> String {
    let digits = String(value, radix: 8)
    return String(repeating: "0", count: 11 - digits.count) + digits + "\0"
}

/// An extension block of a sparse map.
func extensionBlock(_ extents: [(Int, Int)], follows: UInt8 = 0) -> [UInt8] {
    var block = RawHeader()
    block.bytes = [UInt8](repeating: 0, count: 512)
    for (index, extent) in extents.enumerated() {
        block.put(octal(extent.0), at: 24 * index)
        block.put(octal(extent.1), at: 24 * index + 12)
    }
    block.bytes[504] = follows
    return block.bytes
}

let zeroBlock = [UInt8](repeating: 0, count: 512)
let endMarker = zeroBlock + zeroBlock

/// A block that begins with text and is filled with NULs.
func block(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}

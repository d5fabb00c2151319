/// Numbers at the edges of the types that decoders keep them in.
enum Edges {
    static let numbers: [UInt64] = {
        var numbers: [UInt64] = [
            0, 1, 2, 3, 31, 32, 33, 64, 127, 128, 255, 256, 511, 512, 4095, 65_535, 65_536, 1_048_576,
        ]
        for bit: UInt64 in [30, 31, 32, 53, 62, 63] {
            let power: UInt64 = 1 << bit
            numbers += [power - 1, power, power + 1]
        }
        return numbers + [UInt64.max - 1, UInt64.max]
    }()

    /// Numbers as JSON and YAML write them, the impossible ones included.
    static let texts: [[UInt8]] = {
        let odd: [String] = [
            "18446744073709551616", "1e308", "1e309", "-1e309", "1e-400", "1e99999999999999999999", "0.1", "-0", "-0.0",
            "00", "1.", ".5", "3.4028236e38", "0x10", "1_000", "NaN", "Infinity", String(repeating: "9", count: 400),
        ]
        let positive = numbers.map { String($0) }
        return (positive + positive.map { "-" + $0 } + odd).map { Array($0.utf8) }
    }()
}

enum BinaryMutations {
    static func mutate(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        let width = chance.element(of: [1, 2, 4, 8])
        guard bytes.count >= width else { return bytes.append(chance.byte()) }
        let start = chance.int(0..<(bytes.count - width + 1))
        let number = chance.element(of: Edges.numbers)
        let isLittleEndian = chance.once(in: 2)
        for position in 0..<width {
            let shift = UInt64(8 * (isLittleEndian ? position : width - 1 - position))
            bytes[start + position] = UInt8(truncatingIfNeeded: number >> shift)
        }
    }
}

/// Mutations of values and members instead of bytes. Texts that are no JSON any more get less of it.
enum JSONMutations {
    static func mutate(_ bytes: inout [UInt8], _ chance: inout SeededBytes, others: [[UInt8]]) {
        let values = self.values(in: bytes)
        guard !values.isEmpty else { return bytes.append(contentsOf: chance.element(of: others)) }
        let value = chance.element(of: values)
        switch chance.int(0..<9) {
        case 0: bytes.replaceSubrange(value, with: chance.element(of: Edges.texts))
        case 1: bytes.replaceSubrange(value, with: Array(chance.element(of: literals).utf8))
        case 2: bytes.replaceSubrange(value, with: Array(bytes[chance.element(of: values)]))
        case 3:
            let other = chance.element(of: others)
            let donors = self.values(in: other)
            if !donors.isEmpty { bytes.replaceSubrange(value, with: Array(other[chance.element(of: donors)])) }
        case 4: nest(&bytes, value, &chance)
        case 5: repeatElement(&bytes, value, &chance)
        case 6: removeElement(&bytes, value)
        case 7: duplicateMember(&bytes, value)
        default: bytes.insert(contentsOf: Array(chance.element(of: scraps).utf8), at: value.lowerBound)
        }
    }

    private static let literals = [
        "null", "true", "false", "{}", "[]", "\"\"", "\"..\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"",
        "\"9999-12-31T23:59:59.999999999Z\"", "\"0000-01-01T00:00:00+23:59\"", "\"/\"", "\"e\\u0301\"", "\"é\"",
        "{\"a\":1,\"a\":2}", "[[[[]]]]", "[1,[2]]",
    ]
    private static let scraps = [" ", "\n", ",", ":", "[", "{", "\"", "\\", "\u{FEFF}", "\u{0}", "//", "'"]

    /// Where values lie: a forgiving scan with a stack, keys included.
    static func values(in bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var open: [Int] = []
        var index = 0
        while index < bytes.count, found.count < 4_000 {
            let start = index
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(index)
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                index += 1
                if let start = open.popLast() { found.append(start..<index) }
            case UInt8(ascii: "\""):
                index += 1
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(index + 1, bytes.count)
                found.append(start..<index)
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09: index += 1
            default:
                index += 1
                while index < bytes.count, !Set(",:{}[]\" \n".utf8).contains(bytes[index]) { index += 1 }
                found.append(start..<index)
            }
        }
        return found
    }

    private static func nest(_ bytes: inout [UInt8], _ value: Range<Int>, _ chance: inout SeededBytes) {
        let depth = chance.once(in: 4) ? chance.int(50..<2_000) : chance.int(1..<5)
        let (opening, closing) = chance.once(in: 2) ? ("[", "]") : ("{\"a\":", "}")
        let inner = Array(bytes[value])
        let nested =
            Array(String(repeating: opening, count: depth).utf8) + inner
            + Array(String(repeating: closing, count: depth).utf8)
        bytes.replaceSubrange(value, with: nested)
    }

    private static func repeatElement(_ bytes: inout [UInt8], _ value: Range<Int>, _ chance: inout SeededBytes) {
        let element = [UInt8(ascii: ",")] + Array(bytes[value])
        let count = element.count > 200 ? 1 : chance.int(1..<20)
        for _ in 0..<count { bytes.insert(contentsOf: element, at: value.upperBound) }
    }

    private static func removeElement(_ bytes: inout [UInt8], _ value: Range<Int>) {
        var end = value.upperBound
        while end < bytes.count, bytes[end] == UInt8(ascii: ",") || bytes[end] == UInt8(ascii: ":") { end += 1 }
        bytes.removeSubrange(value.lowerBound..<end)
    }

    /// Repeats `"key":value` when there is a key before the value.
    private static func duplicateMember(_ bytes: inout [UInt8], _ value: Range<Int>) {
        var start = value.lowerBound
        while start > 0, bytes[start - 1] != UInt8(ascii: ","), bytes[start - 1] != UInt8(ascii: "{") { start -= 1 }
        bytes.insert(contentsOf: [UInt8(ascii: ",")] + Array(bytes[start..<value.upperBound]), at: value.upperBound)
    }
}

/// Mutations of lines: what people and editors do to a configuration, and what somebody hostile adds.
enum TextMutations {
    static func mutate(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        guard !lines.isEmpty else { return }
        let index = chance.int(0..<lines.count)
        let other = chance.int(0..<lines.count)
        switch chance.int(0..<8) {
        case 0: lines.insert(lines[index], at: other)
        case 1: lines.remove(at: index)
        case 2: lines.swapAt(index, other)
        case 3: lines[index].insert(contentsOf: Array(repeating: 0x20, count: chance.int(1..<6)), at: 0)
        case 4: lines[index].removeFirst(min(lines[index].count, chance.int(1..<4)))
        case 5, 6: replaceValue(&lines[index], &chance)
        default: lines[index].insert(contentsOf: Array(chance.element(of: marks).utf8), at: 0)
        }
        bytes = Array(lines.joined(separator: [0x0A]))
    }

    private static func replaceValue(_ line: inout [UInt8], _ chance: inout SeededBytes) {
        let start = line.firstIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }.map { $0 + 1 } ?? 0
        let value = chance.once(in: 2) ? chance.element(of: Edges.texts) : Array(chance.element(of: marks).utf8)
        line.replaceSubrange(start..., with: [0x20] + value)
    }

    private static let marks = [
        "&a ", "*a", "!!binary ", "!x ", "? ", "- ", "| ", "> ", "[", "{", "[]", "{}", "%YAML 1.2", "---", "...", "# ",
        "\"", "'", "\\", "\t", "\u{FEFF}", "\u{85}", "\u{2028}", "\u{0}", "<<: ", "null", "~", "yes", "\"\\x41\"",
        "env:", "file:", "command:sh -c 'x'", "**", "[a-z", "{a,b}", "..", "\u{200D}", "e\u{301}",
        String(repeating: "[", count: 300), String(repeating: "- ", count: 200), String(repeating: "{a: ", count: 100),
    ]
}

/// Mutations of blocks of 512 bytes and of the fields of headers.
enum TarMutations {
    static func mutate(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        let count = bytes.count / 512
        guard count > 0 else { return bytes.append(contentsOf: Array(repeating: 0, count: 512)) }
        let block = 512 * chance.int(0..<count)
        let other = 512 * chance.int(0..<count)
        switch chance.int(0..<7) {
        case 0: bytes.removeSubrange(block..<(block + 512))
        case 1: bytes.insert(contentsOf: Array(bytes[block..<(block + 512)]), at: other)
        case 2:
            let first = Array(bytes[block..<(block + 512)])
            bytes.replaceSubrange(block..<(block + 512), with: bytes[other..<(other + 512)])
            bytes.replaceSubrange(other..<(other + 512), with: first)
        case 3: bytes.replaceSubrange(block..<(block + 512), with: Array(repeating: 0, count: 512))
        case 4: bytes[block + 156] = chance.element(of: Array("0567LKSxgD123\0".utf8))
        default: field(&bytes, block, &chance)
        }
    }

    /// Writes a number, in octal or in base 256, where headers keep numbers.
    private static func field(_ bytes: inout [UInt8], _ block: Int, _ chance: inout SeededBytes) {
        let sparse = (0..<8).map { (386 + 12 * $0, 12) }
        let places =
            [(124, 12), (100, 8), (108, 8), (116, 8), (136, 12), (483, 12), (482, 1), (504, 1), (0, 12)] + sparse
        let (offset, width) = chance.element(of: places)
        let number = chance.element(of: Edges.numbers)
        var field: [UInt8]
        if chance.once(in: 2) {
            let digits = Array(String(number, radix: 8).utf8.suffix(width - 1))
            field = Array(repeating: UInt8(ascii: "0"), count: width - 1 - digits.count) + digits + [0]
        } else {
            field = (0..<width).map { position in
                let shift = 8 * (width - 1 - position)
                return shift > 56 ? 0 : UInt8(truncatingIfNeeded: number >> UInt64(shift))
            }
            field[0] |= 0x80
        }
        bytes.replaceSubrange((block + offset)..<(block + offset + width), with: field)
    }

    /// Computes the checksum of every block that looks like a header.
    static func mendChecksums(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, through: bytes.count - 512, by: 512)
        where bytes[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) {
            bytes.replaceSubrange((start + 148)..<(start + 156), with: Array(repeating: 0x20, count: 8))
            let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            let text = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
            bytes.replaceSubrange((start + 148)..<(start + 156), with: Array(text.utf8))
        }
    }
}

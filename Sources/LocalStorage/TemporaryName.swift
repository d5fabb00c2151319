/// The names of unfinished files: which are ours, which are another program's, and how one is made.
///
/// Ours are `.<name>-tmp-<16 hexadecimal digits>` in the folder of the object, the dot first so that `ls` and restic's
/// file name patterns pass them over. restic's own are `<name>-tmp-<decimal digits>`
/// (restic internal/backend/local, `Save`: `os.CreateTemp`).
enum TemporaryName {
    private static let mark = "-tmp-"
    private static let digitCount = 16
    /// Bytes kept of the object's own name, so that ours stays below the 255 that file systems allow.
    private static let keptLength = 200

    /// Makes a new name for a file that will become `name`.
    static func make(for name: Substring) -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let padding = String(repeating: "0", count: digitCount - digits.count)
        return ".\(name.prefix(keptLength))\(mark)\(padding)\(digits)"
    }

    /// Whether only ``make(for:)`` gives such a name: what may be removed when it is old.
    static func isOurs(_ name: some StringProtocol) -> Bool {
        let bytes = name.utf8
        guard bytes.first == UInt8(ascii: "."), bytes.count <= 1 + keptLength + mark.utf8.count + digitCount else {
            return false
        }
        let digits = bytes.suffix(digitCount)
        let rest = bytes.dropFirst().dropLast(digitCount)
        return rest.count > mark.utf8.count && rest.suffix(mark.utf8.count).elementsEqual(mark.utf8)
            && digits.allSatisfy { isDecimal($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    /// Whether `name` is an unfinished file of ours or of restic's: what no listing shows and no object may be called.
    static func isUnfinished(_ name: some StringProtocol) -> Bool {
        isOurs(name) || isOfRestic(name)
    }

    private static func isOfRestic(_ name: some StringProtocol) -> Bool {
        let rest = name.utf8.reversed().drop(while: isDecimal)
        return rest.count < name.utf8.count && rest.count > mark.utf8.count
            && rest.prefix(mark.utf8.count).elementsEqual(mark.utf8.reversed())
    }

    private static func isDecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

internal import NIOCore
internal import ResticCrypto
internal import ResticFormat

/// What a patch of `git diff --full-index` changes, independent of how it is written down.
///
/// Versions of `git` and zlib write the same change in different ways. The lines that name the files, their modes and the ids of their
/// content before and after are the same in all of them, so the hash is of these. Lines of content begin with a blank, `+`, `-`, `\` or
/// `@`, those of a binary patch hold no blank: none can be taken for one of these.
struct PatchFingerprint {
    private var line: [UInt8] = []
    private let hasher = ContentHasher()
    private(set) var byteCount: Int64 = 0
    private static let prefixes = [
        "diff --git ", "index ", "old mode ", "new mode ", "new file mode ", "deleted file mode ",
    ].map { Array($0.utf8) }
    /// The longest line of interest: two paths of 4096 bytes, quoted.
    private static let limit = 1 << 16

    init() {}

    mutating func take(_ buffer: ByteBuffer) {
        byteCount += Int64(buffer.readableBytes)
        for byte in buffer.readableBytesView {
            if byte == UInt8(ascii: "\n") {
                endLine()
            } else if line.count < Self.limit {
                line.append(byte)
            }
        }
    }

    private mutating func endLine() {
        if Self.prefixes.contains(where: { line.starts(with: $0) }) {
            line.append(UInt8(ascii: "\n"))
            line.withUnsafeBytes { hasher.update($0) }
        }
        line.removeAll(keepingCapacity: true)
    }

    /// 64 hex digits.
    func finish() -> String { hasher.finalize().hex }
}

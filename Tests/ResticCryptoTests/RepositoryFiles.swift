import CZstd
import Foundation
import ResticFormat
import Testing

@testable import ResticCrypto

/// Reads and writes a repository on disk with nothing but the two rooms under test and libzstd.
struct RepositoryFiles {
    let root: URL
    let context: SealingContext

    init(root: URL, password: String) throws {
        let keys = try FileManager.default.contentsOfDirectory(
            at: root.appending(path: "keys"),
            includingPropertiesForKeys: nil
        )
        let file = try KeyFile.decode(Array(Data(contentsOf: try #require(keys.first))))
        try self.init(root: root, key: file.open(password: Array(password.utf8)))
    }

    init(root: URL, key: MasterKey) throws {
        self.root = root
        context = try SealingContext(key: key)
    }

    /// The names of the files of a kind; of packs, all in their folders.
    func names(_ kind: String) throws -> [String] {
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: kind).path)
        return files.map { URL(filePath: $0).lastPathComponent }.filter { ResticID(hex: $0) != nil }.sorted()
    }

    func raw(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: root.appending(path: path)))
    }

    func pack(_ id: ResticID) throws -> [UInt8] {
        try raw("data/\(id.hex.prefix(2))/\(id.hex)")
    }

    /// A file outside packs: opened, and decompressed if it begins with the 2 that says so.
    func unpacked(_ path: String) throws -> [UInt8] {
        let plaintext = try context.open(raw(path))
        return plaintext.first == 2 ? try decompress(Array(plaintext.dropFirst())) : plaintext
    }

    /// The plaintext of a blob, checked against its name.
    func blob(_ blob: PackedBlob, in pack: [UInt8]) throws -> [UInt8] {
        var plaintext = try context.open(Array(pack[blob.range]))
        if blob.isCompressed { plaintext = try decompress(plaintext) }
        #expect(plaintext.count == blob.plaintextLength)
        #expect(ContentHash.id(of: plaintext) == blob.id)
        return plaintext
    }

    /// The header's plaintext and what it lists.
    func header(of pack: [UInt8]) throws -> (plaintext: [UInt8], blobs: [PackedBlob]) {
        let length = try pack.withUnsafeBytes { try PackHeader.sealedLength(fromTail: $0, packLength: pack.count) }
        let start = pack.count - PackHeader.trailerLength - length
        let plaintext = try context.open(Array(pack[start..<(start + length)]))
        return (plaintext, try PackHeader.decode(plaintext, dataLength: start))
    }

    private func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
        // The streamed form of zstd leaves the content's length out, so give it room and see.
        var capacity = 1 << 20
        while true {
            var output = [UInt8](repeating: 0, count: capacity)
            let length = ZSTD_decompress(&output, output.count, bytes, bytes.count)
            if ZSTD_isError(length) == 0 { return Array(output[0..<length]) }
            try #require(ZSTD_getErrorCode(length) == ZSTD_error_dstSize_tooSmall && capacity < 1 << 26)
            capacity *= 4
        }
    }

    /// Writes a file under the name that is its content's hash, unless `path` names it.
    @discardableResult
    func write(_ bytes: [UInt8], folder: String, path: String? = nil) throws -> ResticID {
        let id = ContentHash.id(of: bytes)
        let file = root.appending(path: path ?? "\(folder)/\(id.hex)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return id
    }
}

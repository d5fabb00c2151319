internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import ResticCrypto
internal import ResticFormat
internal import ResticRepository

/// A file that an export wrote.
public struct ExportedFile: Sendable, Hashable, Codable {
    /// Its name in the folder; beside it lies one with `.sha256` appended.
    public let name: String
    /// Of which component it is.
    public let component: Component
    /// What is in it: a collection, folders, a checkout.
    public let content: String
    /// Its length in bytes.
    public let bytes: Int64
    /// Its SHA-256, 64 hex digits.
    public let sha256: String
}

/// Writes one file of an export: under a temporary name, synced, read back, with its hash beside it.
struct ExportFileWriter {
    let folder: String
    let replaces: Bool
    let progress: any ProgressSink

    /// - Parameter body: gives the content to the closure it is given, piece by piece.
    func write(
        _ item: ExportPlan.Item,
        _ body: ((ByteBuffer) async throws -> Void) async throws -> Void
    ) async throws -> ExportedFile {
        let hasher = ContentHasher()
        var count: Int64 = 0
        let path = "\(folder)/\(item.name)"
        try await NewFile.write(at: RawPath(path), replaces: replaces) { file in
            try await body { buffer in
                guard buffer.readableBytes > 0 else { return }
                try Task.checkCancellation()
                buffer.withUnsafeReadableBytes { hasher.update($0) }
                count += Int64(buffer.readableBytes)
                try await file.append(buffer)
                progress.advance(Int64(buffer.readableBytes))
            }
        }
        let written = hasher.finalize().hex
        let found = try await Self.hash(of: path)
        guard found == written else {
            throw RepositoryError(
                .target,
                "the file \(path) reads as SHA-256 \(found.prefix(16))…, written was \(written.prefix(16))…",
                hint: "Look at the disk it is on; the repository is not affected."
            )
        }
        try await NewFile.write(at: RawPath(path + ".sha256"), replaces: replaces) { file in
            // As `sha256sum` writes it, so that `sha256sum --check` reads it.
            try await file.append(ByteBuffer(string: "\(written)  \(item.name)\n"))
        }
        return ExportedFile(
            name: item.name,
            component: item.component,
            content: item.content,
            bytes: count,
            sha256: written
        )
    }

    /// The SHA-256 of a file on the disk.
    private static func hash(of path: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive {
            let hasher = ContentHasher()
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? file.close() }
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
                piece.withUnsafeBytes { hasher.update($0) }
            }
            return hasher.finalize().hex
        }
    }
}

import Foundation
import LocalStorage
import NIOCore
import ResticFormat
import ResticRepository
import TestSupport

/// Looks for secrets where they must not be: as they are, and in the notations in which they travel unnoticed.
struct SecretScan {
    /// A place and what was found there; the secret itself is not repeated.
    struct Leak: Hashable, CustomStringConvertible {
        let place: String
        let secret: Int
        let notation: String
        var description: String { "secret \(secret) in \(place), \(notation)" }
    }

    private struct Needle {
        let secret: Int
        let notation: String
        let bytes: [UInt8]
    }

    private let needles: [Needle]
    private(set) var leaks: Set<Leak> = []
    private(set) var searchedBytes = 0
    private(set) var searchedPlaces = 0

    init(_ secrets: [String]) {
        var needles: [Needle] = []
        for (number, secret) in secrets.enumerated() {
            let bytes = Array(secret.utf8)
            needles.append(Needle(secret: number, notation: "plain", bytes: bytes))
            let hex = bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
            needles.append(Needle(secret: number, notation: "hexadecimal", bytes: Array(hex.utf8)))
            needles.append(Needle(secret: number, notation: "hexadecimal", bytes: Array(hex.uppercased().utf8)))
            for shift in 0..<3 {
                // Base 64 of a longer text that holds the secret: what does not depend on its neighbours.
                let text = Array(Data([UInt8](repeating: 0, count: shift) + bytes).base64EncodedString().utf8)
                let start = shift == 0 ? 0 : shift + 1
                let end = (shift + bytes.count) * 8 / 6
                needles.append(Needle(secret: number, notation: "base 64", bytes: Array(text[start..<end])))
            }
        }
        self.needles = needles
    }

    mutating func search(_ bytes: [UInt8], in place: String) {
        searchedPlaces += 1
        searchedBytes += bytes.count
        let text = Data(bytes)
        for needle in needles where text.range(of: Data(needle.bytes)) != nil {
            leaks.insert(Leak(place: place, secret: needle.secret, notation: needle.notation))
        }
    }

    /// All files below a folder, and their names.
    mutating func search(folder: String) throws {
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            search(Array(path.utf8), in: "the name of \(path)")
            var isFolder: ObjCBool = false
            let place = folder + "/" + path
            guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            search(Array(try Data(contentsOf: URL(filePath: place))), in: path)
        }
    }

    /// Everything in a repository, opened: each blob, each snapshot and index.
    mutating func search(repository path: String, password: String) async throws {
        let repository = try await Repository.open(in: LocalStore(path: path), password: Array(password.utf8))
        let indexed = try await repository.loadIndex()
        for kind in [FileKind.snapshot, .index] {
            for id in try await repository.list(kind) {
                search(try await repository.load(kind, id), in: "\(kind) \(id.short)")
            }
        }
        var blobs: [(BlobType, ResticID)] = []
        try await repository.forEachIndexEntry { _, pack in blobs += pack.blobs.map { ($0.type, $0.id) } }
        for (type, id) in blobs {
            search(Array(try await indexed.load(id, type).readableBytesView), in: "\(type) blob \(id.short)")
        }
    }
}

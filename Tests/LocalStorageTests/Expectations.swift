import Foundation
import ObjectStorage
import TestSupport
import Testing

/// Makes a key, or fails the test.
func makeKey(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> ObjectKey {
    try #require(ObjectKey(path), sourceLocation: sourceLocation)
}

/// Expects an ``ObjectStoreError`` of `code`.
@discardableResult
func expectError<Answer>(
    _ code: ObjectStoreError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Answer
) async -> ObjectStoreError? {
    do {
        _ = try await body()
        Issue.record("nothing was thrown, expected \(code)", sourceLocation: sourceLocation)
    } catch let error as ObjectStoreError {
        #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("expected \(code), caught \(error)", sourceLocation: sourceLocation)
    }
    return nil
}

extension TemporaryDirectory {
    /// Every path below the folder, files and folders, sorted.
    var everything: [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
    }

    /// Writes a file past the store, with the folders it needs.
    func write(_ text: String, to relative: String, modified: Date? = nil) throws {
        let file = URL(fileURLWithPath: path(relative))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        if let modified {
            try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: file.path)
        }
    }

    /// The permissions of a file or folder.
    func mode(_ relative: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(relative))
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

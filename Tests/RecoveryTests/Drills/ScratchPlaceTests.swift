import Foundation
import TestSupport
import Testing

@testable import Recovery

@Suite("The scratch folder of a drill")
struct ScratchPlaceTests {
    @Test("is refused where there is no room, and nothing is made", arguments: [Int64.max, 1 << 60])
    func noRoom(byteCount: Int64) async throws {
        try await TemporaryDirectory.with { folder in
            let error = #expect(throws: RecoveryError.self) { try ScratchPlace.make(in: folder.path, for: byteCount) }
            #expect(error?.code == .refused)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }

    @Test("is for its user alone, and gone when it is removed")
    func made() async throws {
        try await TemporaryDirectory.with { folder in
            let place = try ScratchPlace.make(in: folder.path, for: 1)
            let mode = try FileManager.default.attributesOfItem(atPath: place.folder)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            #expect(place.remove().isEmpty && !FileManager.default.fileExists(atPath: place.folder))
        }
    }
}

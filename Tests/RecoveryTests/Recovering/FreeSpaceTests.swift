import Foundation
import TestSupport
import Testing

@testable import Recovery

@Suite("Free space")
struct FreeSpaceTests {
    @Test("is told for a folder, and for one that is not there yet by the disk that it will be on")
    func answers() async throws {
        try await TemporaryDirectory.with { folder in
            let free = try #require(FreeSpace.available(at: folder.path))
            #expect(free > 0)
            let below = try #require(FreeSpace.available(at: folder.path("not/yet/there")))
            // Others write meanwhile; a disk of another size would be far off.
            #expect(abs(below - free) < max(free / 4, 1_000_000_000))
            try Data([1]).write(to: URL(filePath: folder.path("file")))
            #expect(FreeSpace.available(at: folder.path("file/below")) == nil, "a file has no room below it")
        }
    }
}

import Foundation
import ObjectStorage
import TestSupport
import Testing

@testable import LocalStorage

@Suite("A folder switch")
struct FolderSwitchTests {
    private func make(_ folder: String, _ content: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(content.utf8).write(to: URL(filePath: folder + "/content"))
    }

    private func content(_ folder: String) -> String? {
        try? String(contentsOfFile: folder + "/content", encoding: .utf8)
    }

    @Test("exchanges two folders in one step, and gives the old one a name that was not taken")
    func exchange() async throws {
        try await TemporaryDirectory.with { folder in
            let place = FolderSwitch(path: folder.path("repo"), date: "2026-11-24")
            try make(folder.path("repo"), "old")
            try make(folder.path("repo.next"), "new")
            try make(folder.path("repo.retired-2026-11-24"), "older")
            try await place.check()
            // The file system of temporary folders can; where it cannot, nothing has happened.
            guard try await place.exchange() else {
                #expect(content(folder.path("repo")) == "old" && content(folder.path("repo.next")) == "new")
                return
            }
            #expect(content(folder.path("repo")) == "new" && content(folder.path("repo.next")) == "old")
            #expect(try await place.retireNext() == folder.path("repo.retired-2026-11-24-2"))
            #expect(content(folder.path("repo.retired-2026-11-24-2")) == "old")
            #expect(try await place.retired().map { content($0) } == ["older", "old"])
        }
    }

    @Test("does it in two steps where it has to, and puts nothing over something")
    func twoSteps() async throws {
        try await TemporaryDirectory.with { folder in
            let place = FolderSwitch(path: folder.path("repo"), date: "2026-11-24", exchangesInOneStep: false)
            try make(folder.path("repo"), "old")
            try make(folder.path("repo.next"), "new")
            #expect(try await place.exchange() == false)
            let error = await #expect(throws: ObjectStoreError.self) { try await place.promoteNext() }
            #expect(error?.code == .alreadyExists && content(folder.path("repo")) == "old")
            #expect(try await place.retireCurrent() == folder.path("repo.retired-2026-11-24"))
            try await place.check()
            try await place.promoteNext()
            #expect(content(folder.path("repo")) == "new")
        }
    }

    @Test("says before anything is copied that there is no room for it")
    func room() async throws {
        try await TemporaryDirectory.with { folder in
            let place = FolderSwitch(path: folder.path("repo"), date: "")
            try await place.checkRoom(for: 1)
            let error = await #expect(throws: ObjectStoreError.self) { try await place.checkRoom(for: .max) }
            #expect(error?.code == .insufficientSpace)
        }
    }

    @Test("follows links to the folder, and refuses a mount point")
    func links() async throws {
        try await TemporaryDirectory.with { folder in
            try make(folder.path("disk/repo"), "old")
            try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "disk/repo")
            let place = FolderSwitch(path: folder.path("link"), date: "2026-11-24")
            #expect(place.current == folder.path("disk/repo") && place.next == folder.path("disk/repo.next"))
            _ = try await place.retireCurrent()
            // The link points nowhere now, and still tells where the folder belongs.
            #expect(FolderSwitch(path: folder.path("link"), date: "").current == folder.path("disk/repo"))
            let error = await #expect(throws: ObjectStoreError.self) {
                try await FolderSwitch(path: "/proc", date: "").check()
            }
            #expect(error?.code == .locationInvalid)
        }
    }
}

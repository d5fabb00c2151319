import ObjectStorage
import RcloneStorage
import TestSupport
import Testing

@Suite("A remote of rclone", .timeLimit(.minutes(2)))
struct RcloneRemoteTests {
    @Test(
        "is shown without what a connection string tells",
        arguments: [
            ("remote:path", "remote:path"), ("remote:a,b", "remote:a,b"), (":local:/a,b", ":local:/a,b"),
            (":sftp,host=example.org,pass=secret:path", ":sftp,…"), ("box,pass=secret:path", "box,…"),
            ("box,pass=\"sec,ret:\":path", "box,…"), ("box,pass=secret", "box,…"), ("/local/path", "/local/path"),
        ]
    )
    func description(text: String, shown: String) {
        #expect("\(RcloneRemote(text))" == shown)
        #expect(RcloneStore(remote: text).location == "rclone:\(shown)")
    }

    @Test(
        "has nothing of its connection string in what rclone says of it",
        arguments: [
            ("box,pass=hunter2:p", "create \"box,pass=hunter2:p\" failed", "create \"box,…\" failed"),
            ("box,pass=\"hun,ter2\":p", #"for "box,pass=\"hun,ter2\":p": no"#, #"for "box,…": no"#),
            ("box,pass=hunter2:p", "remote 'box', wanted ,pass=hunter2:p", "remote 'box', wanted ,…"),
            (":sftp,host=h.org,pass='hun''ter2':p", "h.org refuses hun'ter2", "h.org refuses …"),
            ("box:hunter2", "box:hunter2 is not there", "box:hunter2 is not there"),
        ]
    )
    func redacting(text: String, words: String, shown: String) {
        #expect(RcloneRemote(text).redacting(words) == shown)
    }

    @Test("is shown so in the error of an rclone that could not use it, which repeats all of it")
    func lastWords() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try folder.script(
                "rclone",
                """
                for place; do :; done
                echo "CRITICAL: Failed to create file system for \\"$place\\": no such section" >&2
                exit 1
                """
            )
            let store = RcloneStore(remote: "box,pass=hunter2:p", options: .init(program: program))
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.byteCount(of: try makeKey("config"))
            }
            let text = "\(error.map { "\($0) \($0.hint ?? "") \($0.cause.map { "\($0)" } ?? "")" } ?? "")"
            #expect(text.contains("Failed to create file system for \"box,…\": no such section"), "\(text)")
            #expect(!text.contains("hunter2"), "\(text)")
        }
    }
}

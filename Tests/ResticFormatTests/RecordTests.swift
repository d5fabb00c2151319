import TestSupport
import Testing

@testable import ResticFormat

@Suite("Config, key, lock and snapshot files")
struct RecordTests {
    static let time = GoTime(seconds: 1_700_000_000, nanoseconds: 120_000_000, utcOffsetSeconds: 3_600)

    @Test("a config is written as restic writes it, and reads back")
    func config() throws {
        let config = RepositoryConfig(id: hex(0x5A), chunkerPolynomial: 0x3DA3_358B_4DC1_73)
        let json = config.encode()
        #expect(text(json) == #"{"version":2,"id":"\#(hex(0x5A))","chunker_polynomial":"3da3358b4dc173"}"#)
        #expect(try RepositoryConfig.decode(json) == config)
    }

    @Test("a random config is valid, and another each time")
    func randomConfig() throws {
        var generator = SeededGenerator(seed: 9)
        let (first, second) = (RepositoryConfig.random(using: &generator), RepositoryConfig.random(using: &generator))
        #expect(first.id != second.id && first.chunkerPolynomial != second.chunkerPolynomial)
        #expect(try RepositoryConfig.decode(first.encode()) == first)
    }

    @Test(
        "refuses configs of other versions, other polynomials, other identifiers",
        arguments: [
            (#"{"version":3,"id":"ID","chunker_polynomial":"3da3358b4dc173"}"#, .unsupportedVersion),
            (#"{"version":0,"id":"ID","chunker_polynomial":"3da3358b4dc173"}"#, .unsupportedVersion),
            (#"{}"#, .unsupportedVersion),
            (#"{"version":2,"id":"ID","chunker_polynomial":"3da3358b4dc172"}"#, .invalidPolynomial),
            (#"{"version":2,"id":"ID"}"#, .invalidPolynomial),
            (#"{"version":2,"id":"ID","chunker_polynomial":"+da3358b4dc173"}"#, .malformed),
            (#"{"version":2,"id":"ID","chunker_polynomial":"13da3358b4dc17300"}"#, .malformed),
            (#"{"version":2,"id":"short","chunker_polynomial":"3da3358b4dc173"}"#, .malformed),
            (#"{"version":2.0,"id":"ID","chunker_polynomial":"3da3358b4dc173"}"#, .malformed),
            (#"{"version":99999999999999999999,"id":"ID"}"#, .outOfRange),
        ] as [(String, ResticFormatError.Code)]
    )
    func refusesConfigs(json: String, expected: ResticFormatError.Code) {
        let json = json.replacing("ID", with: hex(1))
        #expect(code { _ = try RepositoryConfig.decode(Array(json.utf8)) } == expected)
    }

    @Test("a key file is written as restic writes it, and reads back")
    func keyFile() throws {
        let file = KeyFile(
            created: Self.time,
            username: "eva",
            hostname: "<host>",
            n: 32_768,
            r: 8,
            p: 5,
            salt: [0, 255, 254],
            data: [1, 2, 3, 4]
        )
        let json = file.encode()
        #expect(
            text(json) == #"{"created":"2023-11-14T23:13:20.12+01:00","username":"eva","hostname":"\u003chost\u003e","#
                + #""kdf":"scrypt","N":32768,"r":8,"p":5,"salt":"AP/+","data":"AQIDBA=="}"#
        )
        #expect(try KeyFile.decode(json) == file)
        #expect(!"\(file)".contains("AP/+"))
    }

    @Test("a lock is written as restic writes it, and reads back")
    func lock() throws {
        var lock = LockRecord(
            time: Self.time,
            exclusive: true,
            hostname: "h",
            username: "u",
            pid: 42,
            uid: 1_000,
            gid: 100
        )
        #expect(
            text(lock.encode())
                == #"{"time":"2023-11-14T23:13:20.12+01:00","exclusive":true,"hostname":"h","username":"u","pid":42,"uid":1000,"gid":100}"#
        )
        #expect(try LockRecord.decode(lock.encode()) == lock)
        (lock.uid, lock.gid, lock.exclusive) = (0, 0, false)
        #expect(
            text(lock.encode())
                == #"{"time":"2023-11-14T23:13:20.12+01:00","exclusive":false,"hostname":"h","username":"u","pid":42}"#
        )
        #expect(try LockRecord.decode(lock.encode()) == lock)
    }

    @Test("a snapshot without anything optional has what restic always writes")
    func smallSnapshot() throws {
        let snapshot = SnapshotRecord(time: Self.time, tree: id(7), paths: ["/a"])
        #expect(
            text(snapshot.encode()) == #"{"time":"2023-11-14T23:13:20.12+01:00","tree":"\#(hex(7))","paths":["/a"]}"#
        )
        #expect(try SnapshotRecord.decode(snapshot.encode()) == snapshot)
    }

    @Test("a snapshot with everything has it in restic's order")
    func fullSnapshot() throws {
        let summary = SnapshotSummary(
            backupStart: Self.time,
            backupEnd: Self.time,
            filesNew: 1,
            filesChanged: 2,
            filesUnmodified: 3,
            dirsNew: 4,
            dirsChanged: 5,
            dirsUnmodified: 6,
            dataBlobs: 7,
            treeBlobs: 8,
            dataAdded: 9,
            dataAddedPacked: 10,
            totalFilesProcessed: 11,
            totalBytesProcessed: .max
        )
        let snapshot = SnapshotRecord(
            time: Self.time,
            parent: id(1),
            tree: id(2),
            paths: ["/a", "/b&c"],
            hostname: "h",
            username: "u",
            uid: 3,
            gid: 4,
            excludes: ["*.o"],
            tags: ["x"],
            original: id(5),
            programVersion: "restic 0.17.0",
            summary: summary
        )
        #expect(
            text(snapshot.encode())
                == #"{"time":"2023-11-14T23:13:20.12+01:00","parent":"\#(hex(1))","tree":"\#(hex(2))","paths":["/a","/b\u0026c"],"#
                + #""hostname":"h","username":"u","uid":3,"gid":4,"excludes":["*.o"],"tags":["x"],"original":"\#(hex(5))","#
                + #""program_version":"restic 0.17.0","summary":{"backup_start":"2023-11-14T23:13:20.12+01:00","#
                + #""backup_end":"2023-11-14T23:13:20.12+01:00","files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"#
                + #""dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,"data_added":9,"data_added_packed":10,"#
                + #""total_files_processed":11,"total_bytes_processed":18446744073709551615}}"#
        )
        #expect(try SnapshotRecord.decode(snapshot.encode()) == snapshot)
    }

    @Test("reads snapshots with unknown keys, white space, another order and nulls")
    func tolerance() throws {
        let json = """
             \n{ "future" : {"a":[1,-2.5e+3,{"b":null}],"c":"\\ud83e\\udd8a"} ,\t"paths":null,"summary":null,
            "tree":"\(hex(2))","parent":null,"tags":["\\u00fc\\/"],"time":"2023-11-14T23:13:20.12+01:00", "hostname":null,"uid":null }\r\n
            """
        let snapshot = try SnapshotRecord.decode(Array(json.utf8))
        #expect(snapshot == SnapshotRecord(time: Self.time, tree: id(2), paths: [], tags: ["ü/"]))
    }

    @Test(
        "refuses snapshots that are none",
        arguments: [
            (#"{"time":"2023-11-14T23:13:20Z","paths":[]}"#, .malformed), (#"{"tree":null}"#, .malformed),
            ("", .truncated), ("null", .malformed),
            (#"{"tree":"00"}"#, .malformed), (#"{"time":"yesterday","tree":"ID"}"#, .malformed),
            (#"{"tree":"ID"}{}"#, .malformed),
            (#"{"tree":"ID","uid":-1}"#, .malformed), (#"{"tree":"ID","uid":4294967296}"#, .outOfRange),
            (#"{"tree":"ID","summary":{"data_blobs":9223372036854775808}}"#, .outOfRange),
            (#"{"tree":"ID","paths":"x"}"#, .malformed), (#"{"tree":"ID""#, .truncated),
        ] as [(String, ResticFormatError.Code)]
    )
    func refusesSnapshots(json: String, expected: ResticFormatError.Code) {
        let json = json.replacing("ID", with: hex(1))
        #expect(code { _ = try SnapshotRecord.decode(Array(json.utf8)) } == expected)
    }
}

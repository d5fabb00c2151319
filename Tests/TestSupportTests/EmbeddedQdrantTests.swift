import Foundation
import Testing

@testable import TestSupport

/// The launcher, against a stand-in that listens and writes down how it was called.
@Suite(
    "The embedded Qdrant's launcher",
    .timeLimit(.minutes(2)),
    .enabled(if: Program.find("python3") != nil, "the stand-in is written in Python")
)
struct EmbeddedQdrantTests {
    private static let standIn = """
        import os, signal, socket, sys, time
        value = lambda name: sys.argv[sys.argv.index(name) + 1]
        mode = sys.argv[1]
        print("arguments", " ".join(sys.argv[2:]), flush=True)
        print("variables", os.environ["PYTHONPATH"], file=sys.stderr, flush=True)
        if mode == "dies":
            sys.exit("no engine here")
        if mode == "hangs":
            time.sleep(100)
        if mode == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((value("--host"), int(value("--port"))))
        server.listen()
        with open(os.path.join(value("--storage"), "starts"), "a") as starts:
            starts.write("x")
        with open(value("--port-file") + ".new", "w") as file:
            file.write(f"{server.getsockname()[1]}\\n")
        os.rename(value("--port-file") + ".new", value("--port-file"))
        while True:
            client, _ = server.accept()
            client.sendall(b"hello")
            client.close()
        """

    private func options(_ mode: String, in folder: TemporaryDirectory) throws -> EmbeddedQdrant.Options {
        let script = folder.path("stand-in.py")
        try Data(Self.standIn.utf8).write(to: URL(fileURLWithPath: script))
        var options = EmbeddedQdrant.Options(apiKey: "secret", enablesFaults: true, arguments: ["--more"])
        options.command = [try #require(Program.find("python3")).path, script, mode]
        if mode == "stubborn" { options.stopLimit = .milliseconds(100) }
        return options
    }

    /// What the server says to whoever connects.
    private func greeting(of server: EmbeddedQdrant) async throws -> String {
        let script = "import socket; print(socket.create_connection(('127.0.0.1', \(server.port))).recv(9).decode())"
        return try await #require(Program.find("python3")).run(["-c", script]).text
    }

    @Test("starts it as agreed, waits until it listens, and stops it")
    func starts() async throws {
        try await TemporaryDirectory.with { folder in
            let server = try await withEmbeddedQdrant(options("works", in: folder)) { server in
                #expect(server.baseURL == "http://127.0.0.1:\(server.port)")
                let greeting = try await greeting(of: server)
                #expect(greeting == "hello\n")
                #expect(server.isRunning)
                return server
            }
            let words = server.log.split(whereSeparator: \.isWhitespace).map(String.init)
            for pair in [
                ["--storage", server.storagePath], ["--host", "127.0.0.1"], ["--port", "0"],
                ["--api-key", "secret"], ["--enable-faults", "--parent-pid"],
                ["--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)"],
                ["variables", "\(PackageRoot.path)/Embedded/qdrant-edge"],
            ] { #expect(words.contains(pair), "\(pair)") }
            #expect(words.contains("--more"))
            #expect(!server.isRunning)
            #expect(!FileManager.default.fileExists(atPath: server.storagePath))
        }
    }

    @Test("starts it again on the same data and port, after a kill and after a stop")
    func restarts() async throws {
        try await TemporaryDirectory.with { folder in
            let server = try await withEmbeddedQdrant(options("works", in: folder)) { server in
                let port = server.port
                await server.kill()
                #expect(!server.isRunning)
                try await server.restart()
                #expect(server.port == port && server.isRunning)
                let greeting = try await greeting(of: server)
                #expect(greeting == "hello\n")
                await server.stop()
                await server.stop()
                try await server.restart()
                try await server.restart()
                #expect(server.port == port && server.isRunning)
                let starts = try String(contentsOfFile: "\(server.storagePath)/starts", encoding: .utf8)
                #expect(starts == "xxxx")
                return server
            }
            #expect(server.log.components(separatedBy: "arguments").count == 5)
        }
    }

    @Test("shows what a server printed that ended while it started")
    func dies() async throws {
        try await TemporaryDirectory.with { folder in
            do {
                try await withEmbeddedQdrant(options("dies", in: folder)) { _ in Issue.record("it started") }
            } catch let failure as Program.Failure {
                #expect(failure.description.contains("ended while it started"))
                #expect(failure.description.contains("no engine here"))
            }
        }
    }

    @Test("gives up on a server that does not listen in time, and ends it")
    func hangs() async throws {
        try await TemporaryDirectory.with { folder in
            var options = try options("hangs", in: folder)
            options.startLimit = .milliseconds(300)
            await #expect(throws: Program.Failure.self) {
                try await withEmbeddedQdrant(options) { _ in Issue.record("it started") }
            }
        }
    }

    @Test("kills a server that does not end when asked to")
    func stubborn() async throws {
        try await TemporaryDirectory.with { folder in
            let server = try await withEmbeddedQdrant(options("stubborn", in: folder)) { $0 }
            #expect(!server.isRunning)
        }
    }

    @Test("stops it when the test throws")
    func throwing() async throws {
        struct Mine: Error {}
        try await TemporaryDirectory.with { folder in
            var seen: EmbeddedQdrant?
            await #expect(throws: Mine.self) {
                try await withEmbeddedQdrant(options("works", in: folder)) { server in
                    seen = server
                    throw Mine()
                }
            }
            #expect(seen?.isRunning == false)
        }
    }
}

@Suite(
    "The embedded Qdrant itself",
    .timeLimit(.minutes(2)),
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "\(EmbeddedQdrant.reasonForAbsence ?? "")")
)
struct EmbeddedQdrantProgramTests {
    /// Asks the server for its collections, and returns the status.
    private func status(of server: EmbeddedQdrant, apiKey: String) async throws -> String {
        let script = """
            import sys, urllib.error, urllib.request
            request = urllib.request.Request(sys.argv[1] + "/collections", headers={"api-key": sys.argv[2]})
            try:
                print(urllib.request.urlopen(request).status)
            except urllib.error.HTTPError as error:
                print(error.code)
            """
        let python = try #require(Program.find("python3"))
        return try await python.run(["-c", script, server.baseURL, apiKey]).text
    }

    @Test(
        "answers as soon as it is started, with its key only, and again after a kill",
        .enabled(if: Program.find("python3") != nil)
    )
    func answers() async throws {
        try await withEmbeddedQdrant(EmbeddedQdrant.Options(apiKey: "right", enablesFaults: true)) { server in
            let answers = [
                try await status(of: server, apiKey: "right"), try await status(of: server, apiKey: "wrong"),
            ]
            #expect(answers == ["200\n", "401\n"] || answers == ["200\n", "403\n"])
            await server.kill()
            try await server.restart()
            let answer = try await status(of: server, apiKey: "right")
            #expect(answer == "200\n", "\(server.log)")
        }
    }
}

extension Array where Element == String {
    /// Whether `part` stands in here, one after the other.
    fileprivate func contains(_ part: [String]) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}

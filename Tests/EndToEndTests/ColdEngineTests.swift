import Foundation
import TestSupport
import Testing

@Suite(
    "The cold route around a container engine that does not do as it is told",
    .enabled(if: Program.find("python3") != nil, "python3 is not installed"),
    .timeLimit(.minutes(5))
)
struct ColdEngineTests {
    /// The API of an engine with one running container: appends the calls that change something to `calls`, refuses to start when there
    /// is a file `refuse`, and sends SIGHUP to who tells it to stop when there is a file `hangup`.
    private static let engine = """
        import http.server, json, os, signal, socket, socketserver, struct, sys, threading, time
        folder, parent = sys.argv[1], os.getppid()
        def end_with_parent():
            while os.getppid() == parent: time.sleep(0.25)
            os._exit(0)
        threading.Thread(target=end_with_parent, daemon=True).start()
        running = [True]
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def reply(self, status, value=None):
                body = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                if status not in (204, 304): self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                if self.path == "/version": return self.reply(200, {"ApiVersion": "1.41", "MinAPIVersion": "1.24"})
                self.reply(200, {"Id": "2c43", "Name": "/qdrant", "State": {"Status": "x", "Running": running[0], "Paused": False,
                    "Restarting": False, "ExitCode": 0}, "HostConfig": {"AutoRemove": False}, "Config": {"Image": "i"},
                    "Mounts": [{"Type": "bind", "Name": "", "Source": folder + "/storage", "Destination": "/s", "RW": True}]})
            def do_POST(self):
                call = self.path.split("?")[0].split("/")[-1]
                with open(folder + "/calls", "a") as calls: calls.write(call + "\\n")
                if call == "start" and os.path.exists(folder + "/refuse"): return self.reply(500, {"message": "cannot start"})
                running[0] = call == "start"
                if call == "stop" and os.path.exists(folder + "/hangup"):
                    peer = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                    os.kill(struct.unpack("3i", peer)[0], signal.SIGHUP)
                self.reply(204)
        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            def get_request(self):
                request, _ = super().get_request()
                return request, ("local", 0)
        Server(folder + "/engine.sock", Handler).serve_forever()
        """

    private func withEngine(_ body: (HoldfastProgram) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            let python = try #require(Program.find("python3"))
            let child = Process()
            child.executableURL = URL(filePath: python.path)
            child.arguments = ["-c", Self.engine, folder.path]
            try child.run()
            // Not asked to end: a program that is started on a thread of the dispatcher inherits its blocked signals.
            defer { kill(child.processIdentifier, SIGKILL) }
            while !FileManager.default.fileExists(atPath: folder.path("engine.sock")), child.isRunning {
                try await Task.sleep(for: .milliseconds(50))
            }
            try holdfast.write("{}", to: "storage/collections/book/config.json")
            try holdfast.write("text", to: "docs/a.txt")
            try holdfast.write(
                """
                version: 1
                repository: {location: repo, password: env:HOLDFAST_PASSWORD}
                system: test
                qdrant:
                  url: http://127.0.0.1:9
                  cold: {storage: storage, stop_container: qdrant, container_socket: \(folder.path("engine.sock")), start_within: 1s}
                documents: [{name: docs, path: docs}]
                """,
                to: "holdfast.yaml"
            )
            try await holdfast.run("init")
            try await body(holdfast)
        }
    }

    private func calls(_ holdfast: HoldfastProgram) throws -> [String] {
        try String(contentsOfFile: holdfast.folder.path("calls"), encoding: .utf8).split(separator: "\n").map(
            String.init
        )
    }

    @Test("a restore after which the container does not run is not verified, and says what it left out")
    func startFails() async throws {
        try await withEngine { holdfast in
            // The server does not answer in time: that is all that is wrong.
            try await holdfast.run("backup", expecting: 3)
            try holdfast.write("", to: "refuse")
            try FileManager.default.removeItem(atPath: holdfast.folder.path("docs"))
            let restored = try await holdfast.json("restore", "--in-place", "--yes")
            #expect(restored["verdict"] as? String == "failed", "\(restored)")
            #expect(restored["notRestored"] as? [String] == ["documents"])
            let storage = try #require(restored["storage"] as? [String: Any])
            #expect(storage["verdict"] as? String == "failed" && storage["failure"] != nil)

            // The next backup needs it to run; the next restore does not, and says so.
            try await holdfast.run("backup", expecting: 1)
            let warned = try await holdfast.run("restore", "--only", "documents")
            #expect(warned.errorText.contains("warning: the container 'qdrant' was stopped"), "\(warned)")
        }
    }

    @Test("a run whose terminal is closed while the container is stopped starts it again")
    func hangUp() async throws {
        try await withEngine { holdfast in
            try holdfast.write("", to: "hangup")
            try await holdfast.run("backup", expecting: 130)
            #expect(try calls(holdfast) == ["stop", "start"])
        }
    }

    @Test("a rehearsed restore is refused as the restore is, and promises nothing before")
    func rehearsed() async throws {
        try await withEngine { holdfast in
            try await holdfast.run("backup", expecting: 3)
            let refused = try await holdfast.run("restore", "--only", "qdrant", "--dry-run", expecting: 14)
            #expect(!refused.text.contains("put aside"), "\(refused)")
            let meant = try await holdfast.run("restore", "--only", "qdrant", "--in-place", "--dry-run")
            #expect(meant.text.contains("put aside"), "\(meant)")
        }
    }
}

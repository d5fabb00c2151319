internal import Foundation
internal import Recovery

/// An S3 server for `demo --s3`: `rclone serve s3` over a folder. It also stops by itself when this process is gone.
actor DemoObjectStore {
    static let bucket = "backups"

    nonisolated let url: String
    /// The variables with its credentials, as `holdfast` and `restic` read them.
    nonisolated let environment: [String: String]
    private let places: DemoPlaces
    private let rclone: String
    private let folder: String
    private let run: String
    private let port: Int
    private let credentials: String
    private var process: Process?

    /// - Parameters:
    ///   - folder: where the bucket lies.
    ///   - run: where its log goes.
    init(_ places: DemoPlaces, folder: String, run: String) throws {
        self.places = places
        self.folder = folder
        self.run = run
        rclone = try places.tool("rclone", besidePython: true)
        port = try FreePort.find()
        url = "http://127.0.0.1:\(port)"
        let (id, secret) = ("demo" + DemoSafe.secret().prefix(12), DemoSafe.secret())
        // In quotes: the variable is a line of such pairs, separated by commas.
        credentials = "\"\(id),\(secret)\""
        environment = [
            "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1",
        ]
    }

    /// Makes the bucket, starts the server and waits until it listens.
    func start() async throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/\(Self.bucket)",
            withIntermediateDirectories: true
        )
        let (portFile, log, scratch) = (run + "/s3.port", run + "/s3.log", run + "/s3")
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: places.python)
        process.arguments = [
            places.objectServers + "/serve_rclone.py", rclone, folder, scratch, "\(port)", portFile,
            "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["RCLONE_AUTH_KEY": credentials]) {
            _,
            new in new
        }
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.runWithAllSignals()
        self.process = process
        for _ in 0..<600 {
            if FileManager.default.fileExists(atPath: portFile) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        await stop()
        let tail = (try? String(contentsOfFile: log, encoding: .utf8))?.suffix(600) ?? ""
        throw RecoveryError(
            .notConfigured,
            "the S3 server did not start: \(tail)",
            hint: "Run 'scripts/setup --s3' to install rclone."
        )
    }

    /// Stops it and waits for its end.
    func stop() async {
        guard let process else { return }
        self.process = nil
        process.terminate()
        for round in 0..<100 where process.isRunning {
            if round == 60 { kill(process.processIdentifier, SIGKILL) }
            if (try? await Task.sleep(for: .milliseconds(50))) == nil { kill(process.processIdentifier, SIGKILL) }
        }
    }
}

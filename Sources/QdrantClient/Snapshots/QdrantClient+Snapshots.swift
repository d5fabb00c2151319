internal import NIOHTTP1

extension QdrantClient {
    /// Lists stored snapshots, in no particular order.
    public func snapshots(of owner: SnapshotOwner) async throws -> [SnapshotDescription] {
        let request = APIRequest(.GET, owner.path + ["snapshots"], .snapshots(of: owner), "list", repeatability: .read)
        return try await call(request) { (scanner) throws(JSONError) in
            var list: [SnapshotDescription] = []
            try scanner.array { (scanner) throws(JSONError) in
                list.append(try SnapshotDescription(try scanner.objectValue()))
            }
            return list
        }
    }

    /// Makes a stored snapshot and waits until it is there, up to ``QdrantTimeouts/longOperation``.
    ///
    /// Never repeated: when this fails for lack of an answer the server goes on, so look at the list and at
    /// ``QdrantMetrics/runningSnapshotCreations`` before making another.
    public func createSnapshot(of owner: SnapshotOwner) async throws -> SnapshotDescription {
        let request = creation(of: owner, patience: .long).with(query: "wait", true)
        return try await call(request) { (scanner) throws(JSONError) in
            try SnapshotDescription(try scanner.objectValue())
        }
    }

    /// Starts making a stored snapshot and returns at once.
    ///
    /// The server tells nobody how it ends: compare the list before and after. A failure is only in its log.
    public func startSnapshot(of owner: SnapshotOwner) async throws {
        _ = try await text(creation(of: owner, patience: .ordinary).with(query: "wait", false))
    }

    private func creation(of owner: SnapshotOwner, patience: APIRequest.Patience) -> APIRequest {
        APIRequest(
            .POST,
            owner.path + ["snapshots"],
            .snapshots(of: owner),
            "add to",
            repeatability: .never,
            patience: patience
        )
    }

    /// Deletes a stored snapshot.
    ///
    /// - Returns: what the server says, `true`.
    /// - Throws: `notFound` when there is none of that name.
    @discardableResult
    public func deleteSnapshot(_ name: String, of owner: SnapshotOwner) async throws -> Bool {
        let request = APIRequest(
            .DELETE,
            owner.path + ["snapshots", name],
            .snapshot(name, of: owner),
            "delete",
            repeatability: .write
        )
        return try await call(request.with(query: "wait", true)).boolValue ?? false
    }

    /// Lets the server fetch an archive and restore it.
    ///
    /// - Parameters:
    ///   - checksum: SHA-256 of the archive in hexadecimal, which the server compares before it changes anything.
    ///   - waits: whether to wait for the end, up to ``QdrantTimeouts/longOperation``; otherwise nobody is told of a failure.
    public func recover(
        _ target: RestoreTarget,
        from location: SnapshotLocation,
        priority: SnapshotPriority = .snapshot,
        checksum: String? = nil,
        waits: Bool = true
    ) async throws {
        var body: JSONObject = ["location": .string(location.location), "priority": .string(priority.rawValue)]
        body["checksum"] = checksum.map { .string($0) }
        body["api_key"] = location.apiKey.map { .string($0.exposed) }
        let request = try APIRequest(
            .PUT,
            target.owner.path + ["snapshots", "recover"],
            target.object,
            "recover",
            repeatability: .write,
            patience: .long
        ).with(query: "wait", waits).with(body: body)
        _ = try await text(request)
    }
}

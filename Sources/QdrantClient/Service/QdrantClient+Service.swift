internal import NIOHTTP1

extension QdrantClient {
    /// Which program and version answers. Needs no key.
    public func serverInfo() async throws -> ServerInfo {
        let request = APIRequest(.GET, [], .service, "read the version of", repeatability: .read)
        let bytes = try await retrying(request) { try await collect(try await send(request), request) }
        do {
            return try ServerInfo(try JSONValue(reading: bytes).asObject())
        } catch {
            throw unexpected(request, "\(error)", cause: error)
        }
    }

    /// Whether the server's process answers (`/healthz`). Needs no key.
    ///
    /// - Throws: ``QdrantError`` when nobody answers at all.
    public func isHealthy() async throws -> Bool { try await answersOK("healthz") }

    /// Whether the server's process answers (`/livez`). Needs no key.
    ///
    /// - Throws: ``QdrantError`` when nobody answers at all.
    public func isLive() async throws -> Bool { try await answersOK("livez") }

    /// Whether all shards of the node can be used (`/readyz`). Needs no key.
    ///
    /// - Throws: ``QdrantError`` when nobody answers at all.
    public func isReady() async throws -> Bool { try await answersOK("readyz") }

    private func answersOK(_ path: String) async throws -> Bool {
        do {
            // Asked once: "not now" is the answer here, not a reason to ask again.
            _ = try await text(APIRequest(.GET, [path], .service, "check", repeatability: .never))
            return true
        } catch let error as QdrantError where error.status == 503 {
            return false
        }
    }

    /// The server's metrics.
    public func metrics() async throws -> QdrantMetrics {
        QdrantMetrics(
            try await text(APIRequest(.GET, ["metrics"], .service, "read the metrics of", repeatability: .read))
        )
    }

    /// The server's telemetry, whole.
    ///
    /// - Parameter detailsLevel: 0 (little) to 10.
    public func telemetry(detailsLevel: Int = 0) async throws -> JSONObject {
        let request = APIRequest(.GET, ["telemetry"], .service, "read the telemetry of", repeatability: .read)
            .with(query: "details_level", detailsLevel)
        return try await call(request) { (scanner) throws(JSONError) in try scanner.objectValue() }
    }

    /// The cluster as this node sees it.
    public func cluster() async throws -> ClusterInfo {
        let request = APIRequest(.GET, ["cluster"], .service, "read the cluster of", repeatability: .read)
        return try await call(request) { (scanner) throws(JSONError) in try ClusterInfo(try scanner.objectValue()) }
    }
}

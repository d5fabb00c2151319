import TestSupport

extension Exchange {
    /// Sends a result in Qdrant's envelope.
    func respond(result: String) async throws {
        try await respond(
            200,
            #"{"result":\#(result),"status":"ok","time":0.001}"#,
            headers: [("Content-Type", "application/json")]
        )
    }

    /// Sends an error in Qdrant's envelope.
    func refuse(_ status: Int, _ text: String, headers: [(String, String)] = []) async throws {
        try await respond(status, #"{"status":{"error":"\#(text)"},"time":0.001}"#, headers: headers)
    }
}

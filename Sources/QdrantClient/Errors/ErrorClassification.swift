/// An error answer of the server, taken apart.
///
/// Source: Qdrant 1.19.0, `src/actix/helpers.rs` and `lib/storage/src/content_manager/errors.rs`.
struct ErrorAnswer: Sendable, Equatable {
    /// What it means.
    var code: QdrantError.Code
    /// The server's text on one line, shortened.
    var text: String?

    /// The longest text that is kept, in characters.
    static let longestText = 500

    /// Classifies an answer whose status is not a success.
    ///
    /// - Parameter body: its beginning; anything that is not Qdrant's envelope is taken as text.
    init(status: Int, body: [UInt8]) {
        let envelope = try? JSONValue(reading: body)
        let statusField = envelope?["status"]
        if let word = statusField?.stringValue, word == "already_in_progress" {
            self.init(code: .alreadyInProgress, text: word)
            return
        }
        let envelopeText = statusField?["error"]?.stringValue
        let text = Self.shortened(envelopeText ?? String(decoding: body, as: UTF8.self))
        self.init(code: Self.code(status: status, text: text ?? "", hasEnvelope: envelopeText != nil), text: text)
    }

    init(code: QdrantError.Code, text: String?) {
        self.code = code
        self.text = text
    }

    private static func code(status: Int, text: String, hasEnvelope: Bool) -> QdrantError.Code {
        switch status {
        case 400:
            if text.hasPrefix("Format error") { return .malformedRequest }
            if text.contains("larger than allowed") { return .requestTooLarge }
            return text.lowercased().contains("checksum") ? .checksumMismatch : .badRequest
        case 401: return .unauthenticated
        case 403:
            if text.hasPrefix("Storage locked") { return .storageLocked }
            // The key check answers in plain text, the rights check in the envelope.
            return hasEnvelope ? .forbidden : .unauthenticated
        case 404: return .notFound
        case 405: return .clusterDisabled
        case 408: return .serverTimeout
        case 409: return .alreadyExists
        case 412: return .changedMeanwhile
        case 413: return .requestTooLarge
        case 416: return .rangeNotHonoured
        case 422: return .invalidValue
        case 429: return .rateLimited
        case 502, 504: return .gatewayFailure
        case 503: return .temporarilyUnavailable
        case 507: return .insufficientStorage
        case 500...599: return .serverInternal
        case 400...499: return .badRequest
        default: return .unexpectedResponse
        }
    }

    /// One line of at most ``longestText`` characters, without control characters.
    static func shortened(_ text: String) -> String? {
        let words = text.unicodeScalars.split { $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F }
        let line = words.map { String($0) }.joined(separator: " ")
        guard !line.isEmpty else { return nil }
        return line.count <= longestText ? line : line.prefix(longestText) + "…"
    }
}

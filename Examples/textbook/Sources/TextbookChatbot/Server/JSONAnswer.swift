internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import QdrantClient

extension Response {
    /// An answer of JSON.
    static func json(_ object: JSONObject, status: Int = 200, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        // Only a number that is not finite cannot be written, and no answer holds one.
        let body = (try? object.written()) ?? ByteBuffer(string: "{}")
        return Response(status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// The JSON of a failure: `{"error": {"code": …, "message": …, "hint": …}}`.
    static func failure(_ error: ChatbotError) -> Response {
        var headers: HTTPFields = [:]
        switch error.code {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer realm=\"textbook\""
        case .ingestRunning: headers[.retryAfter] = "2"
        default: break
        }
        return .json(["error": .object(error.json)], status: error.code.status, headers: headers)
    }
}

extension ChatbotError {
    /// Code, message and hint.
    var json: JSONObject {
        var json: JSONObject = ["code": .string(code.description), "message": .string(message)]
        json["hint"] = hint.map { .string($0) }
        return json
    }
}

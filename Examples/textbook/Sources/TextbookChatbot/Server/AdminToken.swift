internal import Crypto
internal import HTTPTypes
internal import Hummingbird
internal import QdrantClient

/// Compares what a request carries with the admin token.
enum AdminToken {
    /// Makes sure that a request carries the token as `Authorization: Bearer …`.
    ///
    /// Digests are compared in place of the texts, and swift-crypto compares digests in constant time: how long it takes tells
    /// neither how many characters were right nor how many there are.
    static func check(_ request: Request, _ expected: Secret) throws(ChatbotError) {
        let header = request.headers[.authorization] ?? ""
        let scheme = "bearer "
        let given = header.lowercased().hasPrefix(scheme) ? header.dropFirst(scheme.count) : ""
        guard SHA256.hash(data: Array(given.utf8)) == SHA256.hash(data: Array(expected.exposed.utf8)) else {
            throw ChatbotError(
                .unauthorized,
                "the admin token is missing or wrong",
                hint: "Send 'Authorization: Bearer' with the ADMIN_TOKEN of the settings."
            )
        }
    }
}

/// What went wrong while keys were derived or data was sealed or opened. Never holds a key, a password or data.
public struct ResticCryptoError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case unauthenticated, truncated, wrongPassword, invalidKey, unsupportedKeyDerivation, parametersOutOfRange,
                invalidBuffer,
                libraryFailure
        }
        private let base: Base

        /// The MAC does not belong to the data under this key: the data was damaged or forged, or the key is another.
        public static let unauthenticated = Code(base: .unauthenticated)
        /// The data is shorter than a nonce and a MAC.
        public static let truncated = Code(base: .truncated)
        /// The password does not open this key file.
        public static let wrongPassword = Code(base: .wrongPassword)
        /// A key is not of the right form, or all zeros.
        public static let invalidKey = Code(base: .invalidKey)
        /// A key file asks for another derivation than scrypt.
        public static let unsupportedKeyDerivation = Code(base: .unsupportedKeyDerivation)
        /// The parameters of the derivation are impossible, or would take more memory or time than is granted.
        public static let parametersOutOfRange = Code(base: .parametersOutOfRange)
        /// A buffer has no room for the result, or overlaps the input in a way that cannot work.
        public static let invalidBuffer = Code(base: .invalidBuffer)
        /// libcrypto refused; it is built without the algorithm, or out of memory or random bytes.
        public static let libraryFailure = Code(base: .libraryFailure)

        /// The name of the code.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// The failure below, kept as it came.
    public var cause: (any Error)?

    /// Makes an error; see the properties.
    public init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension ResticCryptoError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}

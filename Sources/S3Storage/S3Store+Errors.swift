internal import ObjectStorage
internal import S3Client

extension S3Store {
    /// Runs `body` and gives its failures the store's words.
    func translating<Answer>(_ action: String, _ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch {
            throw translated(error, action)
        }
    }

    /// What a refused action takes, in the words of IAM (Service Authorization Reference, "Actions defined by Amazon S3").
    private static func missingRight(for action: String) -> String {
        let right =
            switch action {
            case _ where action.hasPrefix("store") && action.hasSuffix("with a retention"):
                "s3:PutObject and s3:PutObjectRetention"
            case _ where action.hasPrefix("store"): "s3:PutObject (with object lock s3:PutObjectRetention too)"
            case _ where action.hasPrefix("read"): "s3:GetObject"
            case _ where action.hasPrefix("look up the retention"): "s3:GetObject and s3:GetObjectRetention"
            case _ where action.hasPrefix("look up"): "s3:GetObject and, for what is missing, s3:ListBucket"
            case _ where action.hasPrefix("list the versions"): "s3:ListBucketVersions"
            case _ where action.hasPrefix("list"): "s3:ListBucket"
            case _ where action.hasPrefix("extend"): "s3:PutObjectRetention"
            case _ where action.hasPrefix("remove the versions"): "s3:DeleteObjectVersion"
            case _ where action.hasPrefix("delete"): "s3:DeleteObject"
            default: "that is asked for"
            }
        return
            "It takes the right \(right). 'holdfast doctor --storage' shows what this identity may do, and what each role needs."
    }

    func translated(_ error: any Error, _ action: String) -> any Error {
        guard let error = error as? S3Error else { return error }
        return ObjectStoreError(
            error.storeCode,
            "cannot \(action) in \(location): \(error.reason)",
            hint: error.code == .accessDenied ? Self.missingRight(for: action) : error.hint,
            retryAfter: error.retryAfter,
            cause: error
        )
    }
}

extension S3Error {
    /// What the failure means for a store.
    var storeCode: ObjectStoreError.Code {
        switch code {
        case .noSuchKey, .noSuchVersion, .noSuchUpload: .notFound
        case .preconditionFailed: .alreadyExists
        case .noSuchBucket: .locationMissing
        case .accessDenied, .invalidCredentials, .signatureMismatch, .expiredCredentials, .noCredentials,
            .objectArchived:
            .permissionDenied
        case .wrongRegion, .invalidName, .invalidEndpoint, .invalidConfiguration: .locationInvalid
        case .invalidRange: .rangeNotSatisfiable
        case .insufficientStorage: .insufficientSpace
        // Too slow for the limit is too much at once, too.
        case .slowDown, .requestTimeout, .serverTimeout: .overloaded
        // 503 is how servers that have no word for it ask for less.
        case .serviceUnavailable where status == 503: .overloaded
        default: isRetryable ? .unavailable : .inputOutput
        }
    }

    /// The message without its beginning, which the store says in its own words.
    fileprivate var reason: String {
        guard message.hasPrefix("cannot "), let colon = message.firstRange(of: ": ") else { return description }
        var copy = self
        copy.message = String(message[colon.upperBound...])
        return copy.description
    }
}

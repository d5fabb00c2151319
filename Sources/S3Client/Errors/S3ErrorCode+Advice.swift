extension S3Error.Code {
    /// Whether the same call may succeed later without anybody changing anything; see ``S3Error/isRetryable``.
    var isRetryable: Bool {
        switch base {
        case .slowDown, .serviceUnavailable, .serverInternal, .serverTimeout, .gatewayFailure, .conflict,
            .connectionRefused, .nameNotResolved, .connectTimeout, .connectionFailed, .requestTimeout, .connectionLost,
            .truncatedBody, .badDigest, .checksumMismatch, .rangeNotHonoured, .unexpectedResponse:
            true
        default: false
        }
    }

    /// See ``S3Error/mayHaveTakenEffect``.
    var mayHaveTakenEffect: Bool {
        switch base {
        case .serverInternal, .serviceUnavailable, .gatewayFailure, .requestTimeout, .connectionLost, .truncatedBody,
            .unexpectedResponse, .responseTooLarge, .checksumMismatch:
            true
        default: false
        }
    }

    /// What an operator can do about this kind of failure.
    var hint: String {
        switch base {
        case .accessDenied:
            "Does the identity have the right in the bucket's and its own policy, and is the object under a lock?"
        case .invalidCredentials: "Check the access key, that it is enabled, and that it belongs to this service."
        case .signatureMismatch:
            "Check the secret key; a line break or blank at its end counts. Does a proxy rewrite the path or the headers?"
        case .expiredCredentials: "Get new temporary credentials, or name a provider that can refresh them."
        case .requestTimeTooSkewed: "Set this machine's clock; is time synchronisation running?"
        case .noSuchBucket:
            "Check the bucket's name, and that it is of this service and region; create it if it is new."
        case .noSuchKey: "Check the key; an identity without the right to list gets 'access denied' instead."
        case .noSuchUpload: "The upload was completed or aborted by somebody else; look whether the object is there."
        case .noSuchVersion: "Check the version's identifier."
        case .notConfigured: "Configure it on the bucket first; object lock is best chosen when the bucket is created."
        case .alreadyExists: "Choose another name."
        case .preconditionFailed: "The object exists already or was changed meanwhile; look at it."
        case .conflict: "Another writer works on the same object; try again."
        case .wrongRegion: "Give the bucket's region, and the endpoint that belongs to it."
        case .objectArchived: "Restore the object from its archive class first, then try again."
        case .invalidRange: "Is the object shorter than expected? It may be damaged."
        case .badDigest: "The body was damaged on its way; send it again."
        case .invalidPart: "Start the upload again; all parts but the last need 5 MiB or more."
        case .entityTooLarge: "Upload it in parts, or raise the proxy's body limit."
        case .invalidRequest: "The server's text says what it does not like; is it older than this client expects?"
        case .invalidName: "Use the names that the service allows: buckets of 3 to 63 letters, digits, '-' and '.'."
        case .notSupported: "Turn the feature off for this server."
        case .insufficientStorage: "Free space, or raise the quota."
        case .slowDown: "Run fewer requests at once."
        case .serviceUnavailable: "Wait; when it lasts, look at the service's status page or log."
        case .serverInternal: "Look at the server's log for the reason; a full disk is a frequent one."
        case .serverTimeout: "Is the line slow or congested? Run fewer uploads at once."
        case .gatewayFailure: "Look at the log of the proxy before the server."
        case .connectionRefused: "Is the server running, and does the URL name its port?"
        case .nameNotResolved:
            "Check the host name and this machine's name server; with virtual-host style the bucket is part of the name."
        case .connectTimeout: "Is the host up, and does a firewall let the connection through?"
        case .connectionFailed: "Check the network between this machine and the server."
        case .tlsFailed:
            "Is the server's certificate signed by the configured CA and valid for the host in the URL, and is TLS enabled there?"
        case .requestTimeout: "The server or the line is slow or stuck: run fewer requests at once, or raise the limit."
        case .connectionLost: "Did the server or a proxy restart or give up? What was sent may have taken effect."
        case .truncatedBody: "The server or a proxy ended the transfer early; its log names the reason."
        case .unexpectedResponse: "Does the URL lead to an S3 service, and not to a proxy's page or a console?"
        case .responseTooLarge: "Does the URL lead to an S3 service?"
        case .rangeNotHonoured: "Does a proxy or cache before the server ignore 'Range'?"
        case .checksumMismatch: "The object was damaged on its way or by the server; upload it again."
        case .sourceLengthMismatch: "The source changed while it was sent; nothing was stored."
        case .invalidArgument: "Correct the value that the message names."
        case .invalidEndpoint: "Correct the endpoint's configuration."
        case .noCredentials:
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws/credentials, or run where a role is attached."
        case .invalidConfiguration: "Correct the file or the answer that the message names."
        }
    }
}

public import S3Client
public import S3Storage

extension HoldfastConfiguration {
    /// How a repository in an S3 service is reached and used: the section `s3`.
    ///
    /// What is not said here is looked for where the tools of AWS, and restic, look: `AWS_ACCESS_KEY_ID` and its like, the files
    /// of `~/.aws`, and the roles of containers and machines.
    public struct S3: Sendable, Hashable {
        /// Where the access key's identifier is to be had; with ``secretAccessKey`` or not at all.
        public var accessKeyID: SecretReference?
        /// Where the secret key is to be had.
        public var secretAccessKey: SecretReference?
        /// Where the token of temporary keys is to be had.
        public var sessionToken: SecretReference?
        /// The profile of `~/.aws` to use.
        public var profile: String?
        /// The bucket's region; `nil` is what the environment or the profile says, else it is found out.
        public var region: String?
        /// How the bucket is named in URLs.
        public var style = S3AddressingStyle.automatic
        /// The absolute path of a PEM file with the only authorities to trust.
        public var caCertificate: String?
        /// The storage class of what is written.
        public var storageClass: String?
        /// How the server encrypts what it stores.
        public var encryption: S3ServerSideEncryption?
        /// The most requests at once.
        public var connections = S3StoreOptions().connections
        /// Whether the server refuses to replace an object.
        public var conditionalWrites = S3StoreOptions.ConditionalWrites.automatic
        /// How bodies are proved to arrive as they were sent.
        public var checksum = S3Checksum.sha256
        /// For how long what is written cannot be deleted.
        public var objectLock: S3StoreOptions.Retention?

        /// Everything by default.
        public init() {}

        /// How the store is to work.
        public var storeOptions: S3StoreOptions {
            S3StoreOptions(
                connections: connections,
                conditionalWrites: conditionalWrites,
                storageClass: storageClass,
                encryption: encryption,
                retention: objectLock
            )
        }

        var effective: EffectiveConfiguration.Value {
            .section([
                "access_key_id": .optional(accessKeyID.map { "\($0)" }),
                "secret_access_key": .optional(secretAccessKey.map { "\($0)" }),
                "session_token": .optional(sessionToken.map { "\($0)" }),
                "profile": .optional(profile), "region": .optional(region), "style": .text(style.rawValue),
                "ca_certificate": .optional(caCertificate), "storage_class": .optional(storageClass),
                "connections": .integer(connections), "conditional_writes": .text(conditionalWrites.rawValue),
                "checksum": .text(checksum.rawValue), "encryption": encryption.map { .text(Self.word(for: $0)) },
                "kms_key": .optional(kmsKey),
                "object_lock": objectLock.map { lock in
                    .section([
                        "mode": .text(lock.mode.rawValue.lowercased()),
                        "days": .integer(Int(lock.length / .seconds(86_400))),
                    ])
                },
            ])
        }

        private var kmsKey: String? { if case .kms(let keyID)? = encryption { keyID } else { nil } }

        private static func word(for encryption: S3ServerSideEncryption) -> String {
            switch encryption {
            case .s3: "s3"
            case .kms: "kms"
            }
        }
    }
}

// swift-tools-version: 6.2
import PackageDescription

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "holdfast",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "holdfast", targets: ["holdfast"]),
        .library(name: "QdrantClient", targets: ["QdrantClient"]),
        .library(name: "ResticRepository", targets: ["ResticRepository", "ObjectStorage", "LocalStorage"]),
        .library(name: "S3Client", targets: ["S3Client"]),
        .library(name: "TarArchive", targets: ["TarArchive"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),

        // For the example chatbot alone. async-http-client brings all but the first anyway. Without Hummingbird's default
        // traits: the chatbot reads its settings itself.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CZstd",
            pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]
        ),
        .systemLibrary(
            name: "CLibcrypto",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .systemLibrary(
            name: "CZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
        ),
        .systemLibrary(name: "CLinux"),

        .executableTarget(name: "holdfast", dependencies: ["Commands"]),
        .target(
            name: "Commands",
            dependencies: [
                "Locks", "CLinux", "Recovery", "QdrantCapture", "QdrantClient", "ResticRepository", "ResticFormat",
                "ResticCrypto",
                "ObjectStorage", "LocalStorage", "RcloneStorage", "S3Client", "S3Storage", "Sealing", "TarArchive",
                "TextbookExample", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                system,
            ] + nio
        ),
        .target(
            name: "Recovery",
            dependencies: [
                "QdrantCapture", "QdrantClient", "TarArchive", "ResticRepository", "ResticCrypto", "ResticFormat",
                "ObjectStorage", "LocalStorage", "RcloneStorage", "S3Client", "S3Storage", "Locks", "Sealing", "CZlib",
                crypto,
                logging,
                nio[0], nio[1],
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                system,
            ]
        ),
        .target(
            name: "QdrantCapture",
            dependencies: [
                "Locks", "QdrantClient", "TarArchive", "ResticRepository", "ResticFormat", "ResticCrypto", logging,
                nio[0],
            ]
        ),
        .target(
            name: "QdrantClient",
            dependencies: [
                "HTTPUpload", "Locks", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                logging,
            ] + nio
        ),
        .target(name: "HTTPUpload", dependencies: ["Locks", nio[0]]),
        .target(
            name: "S3Client",
            dependencies: [
                "HTTPUpload", "Locks", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "XMLCoder", package: "XMLCoder"),
                crypto, logging,
            ] + nio
        ),
        .target(
            name: "S3Storage",
            dependencies: [
                "Locks", "ObjectStorage", "S3Client",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                crypto, logging, nio[0],
            ]
        ),
        .target(name: "TarArchive", dependencies: [nio[0]]),
        .target(
            name: "ResticRepository",
            dependencies: [
                "Locks", "ObjectStorage", "Chunking", "ResticFormat", "ResticCrypto", "CLinux", "CZstd", crypto,
                logging,
            ] + nio
        ),
        .target(name: "ResticFormat"),
        .target(name: "ResticCrypto", dependencies: ["ResticFormat", "Scrypt", "CLibcrypto"]),
        .target(name: "Scrypt", dependencies: ["CLibcrypto"]),
        .target(
            name: "Sealing",
            dependencies: [
                "Locks", "Scrypt", "CLibcrypto", crypto, nio[0],
                .product(name: "Subprocess", package: "swift-subprocess"),
                system,
            ]
        ),
        .target(name: "Chunking"),
        .target(name: "Locks"),
        .target(name: "LocalStorage", dependencies: ["Locks", "ObjectStorage", "CLinux"] + nio),
        .target(
            name: "RcloneStorage",
            dependencies: [
                "Locks", "ObjectStorage", .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                system,
            ] + nio
        ),
        .target(name: "ObjectStorage", dependencies: ["Locks", logging, nio[0]]),
        .target(
            name: "TestSupport",
            dependencies: [
                "Locks", "ObjectStorage", .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio
        ),

        .target(
            name: "TextbookExample",
            dependencies: ["QdrantClient", crypto, nio[0]],
            path: "Examples/textbook/Sources/TextbookExample"
        ),
        .target(
            name: "TextbookChatbot",
            dependencies: [
                "Locks", "QdrantClient", "TextbookExample", crypto, logging, nio[0],
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/textbook/Sources/TextbookChatbot"
        ),
        .executableTarget(
            name: "textbook-chatbot",
            dependencies: [
                "TextbookChatbot", logging, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Examples/textbook/Sources/textbook-chatbot"
        ),

        // Measures the stages one by one, and makes the repository of a million blobs: see Benchmarks/README.md.
        .executableTarget(
            name: "StageBenchmarks",
            dependencies: [
                "ResticRepository", "ResticFormat", "ResticCrypto", "Chunking", "ObjectStorage", "LocalStorage",
                "TestSupport", "CycleCounter", "CZstd", nio[0],
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Stages"
        ),
        .systemLibrary(name: "CycleCounter", path: "Benchmarks/CycleCounter"),

        .testTarget(
            name: "TextbookExampleTests",
            dependencies: ["TextbookExample", "QdrantClient", "TestSupport", logging],
            path: "Examples/textbook/Tests/TextbookExampleTests"
        ),
        .testTarget(
            name: "TextbookChatbotTests",
            dependencies: [
                "TextbookChatbot", "TextbookExample", "textbook-chatbot", "QdrantClient", "Locks", "TestSupport",
                crypto,
                logging,
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ] + nio,
            path: "Examples/textbook/Tests/TextbookChatbotTests"
        ),
        .testTarget(name: "ChunkingTests", dependencies: ["Chunking", "TestSupport"]),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: [
                "Locks", "ObjectStorage", "LocalStorage", "RcloneStorage", "S3Client", "S3Storage", "TestSupport",
                logging,
            ] + nio
        ),
        .testTarget(
            name: "S3StorageTests",
            dependencies: [
                "Locks", "ObjectStorage", "S3Client", "S3Storage", "TestSupport", logging,
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio
        ),
        .testTarget(
            name: "LocalStorageTests",
            dependencies: ["Locks", "ObjectStorage", "LocalStorage", "TestSupport"] + nio
        ),
        .testTarget(
            name: "ResticCryptoTests",
            dependencies: ["ResticCrypto", "ResticFormat", "CLibcrypto", "CZstd", "TestSupport"]
        ),
        .testTarget(name: "ResticFormatTests", dependencies: ["ResticFormat", "TestSupport"]),
        .testTarget(
            name: "ResticRepositoryTests",
            dependencies: [
                "Locks", "ResticRepository", "LocalStorage", "TestSupport", "ResticCrypto", "ResticFormat", "CZstd",
                "ObjectStorage", "S3Client", "S3Storage", logging,
            ] + nio,
            exclude: ["Fixtures"]
        ),
        .testTarget(name: "SealingTests", dependencies: ["Locks", "Sealing", "TestSupport", crypto, nio[0]]),
        .testTarget(name: "TarArchiveTests", dependencies: ["TarArchive", "TestSupport", nio[0]]),
        .testTarget(name: "HTTPUploadTests", dependencies: ["HTTPUpload", "TestSupport"] + nio),
        .testTarget(
            name: "S3ClientTests",
            dependencies: [
                "Locks", "S3Client", "TestSupport", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio
        ),
        .testTarget(
            name: "QdrantClientTests",
            dependencies: [
                "Locks", "QdrantClient", "TestSupport", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio
        ),
        .testTarget(
            name: "QdrantCaptureTests",
            dependencies: [
                "Locks", "QdrantCapture", "QdrantClient", "TarArchive", "ResticRepository", "ResticFormat",
                "ResticCrypto",
                "LocalStorage",
                "TestSupport", logging,
            ] + nio
        ),
        .testTarget(
            name: "RecoveryTests",
            dependencies: [
                "Locks", "Recovery", "QdrantCapture", "QdrantClient", "ResticRepository", "ResticCrypto",
                "ResticFormat", "ObjectStorage", "LocalStorage",
                "Sealing", "S3Client", "S3Storage",
                "TestSupport", logging, .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "holdfast", "textbook-chatbot", "QdrantClient", "ResticRepository", "ResticFormat", "LocalStorage",
                "Locks", "ObjectStorage", "S3Client", "S3Storage", "Sealing", "TestSupport", logging, nio[0],
            ]
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Recovery", "QdrantCapture", "QdrantClient", "TarArchive", "ResticRepository", "ResticFormat",
                "ResticCrypto", "Sealing", "CZstd", "TestSupport", nio[0],
            ],
            exclude: ["Corpus"]
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Locks", "ResticRepository", "ResticCrypto", "ResticFormat", "ObjectStorage", "TestSupport", nio[0],
            ]
        ),
        .testTarget(
            name: "TestSupportTests",
            dependencies: [
                "Locks", "TestSupport", "ObjectStorage", .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio
        ),
    ]
)

// One settings block for all Swift targets.
for target in package.targets where target.type != .system {
    var settings = target.swiftSettings ?? []
    settings.append(contentsOf: [
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        .enableUpcomingFeature("ExistentialAny"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
        .enableUpcomingFeature("InternalImportsByDefault"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
        .enableUpcomingFeature("MemberImportVisibility"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ])
    target.swiftSettings = settings
}

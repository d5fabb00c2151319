import Crypto
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Sealing

/// The code of the error that `body` throws; `nil` when it throws none, or one of another type.
func code(_ body: () async throws -> Void) async -> SealingError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? SealingError)?.code
    }
}

/// A stream of pieces.
func stream(_ bytes: [UInt8], by size: Int = 10_007) -> AsyncStream<ByteBuffer> {
    AsyncStream { continuation in
        for start in stride(from: 0, to: bytes.count, by: size) {
            continuation.yield(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        }
        continuation.finish()
    }
}

/// All bytes of a stream.
func collect(_ stream: SealingBytes) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await buffer in stream {
        #expect(buffer.readableBytes > 0)
        bytes += buffer.readableBytesView
    }
    return bytes
}

func seal(
    _ plain: [UInt8],
    to recipients: SealingRecipients,
    armored: Bool = false,
    by size: Int = 10_007
) async throws -> [UInt8] {
    try await Sealer(to: recipients, armored: armored).withSealed(stream(plain, by: size)) { try await collect($0) }
}

func open(
    _ sealed: [UInt8],
    with identities: SealingIdentities,
    by size: Int = 10_007
) async throws -> [UInt8] {
    try await Unsealer(with: identities).withOpened(stream(sealed, by: size)) { try await collect($0) }
}

func open(_ sealed: [UInt8], with identity: AgeIdentity, by size: Int = 10_007) async throws -> [UInt8] {
    try await open(sealed, with: SealingIdentities(age: AgeIdentities(keys: [identity])), by: size)
}

/// Opens piece by piece.
///
/// - Returns: what came out, and the code of the error that ended it.
func openPiecewise(
    _ sealed: [UInt8],
    with identities: AgeIdentities,
    by size: Int = 4096,
    limits: AgeLimits = AgeLimits()
) -> (plain: [UInt8], code: SealingError.Code?) {
    var unsealer = AgeUnsealer(with: identities, limits: limits)
    var plain: [UInt8] = []
    do throws(SealingError) {
        for start in stride(from: 0, to: sealed.count, by: size) {
            plain += try unsealer.open(ByteBuffer(bytes: sealed[start..<min(start + size, sealed.count)]))
                .readableBytesView
        }
        plain += try unsealer.finish().readableBytesView
        return (plain, nil)
    } catch {
        return (plain, error.code)
    }
}

/// The sizes at which chunks begin and end.
let interestingSizes = [0, 1, 15, 16, 65_535, 65_536, 65_537, 131_072, 131_073, 3_333_333]

extension Program {
    static let age = Program.find("age")
    static let ageKeygen = Program.find("age-keygen")
    static let gpg = Program.find("gpg")
    static let gpgconf = Program.find("gpgconf")
}

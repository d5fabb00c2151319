import Testing

@testable import ResticCrypto

/// The bytes of hexadecimal digits; blanks are for the reader.
func hex(_ digits: String) -> [UInt8] {
    let digits = digits.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
}

extension MasterKey {
    init(encryption: [UInt8], k: [UInt8], r: [UInt8]) throws {
        let bytes = encryption + k + r
        self = try bytes.withUnsafeBytes { bytes in Result { () throws(ResticCryptoError) in try MasterKey(bytes) } }
            .get()
    }

    /// A key for tests in which it does not matter which.
    static func sample() throws -> MasterKey {
        try MasterKey(encryption: Array(1...32), k: Array(33...48), r: Array(49...64))
    }
}

extension SealingContext {
    func seal(_ plaintext: [UInt8]) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: plaintext.count + Self.overhead)
        let length = try plaintext.withUnsafeBytes { plaintext in
            try output.withUnsafeMutableBytes { output in try seal(plaintext, into: output) }
        }
        #expect(length == output.count)
        return output
    }

    func open(_ sealed: [UInt8]) throws -> [UInt8] {
        var output = [UInt8](repeating: 0xEE, count: max(0, sealed.count - Self.overhead))
        let length = try sealed.withUnsafeBytes { sealed in
            try output.withUnsafeMutableBytes { output in try open(sealed, into: output) }
        }
        #expect(length == output.count)
        return output
    }
}

/// The code of the error that `body` throws, if it throws one of ours.
func code(_ body: () throws -> Void) -> ResticCryptoError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ResticCryptoError)?.code
    }
}

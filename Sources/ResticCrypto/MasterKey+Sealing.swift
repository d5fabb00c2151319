internal import ResticFormat

extension MasterKey {
    /// The key's JSON, sealed with a key derived from a password: what ``/ResticFormat/KeyFile/data`` holds.
    ///
    /// - Throws: `libraryFailure`.
    public func sealed(with userKey: MasterKey) throws(ResticCryptoError) -> [UInt8] {
        let context = try SealingContext(key: userKey)
        var json = encodeJSON()
        defer { json.wipe() }
        var sealed = [UInt8](repeating: 0, count: json.count + SealingContext.overhead)
        let result = json.withUnsafeBytes { json in
            sealed.withUnsafeMutableBytes { output in
                Result { () throws(ResticCryptoError) in try context.seal(json, into: output) }
            }
        }
        _ = try result.get()
        return sealed
    }

    /// Opens what ``sealed(with:)`` has sealed.
    ///
    /// - Throws: `unauthenticated` when it was sealed with another key; `truncated`; `invalidKey` when there is no
    ///   valid key in it.
    public init(sealed: [UInt8], with userKey: MasterKey) throws(ResticCryptoError) {
        let context = try SealingContext(key: userKey)
        self = try withWipedBytes(count: max(1, sealed.count)) { output throws(ResticCryptoError) in
            let result = sealed.withUnsafeBytes { sealed in
                Result { () throws(ResticCryptoError) in try context.open(sealed, into: output) }
            }
            return try Self(json: UnsafeRawBufferPointer(rebasing: output[0..<result.get()]))
        }
    }
}

/// How much work scrypt puts between a password and its key (RFC 7914).
///
/// restic measures the machine and takes what half a second allows: commonly N = 32768, r = 8 and a p of 1 to some
/// tens.
public struct ScryptParameters: Hashable, Sendable {
    /// What restic falls back to when it cannot measure: N = 32768, r = 8, p = 1; 32 MiB of memory.
    public static let standard = ScryptParameters(checkedN: 1 << 15, r: 8, p: 1)

    /// The most memory a derivation may take, in bytes: 1 GiB, sixteen times what restic allows itself when it chooses
    /// (60 MB). A key file comes from the store, and must not be able to bring the process down.
    public static let maximumMemory = 1 << 30
    /// The most memory a derivation may fill in all its p rounds, in bytes: 32 GiB, about a minute's work.
    public static let maximumWork = 1 << 35

    /// The cost N, a power of two: how many blocks are kept.
    public let n: Int
    /// The block size r: a block has 128 · r bytes.
    public let r: Int
    /// The parallelization p: how many times the whole is done.
    public let p: Int

    /// Checks and takes parameters.
    ///
    /// - Throws: `parametersOutOfRange` when N is no power of two above 1, r or p is not positive, or they ask for more
    ///   than ``maximumMemory`` or ``maximumWork``.
    public init(n: Int, r: Int, p: Int) throws(ResticCryptoError) {
        guard n > 1, n & (n - 1) == 0, r > 0, p > 0 else {
            throw ResticCryptoError(.parametersOutOfRange, "scrypt has no parameters N=\(n), r=\(r), p=\(p)")
        }
        let (memory, memoryOverflow) = n.multipliedReportingOverflow(by: r)
        let (work, workOverflow) = memory.multipliedReportingOverflow(by: p)
        guard !memoryOverflow, !workOverflow, memory <= Self.maximumMemory / 128, work <= Self.maximumWork / 128 else {
            throw ResticCryptoError(
                .parametersOutOfRange,
                "scrypt with N=\(n), r=\(r), p=\(p) takes more memory or time than is granted",
                hint: "Was the key file tampered with? No restic chooses such parameters."
            )
        }
        self.init(checkedN: n, r: r, p: p)
    }

    private init(checkedN n: Int, r: Int, p: Int) {
        self.n = n
        self.r = r
        self.p = p
    }
}

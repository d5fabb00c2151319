/// Which files look as if they hold secrets, so that their content does not enter the repository unsealed with the code.
///
/// A guess by name and first bytes. It errs on the side of leaving out: what is left out is named in the report, and belongs into
/// the component `configuration`, which seals it.
enum SecretLookalike {
    /// How much of a file is looked at, in bytes.
    static let sniffedLength = 64 << 10

    /// Whether a file's name is one that secrets are kept under.
    ///
    /// - Parameter path: only the last component counts.
    static func isSuspicious(path: String) -> Bool {
        let name = (path.split(separator: "/").last.map(String.init) ?? path).lowercased()
        if harmless.contains(where: { name.hasSuffix($0) }) { return false }
        return names.contains(name) || prefixes.contains { name.hasPrefix($0) }
            || suffixes.contains { name.hasSuffix($0) }
            || (words.contains { name.contains($0) } && dataSuffixes.contains { name.hasSuffix($0) })
    }

    /// Whether a file begins with, or has in its first 64 KiB, a private key.
    static func isSuspicious(content: some Sequence<UInt8>) -> Bool {
        let text = String(decoding: Array(content), as: UTF8.self)
        return text.contains("PRIVATE KEY-----") || text.contains("AGE-SECRET-KEY-1")
            || text.contains("PuTTY-User-Key-File-")
    }

    /// Templates, and the public halves of keys.
    private static let harmless = [
        ".example", ".sample", ".template", ".dist", ".pub", ".swift", ".py", ".ts", ".js", ".md", ".mdx",
    ]
    private static let names: Set<String> = [
        ".env", ".envrc", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd",
        ".my.cnf",
        ".dockercfg", "kubeconfig",
    ]
    private static let prefixes = [".env.", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"]
    private static let suffixes = [
        ".env", ".pem", ".key", ".p12", ".pfx", ".p8", ".jks", ".keystore", ".kdbx", ".ppk", ".tfvars", ".tfstate",
    ]
    private static let words = [
        "secret", "credential", "password", "passwd", "token", "service-account", "service_account",
    ]
    private static let dataSuffixes = [
        ".json", ".yaml", ".yml", ".toml", ".ini", ".txt", ".cfg", ".conf", ".properties", ".xml",
    ]
}

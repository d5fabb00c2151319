/// What `gpg` says on its status channel, one line an event. Source: GnuPG, doc/DETAILS, section Format of the --status-fd output.
///
/// Bounded whatever comes: long lines are cut, and only so many names are kept.
struct GnuPGStatus: Sendable, Equatable {
    private static let prefix = Array("[GNUPG:] ".utf8)
    private static let maximumLine = 1024
    private static let maximumNames = 32

    /// A recipient that cannot be used, and why: the reason code of INV_RECP.
    struct InvalidRecipient: Sendable, Equatable {
        var reason: Int
        var name: String
    }

    private(set) var invalidRecipients: [InvalidRecipient] = []
    /// Long key ids that a message is sealed to and for which there is no secret key.
    private(set) var missingKeys: [String] = []
    /// Codes of libgpg-error that ERROR gave, without their source.
    private(set) var errorCodes: [Int] = []
    private(set) var hasEncrypted = false
    private(set) var hasBegunDecryption = false
    private(set) var hasDecrypted = false
    private(set) var isIntegrityWrong = false
    private(set) var hasNoData = false
    /// There was plain text before anything was decrypted.
    private(set) var hasForeignText = false

    // Of the key that was looked at last, before INV_RECP says that it cannot be used without saying why.
    private var isExpired = false
    private var isUnusable = false
    private var line: [UInt8] = []

    /// Takes bytes of the channel as they come.
    mutating func take(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == 0x0A {
                takeLine()
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.maximumLine {
                line.append(byte)
            }
        }
    }

    private mutating func takeLine() {
        guard line.starts(with: Self.prefix) else { return }
        let words = line.dropFirst(Self.prefix.count).split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard let keyword = words.first else { return }
        switch keyword {
        case "INV_RECP" where words.count > 2 && invalidRecipients.count < Self.maximumNames:
            let name = Self.printable(words[2...].joined(separator: " "))
            invalidRecipients.append(InvalidRecipient(reason: reason(Int(words[1]) ?? 0), name: name))
            isUnusable = false
        case "NO_SECKEY" where words.count > 1 && missingKeys.count < Self.maximumNames:
            missingKeys.append(Self.printable(words[1]))
        case "ERROR" where words.count > 2:
            // The upper bits say which library found it. FAILURE is left out: its code is often that of no error at all.
            if let code = UInt32(words[2]), errorCodes.count < Self.maximumNames {
                errorCodes.append(Int(code & 0xFFFF))
            }
        case "KEYEXPIRED": isExpired = true
        case "KEY_CONSIDERED" where words.count > 2:
            // Bit 1: all its keys for this purpose have expired or were revoked.
            isUnusable = (Int(words[2]) ?? 0) & 2 != 0
            if !isUnusable { isExpired = false }
        case "END_ENCRYPTION": hasEncrypted = true
        case "BEGIN_DECRYPTION": hasBegunDecryption = true
        case "PLAINTEXT": if !hasBegunDecryption { hasForeignText = true }
        case "DECRYPTION_OKAY": hasDecrypted = true
        case "BADMDC", "DECRYPTION_FAILED": isIntegrityWrong = true
        case "NODATA": hasNoData = true
        default: break
        }
    }

    /// GnuPG 2.2.40 gives no reason for keys past their date or revoked, but says before which key it looked at.
    private mutating func reason(_ code: Int) -> Int {
        guard code == 0, isUnusable else { return code }
        defer { isExpired = false }
        return isExpired ? 5 : 4
    }

    /// Names come from keys and messages that others made.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.prefix(80).map { (0x20...0x7E).contains($0.value) ? $0 : "?" })
        )
    }
}

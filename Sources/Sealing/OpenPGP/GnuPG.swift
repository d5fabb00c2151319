/// The `gpg` program and the keyring it works on.
///
/// Everything that decides whom something is sealed to comes from here and from the recipients: `gpg.conf` is not read, no
/// key is looked for on the network. `gpg` gets no terminal and asks no one; a secret key that is locked needs its
/// passphrase in the agent, or here.
///
/// *Trust.* A recipient given by its fingerprint is taken as it is (`--trust-model always`): the fingerprint says which key
/// is meant better than any signature on it, and a backup host has no web of trust. When any is given by an e-mail address,
/// `--trust-model pgp` holds for all: whoever can bring a key into the keyring could otherwise make one for that address
/// and read along.
public struct GnuPG: Sendable {
    /// The program: a name to look for in `PATH`, or a path.
    public var program: String
    /// The folder of keyrings and agent, GNUPGHOME; `nil` is the user's own. Its path must be short enough for the agent's
    /// socket (about 80 bytes).
    public var home: String?
    /// Unlocks the secret key in place of the agent. Goes to `gpg` through its standard input, never on the command line,
    /// in the environment, or through a file.
    public var passphrase: Passphrase?

    /// Makes a value; see the properties.
    public init(program: String = "gpg", home: String? = nil, passphrase: Passphrase? = nil) {
        self.program = program
        self.home = home
        self.passphrase = passphrase
    }

    /// What it is asked to do.
    enum Operation: Sendable {
        case seal(to: [OpenPGPRecipient], armored: Bool)
        case open
    }

    /// Messages for people go nowhere: they are translated, may quote what others wrote, and would come between the lines of
    /// the status channel.
    var commonArguments: [String] {
        let common = ["--no-options", "--batch", "--no-tty", "--status-fd", "2", "--logger-file", "/dev/null"]
        return common + (home.map { ["--homedir", $0] } ?? [])
    }

    func arguments(for operation: Operation) -> [String] {
        var arguments = commonArguments
        switch operation {
        case .seal(let recipients, let armored):
            arguments += ["--trust-model", recipients.allSatisfy(\.isFingerprint) ? "always" : "pgp"]
            // What is sealed here is small, or compressed already; and a length that depends on the content tells of it.
            arguments += ["--no-auto-key-locate", "--compress-algo", "none", "--output", "-"]
            if armored { arguments.append("--armor") }
            for recipient in recipients { arguments += ["--recipient", recipient.argument] }
            arguments.append("--encrypt")
        case .open:
            // With a passphrase of ours the agent asks us (loopback), and gpg reads it up to the first line feed of its
            // standard input; the message follows. Without, nobody is there to be asked.
            arguments +=
                passphrase == nil
                ? ["--pinentry-mode", "error"] : ["--pinentry-mode", "loopback", "--passphrase-fd", "0"]
            // Who signed is no question here, and an unknown signer would look like a failure.
            arguments += ["--skip-verify", "--output", "-", "--decrypt"]
        }
        return arguments
    }
}

import Testing

@testable import Recovery

@Suite("The address of a remote")
struct CredentialFilterTests {
    @Test(
        "loses its credentials and nothing else",
        arguments: [
            ("https://example.org/a/b.git", "https://example.org/a/b.git"),
            ("https://user:s3cr3t@example.org/a.git", "https://example.org/a.git"),
            ("https://s3cr3t@example.org/a.git", "https://example.org/a.git"),
            ("https://x-access-token:s3cr3t@example.org:8443/a.git", "https://example.org:8443/a.git"),
            ("https://user:s3@cr3t@example.org/a.git", "https://example.org/a.git"),
            ("https://user:s3/cr3t@example.org/a.git", "https://example.org/a.git"),
            ("https://example.org/a.git?access_token=s3cr3t", "https://example.org/a.git"),
            ("https://example.org/a.git#s3cr3t", "https://example.org/a.git"),
            ("HTTP://user:s3cr3t@example.org/a", "HTTP://example.org/a"),
            ("https://example.org/@scope/a@b.git", "https://example.org/@scope/a@b.git"),
            ("ssh://git@example.org:22/a.git", "ssh://git@example.org:22/a.git"),
            ("ssh://git:s3cr3t@example.org/a.git", "ssh://git@example.org/a.git"),
            ("git@example.org:a/b.git", "git@example.org:a/b.git"),
            ("user:s3cr3t@example.org:a/b.git", "example.org:a/b.git"),
            ("example.org:a/b.git", "example.org:a/b.git"),
            ("/srv/git/a.git", "/srv/git/a.git"), ("../a@b:c.git", "../a@b:c.git"),
            ("file:///srv/git/a.git", "file:///srv/git/a.git"),
            ("ext::sh -c 'echo s3cr3t'", "ext::"),
            ("persistent-https::https://u:s3cr3t@example.org/a", "persistent-https::https://example.org/a"), ("", ""),
        ]
    )
    func strips(address: String, expected: String) {
        let stripped = CredentialFilter.stripped(address)
        #expect(stripped == expected)
        #expect(!stripped.contains("cr3t"))
        #expect(CredentialFilter.stripped(stripped) == stripped, "twice is once")
    }

    @Test("is cleaned in the middle of a message too")
    func text() {
        let text = "fatal: unable to access 'https://u:s3cr3t@example.org/a/': no"
        #expect(CredentialFilter.cleaned(text: text) == "fatal: unable to access 'https://example.org/a/': no")
    }
}

@Suite("A file that looks like a secret")
struct SecretLookalikeTests {
    @Test(
        "is known by its name",
        arguments: [
            ".env", "a/b/.env", ".env.production", ".ENV.local", "prod.env", "server.key", "certs/tls.pem",
            "id_ed25519",
            "home/id_rsa_backup", ".netrc", ".git-credentials", "client_secret.json", "credentials.yaml",
            "terraform.tfstate",
            "store.jks", ".envrc", "service-account-1.json",
        ]
    )
    func names(_ path: String) { #expect(SecretLookalike.isSuspicious(path: path)) }

    @Test(
        "is not every file with a similar name",
        arguments: [
            ".env.example", "a/.env.sample", "id_rsa.pub", "environment.ts", "keys.swift", "secrets.md", "tokenizer.py",
            "README.md", "monkey.txt", "data.bin", ".envoy", "token/readme.txt",
        ]
    )
    func others(_ path: String) { #expect(!SecretLookalike.isSuspicious(path: path)) }

    @Test(
        "is known by a private key in it",
        arguments: ["-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "x\nAGE-SECRET-KEY-1QQ"]
    )
    func content(_ text: String) {
        #expect(SecretLookalike.isSuspicious(content: Array(text.utf8)))
        #expect(!SecretLookalike.isSuspicious(content: Array("-----BEGIN PUBLIC KEY-----".utf8)))
    }
}

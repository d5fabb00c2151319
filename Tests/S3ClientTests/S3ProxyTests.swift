import Testing

@testable import S3Client

@Suite("The proxy that the environment names")
struct S3ProxyTests {
    private func host(of proxy: S3Proxy?) -> String? { proxy.map { "\($0.host):\($0.port)" } }

    @Test(
        "is the one of the scheme",
        arguments: [
            (["https_proxy": "http://p:3128"], true, "p:3128"), (["HTTPS_PROXY": "p"], true, "p:80"),
            (["https_proxy": "http://p:3128"], false, nil), (["HTTP_PROXY": "http://p:3128"], false, nil),
            (["http_proxy": "http://p:3128"], false, "p:3128"), (["ALL_PROXY": "http://p:3128"], true, "p:3128"),
            (["https_proxy": "", "all_proxy": "http://q:1"], true, "q:1"), ([:], true, nil),
        ] as [([String: String], Bool, String?)]
    )
    func scheme(environment: [String: String], isSecure: Bool, found: String?) throws {
        let proxy = try S3Proxy.named(in: environment, isSecure: isSecure, host: "h.example")
        #expect(host(of: proxy) == found)
    }

    @Test(
        "is not used for what no_proxy names",
        arguments: [
            // Names and domains.
            ("h.example", "h.example", nil, true), ("example", "h.example", nil, true),
            (".example", "h.example", nil, true), ("ample", "h.example", nil, false), ("*", "h.example", nil, true),
            ("a, b H.EXAMPLE", "h.example", nil, true), ("", "h.example", nil, false), (".", "h.example", nil, false),
            // With a port.
            ("h.example:9000", "h.example", 9000, true), ("h.example:9000", "h.example", nil, false),
            ("h.example:443", "h.example", nil, true), (".example:9000", "h.example", 9000, true),
            ("h.example:x", "h.example", nil, false), ("10.1.2.3:9000", "10.1.2.3", 9000, true),
            ("10.1.2.3:9000", "10.1.2.3", 9001, false), ("[fd00::1]:9000", "[fd00::1]", 9000, true),
            ("[fd00::1]:9000", "[fd00::1]", 1, false), ("*:9000", "h.example", 9000, true),
            // Addresses and blocks of them.
            ("10.1.2.3", "10.1.2.3", 9000, true), ("10.0.0.0/8", "10.1.2.3", 9000, true),
            ("10.0.0.0/8", "11.1.2.3", nil, false), ("10.1.2.0/23", "10.1.3.9", nil, true),
            ("10.1.2.0/23", "10.1.4.9", nil, false), ("0.0.0.0/0", "10.1.4.9", nil, true),
            ("10.1.2.3/32", "10.1.2.3", nil, true), ("10.1.2.3/33", "10.1.2.3", nil, false),
            ("10.0.0.0/8", "10.example", nil, false), ("fd00::/8", "[fd12::5]", nil, true),
            ("fd00::/8", "[fe80::5]", nil, false), ("fd00::1", "[fd00:0::1]", 9000, true),
            ("[fd00::1]", "[fd00::1]", nil, true), ("::/0", "10.1.2.3", nil, false),
            ("10.0.0.0/", "10.0.0.0", nil, false), ("/8", "10.0.0.0", nil, false),
        ] as [(String, String, Int?, Bool)]
    )
    func exceptions(list: String, to host: String, port: Int?, isDirect: Bool) throws {
        for name in ["no_proxy", "NO_PROXY"] {
            let environment = ["https_proxy": "http://p:3128", name: list]
            let proxy = try S3Proxy.named(in: environment, isSecure: true, host: host, port: port)
            #expect((proxy == nil) == isDirect)
        }
    }
}

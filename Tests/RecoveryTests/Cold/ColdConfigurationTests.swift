import Foundation
import Recovery
import TestSupport
import Testing

@Suite("The cold route in a configuration")
struct ColdConfigurationTests {
    private static func text(_ cold: String) -> String {
        ConfigurationTexts.minimal + "qdrant:\n  url: http://127.0.0.1:6333\n  cold: {\(cold)}\n"
    }

    @Test("is read")
    func reads() throws {
        let text =
            "volume: qdrant_data, stop_container: qdrant, container_socket: 'unix:///run/x.sock', stop_within: 5s"
        let cold = try #require(try parse(Self.text(text)).qdrant?.cold)
        #expect(cold.place == .volume("qdrant_data") && cold.container == "qdrant" && cold.socket == "/run/x.sock")
        #expect(cold.stopLimit == .seconds(5) && cold.startLimit == HoldfastConfiguration.Cold.defaultStartLimit)
        let folder = try #require(try parse(Self.text("storage: ./storage")).qdrant)
        #expect(folder.cold?.place == .folder("/etc/app/storage") && folder.cold?.container == nil)
        #expect(try parse(ConfigurationTexts.full).qdrant?.cold == nil)
    }

    @Test("is part of the configuration that a restore point keeps")
    func effective() throws {
        let bytes = try parse(Self.text("storage: ./storage, stop_container: q")).effective.encode()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""storage":"/etc/app/storage""#) && text.contains(#""stop_container":"q""#), "\(text)")
    }

    @Test("warns of what has no effect")
    func warnings() throws {
        let socket = try parse(Self.text("storage: ./storage, container_socket: /run/x.sock"))
        #expect(socket.warnings.map(\.message).contains { $0.contains("'container_socket' has no effect") })
        let text = Self.text("storage: ./storage") + "  collections: [a]\n"
        #expect(try parse(text).warnings.map(\.message).contains { $0.contains("takes the whole storage") })
    }

    @Test(
        "is refused with a reason",
        arguments: [
            ("stop_container: q", ConfigurationDiagnostic.Code.missingKey, "needs one of 'storage' and 'volume'"),
            ("storage: ./s, volume: v", .duplicateValue, "needs one of 'storage' and 'volume'"),
            ("volume: 'a b'", .invalidValue, "'volume'"),
            ("storage: ./s, stop_container: '../x'", .invalidValue, "'stop_container'"),
            ("storage: ./s, container_socket: 'tcp://x:1'", .invalidValue, "must be the path of a unix socket"),
            ("storage: ./s, stop_within: 5", .invalidValue, "'stop_within'"),
            ("storage: ./s, stop_contaner: q", .unknownKey, "'stop_contaner'"),
        ]
    )
    func refuses(cold: String, code: ConfigurationDiagnostic.Code, message: String) throws {
        let found = try findings(Self.text(cold))
        #expect(found.contains { $0.code == code && $0.message.contains(message) }, "\(found)")
    }
}

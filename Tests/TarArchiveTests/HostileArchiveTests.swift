import NIOCore
import TarArchive
import Testing

@Suite("Hostile archives")
struct HostileArchiveTests {
    @Test("members of a kind or dialect Qdrant does not write are refused", arguments: HostileArchive.kinds)
    func kinds(_ sample: HostileArchive) throws { try check(sample) }

    @Test("names that leave the archive or say nothing are refused", arguments: HostileArchive.names)
    func names(_ sample: HostileArchive) throws { try check(sample) }

    @Test("numbers that are none are refused", arguments: HostileArchive.numbers)
    func numbers(_ sample: HostileArchive) throws { try check(sample) }

    @Test("long names that are none are refused", arguments: HostileArchive.longNames)
    func longNames(_ sample: HostileArchive) throws { try check(sample) }

    @Test("sparse maps that contradict themselves are refused", arguments: HostileArchive.sparseMaps)
    func sparseMaps(_ sample: HostileArchive) throws { try check(sample) }

    @Test("garbage between and behind members is refused", arguments: HostileArchive.structure)
    func structure(_ sample: HostileArchive) throws { try check(sample) }

    @Test("a second member of a name is refused", arguments: HostileArchive.duplicates)
    func duplicates(_ sample: HostileArchive) throws { try check(sample) }

    @Test("an error names the block and the member before, and stays")
    func errorsNamePlaceAndStay() throws {
        let bytes = RawHeader("first", size: 3).sealed + block("abc") + RawHeader("link", type: "2").sealed + endMarker
        let error = try #require(try refusal(of: bytes, slicing: .singleBytes))
        #expect(error.offset == 1024)
        #expect(error.member?.string == "first")
        #expect(error.message.contains("symbolic link") && error.message.contains("1024"))
        var parser = TarParser()
        for _ in 0..<2 {
            let again = #expect(throws: TarError.self) { try parser.feed(.init(bytes: bytes)) { _ in } }
            #expect(again?.code == .unsupportedType)
        }
        #expect(throws: TarError.self) { try parser.finish() }
    }

    @Test("what is no archive at all is refused with a question")
    func foreignFiles() throws {
        for text in ["<!doctype html><title>404</title>", "\u{1F}\u{8B}\u{8}"] {
            let error = try #require(try refusal(of: block(text)))
            #expect(error.code == .checksumMismatch)
            #expect(error.hint?.contains("error page") == true)
        }
    }

    @Test("limits stop an archive that wants to be remembered")
    func limits() throws {
        let many = (0..<5).flatMap { RawHeader("f\($0)").sealed } + endMarker
        #expect(try refusal(of: many, limits: TarLimits(paths: 5)) == nil)
        #expect(try refusal(of: many, limits: TarLimits(paths: 4))?.code == .limitExceeded)
        #expect(try refusal(of: many, limits: TarLimits(pathBytes: 9))?.code == .limitExceeded)
        let deep = RawHeader("a/b/c/d").sealed + endMarker
        #expect(try refusal(of: deep, limits: TarLimits(paths: 3))?.code == .limitExceeded)
        let sparse = HostileArchive(sparse: "", nil, [(0, 512), (1024, 512), (2048, 0)], stored: 1024, realSize: 2048)
            .bytes
        #expect(try refusal(of: sparse, limits: TarLimits(extents: 3)) == nil)
        #expect(try refusal(of: sparse, limits: TarLimits(extents: 2))?.code == .limitExceeded)
    }

    private func check(_ sample: HostileArchive) throws {
        for slicing in Slicing.allCases {
            #expect(try refusal(of: sample.bytes, slicing: slicing)?.code == sample.code)
        }
    }
}

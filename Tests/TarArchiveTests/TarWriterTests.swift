import NIOCore
import TarArchive
import Testing

@Suite("The writer")
struct TarWriterTests {
    @Test("a member that gets too many or too few bytes is refused")
    func wrongLength() throws {
        let member = TarMember(path: try TarPath("a"), content: .file(size: 3))
        var writer = TarWriter()
        _ = try writer.begin(member)
        _ = try writer.data(ByteBuffer(bytes: [1, 2]))
        #expect(#expect(throws: TarError.self) { try writer.endMember() }?.code == .wrongDataLength)
        #expect(
            #expect(throws: TarError.self) { try writer.data(ByteBuffer(bytes: [3, 4])) }?.code == .wrongDataLength
        )
        _ = try writer.data(ByteBuffer(bytes: [3]))
        #expect(try writer.endMember().readableBytes == 509)
    }

    @Test("calls out of order are refused")
    func order() throws {
        let member = TarMember(path: try TarPath("a"), content: .file(size: 0))
        var writer = TarWriter()
        #expect(#expect(throws: TarError.self) { try writer.endMember() }?.code == .misuse)
        #expect(#expect(throws: TarError.self) { try writer.data(ByteBuffer()) }?.code == .misuse)
        _ = try writer.begin(member)
        #expect(#expect(throws: TarError.self) { try writer.begin(member) }?.code == .misuse)
        #expect(#expect(throws: TarError.self) { try writer.finish() }?.code == .misuse)
        _ = try writer.endMember()
        _ = try writer.finish()
        #expect(#expect(throws: TarError.self) { try writer.finish() }?.code == .misuse)
    }

    @Test("a name that the reader would refuse is refused")
    func duplicates() throws {
        var writer = TarWriter()
        _ = try writer.begin(TarMember(path: try TarPath("a"), content: .file(size: 0)))
        _ = try writer.endMember()
        for path in ["a", "a/b"] {
            let member = TarMember(path: try TarPath(path), content: .file(size: 0))
            #expect(#expect(throws: TarError.self) { try writer.begin(member) }?.code == .duplicatePath)
        }
    }

    @Test("what no header can say is refused")
    func refusals() throws {
        let path = try TarPath("a")
        let odd = try SparseMap(size: 4096, extents: [.init(offset: 0, length: 100), .init(offset: 1024, length: 512)])
        let negative = TarMember(path: path, content: .file(size: -1))
        let old = TarMember(path: path, content: .file(size: 0), modificationTime: -1)
        #expect(Self.refusal(of: negative) == .invalidNumber)
        #expect(Self.refusal(of: old) == .invalidNumber)
        #expect(Self.refusal(of: TarMember(path: path, content: .sparseFile(odd))) == .invalidSparseMap)
        let long = TarMember(path: try TarPath(String(repeating: "n", count: 65_537)), content: .file(size: 0))
        #expect(Self.refusal(of: long) == .limitExceeded)
        let aligned = try SparseMap(size: 4096, extents: odd.extents, alignment: 512)
        #expect(Self.refusal(of: TarMember(path: path, content: .sparseFile(aligned))) == nil)
    }

    @Test("sizes beyond Int64 are refused, not wrapped")
    func overflow() throws {
        let member = TarMember(path: try TarPath("a"), content: .file(size: .max))
        #expect(#expect(throws: TarError.self) { try TarEncoder().archiveSize(of: [member]) }?.code == .invalidNumber)
    }

    @Test("the size of an archive within an archive is known in advance")
    func nestedSize() throws {
        let inner = [try Sample(String(repeating: "n", count: 300), [1]), try Sample(directory: "d")]
        let size = try TarEncoder().archiveSize(of: inner.map(\.member))
        let outer = try Sample("inner.tar", archive(inner))
        #expect(outer.member.size == size)
        #expect(try parse(archive([outer])) == [outer])
    }

    private static func refusal(of member: TarMember) -> TarError.Code? {
        let first = code { _ = try TarEncoder().header(for: member) }
        // The size announced must never be that of a header which is refused.
        #expect(code { _ = try TarEncoder().storedSize(of: member) } == first)
        return first
    }

    private static func code(_ body: () throws -> Void) -> TarError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? TarError)?.code
        }
    }
}

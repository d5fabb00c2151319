import NIOCore
import TarArchive
import TestSupport

/// A member and the bytes of its extents.
struct Sample: Equatable {
    var member: TarMember
    var data: [UInt8]

    init(_ member: TarMember, data: [UInt8] = []) {
        self.member = member
        self.data = data
    }

    init(_ path: String, _ data: [UInt8]) throws {
        self.init(TarMember(path: try TarPath(path), content: .file(size: Int64(data.count))), data: data)
    }

    init(directory path: String) throws {
        self.init(TarMember(path: try TarPath(path), content: .directory, mode: 0o755))
    }

    /// A sparse file whose data is random.
    init(_ path: String, _ map: SparseMap, using generator: inout SeededGenerator) throws {
        self.init(
            TarMember(path: try TarPath(path), content: .sparseFile(map)),
            data: generator.bytes(Int(map.dataSize))
        )
    }

    /// What the file holds in a range; `nil` when part of it lies in a hole.
    func bytes(of range: SparseMap.Extent) -> [UInt8]? {
        var start = 0
        for extent in member.extents {
            if extent.offset <= range.offset, range.end <= extent.end {
                return Array(data[(start + Int(range.offset - extent.offset))...].prefix(Int(range.length)))
            }
            start += Int(extent.length)
        }
        return nil
    }

    /// The whole file; only for small ones.
    var expanded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(member.size))
        var rest = data[...]
        for extent in member.extents {
            bytes.replaceSubrange(Int(extent.offset)..<Int(extent.end), with: rest.prefix(Int(extent.length)))
            rest = rest.dropFirst(Int(extent.length))
        }
        return bytes
    }
}

/// Writes an archive through ``TarWriter`` and checks that its size is the one announced.
func archive(_ samples: [Sample]) throws -> [UInt8] {
    var writer = TarWriter()
    var bytes: [UInt8] = []
    for sample in samples {
        bytes += try Array(buffer: writer.begin(sample.member))
        bytes += try Array(buffer: writer.data(ByteBuffer(bytes: sample.data)))
        bytes += try Array(buffer: writer.endMember())
    }
    bytes += try Array(buffer: writer.finish())
    guard try TarEncoder().archiveSize(of: samples.map(\.member)) == Int64(bytes.count),
        writer.byteCount == Int64(bytes.count)
    else { throw TestFailure("the size announced is not that of the archive") }
    return bytes
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

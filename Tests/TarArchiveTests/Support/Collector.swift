import NIOCore
import TarArchive
import TestSupport

/// Puts members together from events, and checks the order and the sums that events promise.
struct Collector {
    private(set) var samples: [Sample] = []
    private(set) var sawEnd = false
    /// Bytes of data and holes of all members, complete or not.
    private(set) var emitted: Int64 = 0
    private var position: Int64 = 0
    private var isOpen = false

    mutating func take(_ event: TarEvent) throws {
        guard !sawEnd else { throw TestFailure("an event follows the end of the archive") }
        switch event {
        case .beginMember(let member):
            guard !isOpen else { throw TestFailure("a member begins inside another") }
            isOpen = true
            position = 0
            samples.append(Sample(member))
        case .data(let buffer):
            guard isOpen, buffer.readableBytes > 0 else { throw TestFailure("data outside of a member, or empty") }
            let end = position + Int64(buffer.readableBytes)
            guard samples[samples.count - 1].member.extents.contains(where: { $0.offset <= position && end <= $0.end })
            else { throw TestFailure("data at \(position)..<\(end) lies in no extent") }
            samples[samples.count - 1].data += buffer.readableBytesView
            try advance(to: end)
        case .hole(let count):
            guard isOpen, count > 0 else { throw TestFailure("a hole outside of a member, or empty") }
            try advance(to: position + count)
        case .endMember:
            guard isOpen, position == samples.last?.member.size else { throw TestFailure("a member ends too early") }
            isOpen = false
        case .endOfArchive:
            guard !isOpen else { throw TestFailure("the archive ends inside a member") }
            sawEnd = true
        }
    }

    private mutating func advance(to end: Int64) throws {
        guard let size = samples.last?.member.size, end <= size else { throw TestFailure("more bytes than the size") }
        emitted += end - position
        position = end
    }
}

/// How an archive is cut before it is fed.
enum Slicing: Sendable, CaseIterable {
    case whole, singleBytes, random

    func slices(of bytes: [UInt8], using generator: inout SeededGenerator) -> [ByteBuffer] {
        var slices: [ByteBuffer] = []
        var rest = ByteBuffer(bytes: bytes)
        while rest.readableBytes > 0 {
            let length =
                switch self {
                case .whole: rest.readableBytes
                case .singleBytes: 1
                case .random: Int.random(in: 0...1500, using: &generator)
                }
            if let slice = rest.readSlice(length: min(length, rest.readableBytes)) { slices.append(slice) }
        }
        return slices
    }
}

/// Parses a whole archive.
@discardableResult
func parse(
    _ bytes: [UInt8],
    slicing: Slicing = .whole,
    seed: UInt64 = 1,
    limits: TarLimits = TarLimits()
) throws -> [Sample] {
    var generator = SeededGenerator(seed: seed)
    var parser = TarParser(limits: limits)
    var collector = Collector()
    for slice in slicing.slices(of: bytes, using: &generator) {
        try parser.feed(slice) { try collector.take($0) }
    }
    try parser.finish()
    guard collector.sawEnd else { throw TestFailure("no end of archive was reported") }
    return collector.samples
}

/// The code an archive is refused with, `nil` when it is accepted.
func refusal(of bytes: [UInt8], slicing: Slicing = .whole, limits: TarLimits = TarLimits()) throws -> TarError? {
    do {
        try parse(bytes, slicing: slicing, limits: limits)
        return nil
    } catch let error as TarError {
        return error
    }
}

import NIOCore
import NIOPosix
import Testing

@testable import HTTPUpload

@Suite("Upload channel", .timeLimit(.minutes(1)))
struct UploadChannelTests {
    private struct Failure: Error, Equatable {}

    private let channel = UploadChannel(eventLoops: Array(MultiThreadedEventLoopGroup.singleton.makeIterator()))

    @Test("hands every part over once and in order, whatever their size")
    func order() async throws {
        let sizes = (0..<200).map { $0 * 37 % 9000 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [channel] in
                for size in sizes { try await channel.send(ByteBuffer(repeating: 1, count: size)) }
                channel.end(.success(()))
            }
            var received: [Int] = []
            for try await part in channel { received.append(part.readableBytes) }
            try await group.waitForAll()
            #expect(received == sizes)
        }
    }

    @Test("knows that the last part was taken only when it was")
    func drained() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [channel] in
                try await channel.send(ByteBuffer(string: "a"))
                try await channel.send(ByteBuffer(string: "b"), isLast: true)
            }
            var parts = channel.makeAsyncIterator()
            _ = try await parts.next()
            #expect(!channel.isDrained)
            _ = try await parts.next()
            #expect(channel.isDrained)
            try await group.waitForAll()
        }
    }

    @Test("frees a waiting sender when the receiver is done, and takes nothing after that")
    func receiverGone() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [channel] in
                await #expect(throws: UploadChannel.Closed.self) { try await channel.send(ByteBuffer(string: "a")) }
            }
            while channel.waitingPart == nil { await Task.yield() }
            #expect(channel.waitingPart == 0)
            channel.end(.failure(UploadChannel.Closed()))
            try await group.waitForAll()
        }
        await #expect(throws: UploadChannel.Closed.self) { try await channel.send(ByteBuffer(string: "b")) }
        #expect(channel.waitingPart == nil)
        #expect(!channel.isDrained)
    }

    @Test("passes the first end on to a waiting receiver")
    func senderFails() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [channel] in
                await #expect(throws: Failure()) {
                    for try await _ in channel {}
                }
            }
            try await channel.send(ByteBuffer(string: "a"))
            channel.end(.failure(Failure()))
            channel.end(.success(()))
            try await group.waitForAll()
        }
    }

    @Test("ends when the sender is cancelled")
    func cancelled() async throws {
        let sender = Task { [channel] in try await channel.send(ByteBuffer(string: "a")) }
        while channel.waitingPart == nil { await Task.yield() }
        sender.cancel()
        await #expect(throws: UploadChannel.Closed.self) { try await sender.value }
        await #expect(throws: CancellationError.self) {
            for try await _ in channel {}
        }
    }
}

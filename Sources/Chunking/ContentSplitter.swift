/// Splits the content of one file into chunks and runs of zeros, bounded memory, as the content arrives.
///
/// The result depends on the content alone: not on how it was cut into pieces, nor on whether zeros came as bytes or as a
/// hole. A run of zeros that begins at a multiple of ``blockSize`` and covers ``minimumZeroBlocks`` blocks or more ends the
/// current chunk and stands for itself; it is never hashed or stored more than once. Shorter runs are ordinary content.
///
/// The splitter owns no memory: it asks its ``ChunkSink`` for room.
public struct ContentSplitter<Sink: ChunkSink> {
    /// The granularity at which runs of zeros are noticed, in bytes: the block size of the file systems that make holes.
    public static var blockSize: Int { 4096 }
    /// The shortest run of zeros that is kept apart, in blocks (64 KiB): below that a blob of its own costs more than it saves.
    public static var minimumZeroBlocks: Int { 16 }

    /// How much is looked at in one go: what follows a boundary has to be moved to the next buffer, so this stays small
    /// beside a chunk.
    private static var scanStep: Int { 64 << 10 }

    private let parameters: ChunkParameters
    private var finder: BoundaryFinder
    private var position: Int64 = 0
    /// Zeros since the last block boundary that may become a run; not yet part of the chunk.
    private var pendingZeros: Int64 = 0
    /// The current block already holds something other than zeros (or zeros that were given to the chunk).
    private var blockIsData = false

    /// Makes a splitter at the start of a file.
    public init(parameters: ChunkParameters, table: GearTable) {
        self.parameters = parameters
        self.finder = BoundaryFinder(parameters: parameters, table: table)
    }

    /// Takes the next bytes of the content.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, sink: inout Sink) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let run = dataRun(in: rest)
            if run > 0 {
                try await flushZeros(atEnd: false, sink: &sink)
                try await append(UnsafeRawBufferPointer(rebasing: rest[..<run]), sink: &sink)
                advance(run, isData: true)
                rest = UnsafeRawBufferPointer(rebasing: rest[run...])
            } else {
                let piece = min(rest.count, Self.blockSize - blockOffset)
                pendingZeros += Int64(piece)
                advance(piece, isData: false)
                rest = UnsafeRawBufferPointer(rebasing: rest[piece...])
            }
        }
    }

    /// Takes a hole: `count` zeros that were never read.
    public mutating func feedZeros(_ count: Int64, sink: inout Sink) async throws {
        var rest = count
        if blockIsData, blockOffset != 0 {
            let piece = min(rest, Int64(Self.blockSize - blockOffset))
            try await appendZeros(piece, sink: &sink)
            advance(Int(piece), isData: true)
            rest -= piece
        }
        guard rest > 0 else { return }
        pendingZeros += rest
        position += rest
        blockIsData = false
    }

    /// Ends the file: hands out what is left.
    public mutating func finish(sink: inout Sink) async throws {
        try await flushZeros(atEnd: true, sink: &sink)
        try await cut(sink: &sink)
    }

    private var blockOffset: Int { Int(position % Int64(Self.blockSize)) }

    private mutating func advance(_ count: Int, isData: Bool) {
        position += Int64(count)
        blockIsData = isData && blockOffset != 0
    }

    /// How many bytes from the start of `bytes` are content; 0 when the rest of the current block is (so far) all zeros.
    private func dataRun(in bytes: UnsafeRawBufferPointer) -> Int {
        var end = min(bytes.count, Self.blockSize - blockOffset)
        if !blockIsData, ZeroScan.isZero(UnsafeRawBufferPointer(rebasing: bytes[..<end])) { return 0 }
        while end < bytes.count {
            let next = min(bytes.count - end, Self.blockSize)
            if ZeroScan.isZero(UnsafeRawBufferPointer(rebasing: bytes[end..<(end + next)])) { break }
            end += next
        }
        return end
    }

    private mutating func flushZeros(atEnd: Bool, sink: inout Sink) async throws {
        guard pendingZeros > 0 else { return }
        let block = Int64(Self.blockSize)
        let run = atEnd ? pendingZeros : pendingZeros / block * block
        if run >= block * Int64(Self.minimumZeroBlocks) {
            try await cut(sink: &sink)
            var rest = run
            while rest > 0 {
                let piece = min(rest, Int64(parameters.maximum))
                try await sink.zeros(Int(piece))
                rest -= piece
            }
            pendingZeros -= run
        }
        let remainder = pendingZeros
        pendingZeros = 0
        try await appendZeros(remainder, sink: &sink)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, sink: inout Sink) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let room = try await sink.room()
            let piece = min(rest.count, room.capacity - room.count, Self.scanStep)
            room.append(UnsafeRawBufferPointer(rebasing: rest[..<piece]))
            rest = UnsafeRawBufferPointer(rebasing: rest[piece...])
            try await scan(room, sink: &sink)
        }
    }

    private mutating func appendZeros(_ count: Int64, sink: inout Sink) async throws {
        var rest = Int(count)
        while rest > 0 {
            let room = try await sink.room()
            let piece = min(rest, room.capacity - room.count)
            room.appendZeros(piece)
            rest -= piece
            try await scan(room, sink: &sink)
        }
    }

    /// Cuts as many chunks as the buffer now holds; what follows the last cut moves to the next buffer.
    private mutating func scan(_ room: ChunkBuffer, sink: inout Sink) async throws {
        var room = room
        while let end = finder.scan(room.bytes) {
            finder.reset()
            room = try await sink.cut(at: end)
        }
    }

    private mutating func cut(sink: inout Sink) async throws {
        finder.reset()
        try await sink.take()
    }
}

/// Where a ``ContentSplitter`` puts what it finds.
public protocol ChunkSink {
    /// The buffer of the current chunk; its capacity is at least the maximum chunk size, and it is never full.
    mutating func room() async throws -> ChunkBuffer
    /// The first `count` bytes of the current buffer are a chunk: takes it away.
    ///
    /// - Returns: the buffer of the next chunk, which already holds the bytes that followed.
    mutating func cut(at count: Int) async throws -> ChunkBuffer
    /// All that is in the current buffer is a chunk, unless it is empty: takes it away. The next one may be far off.
    mutating func take() async throws
    /// `count` zeros stand here, at most the maximum chunk size.
    mutating func zeros(_ count: Int) async throws
}

extension ChunkSink {
    public mutating func take() async throws {
        let count = try await room().count
        if count > 0 { _ = try await cut(at: count) }
    }
}

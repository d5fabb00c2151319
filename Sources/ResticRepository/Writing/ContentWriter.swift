internal import Chunking
public import NIOCore
internal import ResticFormat

/// Takes the content of one file, in order, as bytes and holes. Finish it, or it stays incomplete.
///
/// A value with one owner: feeding waits when the pipeline is full.
public struct ContentWriter {
    private var splitter: ContentSplitter<Sink>
    private var sink: Sink

    init(writer: BlobWriter, parameters: ChunkParameters, table: GearTable) {
        splitter = ContentSplitter(parameters: parameters, table: table)
        sink = Sink(writer: writer, assembly: ContentAssembly())
    }

    /// Takes the next bytes.
    public mutating func feed(_ buffer: ByteBuffer) async throws {
        // The pointer must outlive suspensions, which the closure form cannot promise: the view keeps the storage alive.
        let view = buffer.readableBytesView
        let address = view.withUnsafeBytes { $0 }
        try await splitter.feed(address, sink: &sink)
        withExtendedLifetime(buffer) {}
    }

    /// Takes `count` zeros that nobody had to read.
    public mutating func feedHole(_ count: Int64) async throws {
        try await splitter.feedZeros(count, sink: &sink)
    }

    /// Takes bytes from memory that stays in place until this returns.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) async throws {
        try await splitter.feed(bytes, sink: &sink)
    }

    /// Ends the content.
    public mutating func finish() async throws -> StoredContent {
        try await splitter.finish(sink: &sink)
        sink.finish()
        return StoredContent(assembly: sink.assembly)
    }

    /// Gives back what is held, when the source failed half-way.
    mutating func abandon() {
        sink.releaseBuffer()
    }

    /// Where the splitter's chunks go.
    struct Sink: ChunkSink {
        let writer: BlobWriter
        let assembly: ContentAssembly
        private var current: ChunkBuffer?

        init(writer: BlobWriter, assembly: ContentAssembly) {
            self.writer = writer
            self.assembly = assembly
        }

        mutating func room() async throws -> ChunkBuffer {
            if let current { return current }
            let buffer = try await writer.buffers.acquire()
            buffer.truncate(to: 0)
            current = buffer
            return buffer
        }

        mutating func cut(at count: Int) async throws -> ChunkBuffer {
            let full = try await room()
            let next = try await writer.buffers.acquire()
            next.truncate(to: 0)
            next.append(UnsafeRawBufferPointer(rebasing: full.bytes[count...]))
            full.truncate(to: count)
            current = next
            try await writer.submit(full, to: assembly)
            return next
        }

        /// Without a buffer for what follows: most files are one chunk.
        mutating func take() async throws {
            guard let full = current, full.count > 0 else { return }
            current = nil
            try await writer.submit(full, to: assembly)
        }

        mutating func zeros(_ count: Int) async throws {
            try await writer.submitZeros(count, to: assembly)
        }

        mutating func finish() {
            releaseBuffer()
            assembly.complete()
        }

        mutating func releaseBuffer() {
            if let current { writer.buffers.release(current) }
            current = nil
        }
    }
}

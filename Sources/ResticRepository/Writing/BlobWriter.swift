internal import Chunking
internal import Locks
public import NIOCore
internal import ResticCrypto
public import ResticFormat

/// Takes content into the repository through a pipeline of bounded memory: hash, look up, compress, seal, pack, store.
///
/// Made by ``IndexedRepository/write(_:)``, which runs the workers around it.
public final class BlobWriter: Sendable {
    /// One chunk on its way to the workers.
    struct Job: Sendable {
        enum Payload: Sendable {
            case chunk(ChunkBuffer)
            case bytes([UInt8])
            /// From another repository, in the form it had there.
            case transfer(TransferBlob)
        }
        let payload: Payload
        let type: BlobType
        /// Known when the producer had to hash it itself.
        let id: ResticID?
        let assembly: ContentAssembly?
        let place: Int
    }

    let index: BlobIndex
    private let codecs: CodecPool
    private let parameters: ChunkParameters
    private let table: GearTable
    private let zeroIDs = Mutex<[Int: ResticID]>([:])
    let counters = WriteCounters()

    let buffers: ResourcePool<ChunkBuffer>
    let builders: ResourcePool<PackBuilder>
    let jobs: BoundedQueue<Job>
    let packs: BoundedQueue<PackBuilder>
    private let dataPacker: Packer
    private let treePacker: Packer

    init(
        index: BlobIndex,
        codecs: CodecPool,
        parameters: ChunkParameters,
        table: GearTable,
        workers: Int,
        uploaders: Int
    ) {
        self.index = index
        self.codecs = codecs
        self.parameters = parameters
        self.table = table
        // One buffer that fills, one waiting and one in work for each worker.
        buffers = ResourcePool(limit: 2 * workers + 1) { [capacity = parameters.maximum] in
            ChunkBuffer(capacity: capacity)
        }
        // Two open packs (data, trees) and one that each uploader is storing; who needs another waits for an uploader.
        builders = ResourcePool(limit: 2 + uploaders) { PackBuilder() }
        jobs = BoundedQueue(capacity: 2 * workers)
        packs = BoundedQueue(capacity: max(1, uploaders))
        dataPacker = Packer(builders: builders, full: packs)
        treePacker = Packer(builders: builders, full: packs)
    }

    /// What has been done so far.
    public var statistics: WriteStatistics { counters.snapshot }

    /// Starts the content of a file: feed it, then finish it.
    public func makeContent() -> ContentWriter {
        ContentWriter(writer: self, parameters: parameters, table: table)
    }

    /// Stores a stream as the content of one file.
    public func store(_ stream: some AsyncSequence<ByteBuffer, any Error>) async throws -> StoredContent {
        var content = makeContent()
        for try await buffer in stream {
            try await content.feed(buffer)
        }
        return try await content.finish()
    }

    /// Stores bytes that are in memory already as the content of one file.
    public func store(_ bytes: [UInt8]) async throws -> StoredContent {
        var content = makeContent()
        try await content.feed(ByteBuffer(bytes: bytes))
        return try await content.finish()
    }

    /// Stores a tree.
    ///
    /// - Returns: its id, at once; the tree itself follows through the pipeline.
    public func store(_ tree: Tree) async throws -> ResticID {
        let bytes = try tree.encode()
        let id = bytes.withUnsafeBytes { ContentHash.id(of: $0) }
        try await jobs.send(Job(payload: .bytes(bytes), type: .tree, id: id, assembly: nil, place: 0))
        return id
    }

    /// Whether all of these data blobs are in the repository: what allows a file to be taken over from an earlier snapshot.
    public func holds(_ blobs: [ResticID]) -> Bool {
        index.containsAll(blobs)
    }

    // MARK: The producer's side

    func submit(_ buffer: ChunkBuffer, to assembly: ContentAssembly) async throws {
        counters.update { $0.contentBytes += Int64(buffer.count) }
        let place = assembly.reserve(buffer.count)
        try await jobs.send(Job(payload: .chunk(buffer), type: .data, id: nil, assembly: assembly, place: place))
    }

    func submitZeros(_ count: Int, to assembly: ContentAssembly) async throws {
        counters.update {
            $0.contentBytes += Int64(count)
            $0.zeroBytes += Int64(count)
        }
        if let known = zeroIDs.withLock({ $0[count] }) {
            assembly.append(known, count: count)
            return
        }
        let buffer = try await buffers.acquire()
        buffer.truncate(to: 0)
        buffer.appendZeros(count)
        let id = ContentHash.id(of: buffer.bytes)
        // Bounded: only runs shorter than a whole piece have lengths of their own.
        zeroIDs.withLock { if $0.count < 4096 { $0[count] = id } }
        let place = assembly.reserve(count)
        try await jobs.send(Job(payload: .chunk(buffer), type: .data, id: id, assembly: assembly, place: place))
    }

    // MARK: The workers' side

    /// Takes jobs until there are no more.
    func work() async throws {
        while let job = try await jobs.next() {
            do {
                try await process(job)
            } catch {
                job.assembly?.fail(error)
                throw error
            }
        }
    }

    private func process(_ job: Job) async throws {
        let id = job.id ?? job.withBytes { ContentHash.id(of: $0) }
        if index.claim(id, job.type) {
            try await pack(job, id: id)
        }
        if case .chunk(let buffer) = job.payload { buffers.release(buffer) }
        job.assembly?.resolve(job.place, id)
    }

    private func pack(_ job: Job, id: ResticID) async throws {
        let packer = job.type == .data ? dataPacker : treePacker
        var spare: PackBuilder?
        while true {
            let outcome = try seal(job, id: id, into: packer, spare: &spare)
            switch outcome {
            case .appended:
                if let spare { packer.release(spare) }
                return
            case .filled(let full):
                if let spare { packer.release(spare) }
                try await packer.passOn(full)
                return
            case .needsBuilder:
                spare = try await packer.acquireBuilder()
            }
        }
    }

    /// Seals and appends in one synchronous step, since the sealed bytes belong to the codec. A pack is missing once in
    /// sixteen chunks or so; sealing again then costs less than a second copy of every chunk would.
    private func seal(_ job: Job, id: ResticID, into packer: Packer, spare: inout PackBuilder?) throws
        -> Packer.AppendOutcome
    {
        guard packer.isOpen || spare != nil else { return .needsBuilder }
        return try codecs.withCodec { codec in
            try job.withBytes { content in
                let sealed = try job.seal(content, with: codec)
                let outcome = packer.append(sealed, id: id, type: job.type, spare: &spare)
                if case .needsBuilder = outcome { return outcome }
                counters.update {
                    $0.newBytes += Int64(sealed.uncompressedLength.map(Int.init) ?? content.count)
                    $0.newStoredBytes += Int64(sealed.bytes.count)
                    if job.type == .data { $0.newDataBlobs += 1 } else { $0.newTreeBlobs += 1 }
                }
                return outcome
            }
        }
    }

    /// Passes on the packs that are not full. Nothing may be in work any more.
    func flush() async throws {
        try await dataPacker.flush()
        try await treePacker.flush()
    }

    /// Ends everything at once: whoever waits for anything gets `error`.
    func fail(_ error: any Error) {
        buffers.fail(error)
        builders.fail(error)
        packs.fail(error)
        for job in jobs.fail(error) { job.assembly?.fail(error) }
    }
}

extension BlobWriter.Job {
    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        switch payload {
        case .chunk(let buffer): try body(buffer.bytes)
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .transfer(let blob): try blob.body.withUnsafeReadableBytes(body)
        }
    }

    func seal(_ content: UnsafeRawBufferPointer, with codec: BlobCodec) throws -> BlobCodec.Sealed {
        if case .transfer(let blob) = payload, blob.keepsForm {
            return try codec.seal(content, uncompressedLength: blob.uncompressedLength)
        }
        return try codec.seal(content, type: type)
    }
}

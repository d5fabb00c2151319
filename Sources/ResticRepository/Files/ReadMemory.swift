/// The memory into which files are read before they are split, kept for the whole walk: fresh memory would cost a page fault
/// for every 4 KiB.
final class ReadMemory: @unchecked Sendable {
    // Unchecked: belongs to one walk, which reads into it and then takes out of it, one after the other.

    private let memory: UnsafeMutableRawBufferPointer

    /// How much of a large file is read at once: little enough to be in the processor's cache still when it is split.
    private static let readLength = 512 << 10

    init(byteCount: Int) {
        memory = .allocate(byteCount: max(byteCount, Self.readLength), alignment: 4096)
    }

    deinit {
        memory.deallocate()
    }

    /// Bytes that were read; valid until the next reading.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[range])
    }

    /// Reads the next bytes of a file to the start of the memory, or finds a hole or the end. Blocks.
    func read(_ file: SourceFile, at offset: Int64, mayHaveHoles: Bool) throws(SystemCallError) -> SourceFile.Stretch {
        var length = Self.readLength
        if mayHaveHoles {
            let stretch = file.stretch(at: offset, upTo: length)
            guard case .data(let count) = stretch else { return stretch }
            length = count
        }
        let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<length]), at: offset)
        return count > 0 ? .data(count) : .end
    }

    /// Reads a file that should have `length` bytes to a place in the memory. Blocks.
    ///
    /// - Returns: how many bytes it has; `nil` when they are more.
    func readWhole(_ file: SourceFile, length: Int, to start: Int) throws(SystemCallError) -> Int? {
        var count = 0
        // One byte more than expected tells a file that has grown.
        while count <= length {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[(start + count)..<(start + length + 1)])
            let read = try file.read(into: room, at: Int64(count))
            if read == 0 { return count }
            count += read
        }
        return nil
    }
}

/// The contents of a few small files, one after another in a ``ReadMemory``.
struct SmallFileBatch: Sendable {
    /// A file that was read whole.
    struct Read: Sendable {
        let place: Range<Int>
        let before: FileStatus
        let after: FileStatus
    }
    let files: [SourceItem]
    let memory: ReadMemory
    /// What became of each file; `nil` for one that has grown and has to be read in another way.
    let results: [Result<Read?, SystemCallError>]

    /// Reads files whose lengths as listed, and one byte more for each, fit into the memory. Blocks.
    init(_ files: [SourceItem], in memory: ReadMemory) {
        self.files = files
        self.memory = memory
        var start = 0
        results = files.map { file in
            Result { () throws(SystemCallError) in
                let source = try SourceFile(file.path)
                let before = try source.status()
                guard let count = try memory.readWhole(source, length: Int(file.status.size), to: start) else {
                    return nil
                }
                defer { start += count }
                return Read(place: start..<(start + count), before: before, after: try source.status())
            }
        }
    }
}

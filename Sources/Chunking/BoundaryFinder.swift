/// Finds the end of a content-defined chunk while its bytes arrive: FastCDC (Xia et al., USENIX ATC 2016) with a gear hash,
/// the minimum skipped and chunk sizes normalised.
///
/// The bytes of one chunk lie in one buffer that grows; `scan` is called after each growth and looks only at what is new.
public struct BoundaryFinder: Sendable {
    private let parameters: ChunkParameters
    private let table: GearTable
    private var hash: UInt64 = 0
    private var position = 0

    /// Makes a finder at the start of a chunk.
    public init(parameters: ChunkParameters, table: GearTable) {
        self.parameters = parameters
        self.table = table
    }

    /// Forgets the current chunk and starts the next.
    public mutating func reset() {
        hash = 0
        position = 0
    }

    /// Looks for the end of the chunk.
    ///
    /// - Parameter chunk: all bytes of the chunk so far; the first ones are those of earlier calls.
    /// - Returns: the length of the chunk when it ends within these bytes, else `nil`. Never more than the maximum.
    public mutating func scan(_ chunk: UnsafeRawBufferPointer) -> Int? {
        let limit = min(chunk.count, parameters.maximum)
        if position == 0 {
            // The window before the minimum is hashed without asking, so that the first boundary is as content-defined as any.
            guard limit > parameters.minimum - GearTable.window else { return nil }
            position = parameters.minimum - GearTable.window
        }
        if position < parameters.minimum {
            roll(chunk, to: min(limit, parameters.minimum))
        }
        if position >= parameters.minimum, position < parameters.normal,
            let end = advance(chunk, to: min(limit, parameters.normal), mask: parameters.strictMask)
        {
            return end
        }
        if position >= parameters.normal, let end = advance(chunk, to: limit, mask: parameters.relaxedMask) {
            return end
        }
        return position == parameters.maximum ? position : nil
    }

    /// Takes bytes into the hash without looking for a boundary.
    private mutating func roll(_ chunk: UnsafeRawBufferPointer, to end: Int) {
        for byte in chunk[position..<end] {
            hash = (hash &<< 1) &+ table.words[Int(byte)]
        }
        position = end
    }

    /// Takes bytes into the hash until one of them ends the chunk or `end` is reached.
    private mutating func advance(_ chunk: UnsafeRawBufferPointer, to end: Int, mask: UInt64) -> Int? {
        guard position < end, let bytes = chunk.baseAddress else { return nil }
        return table.words.withUnsafeBufferPointer { words in
            let table = words.baseAddress.unsafelyUnwrapped
            // Local copies: the loop is the hot path of every backup and must stay in registers.
            var hash = self.hash
            var position = self.position
            defer {
                self.hash = hash
                self.position = position
            }
            // Four bytes a turn, each hash made from the one before the turn rather than from its neighbour: what bounds the
            // loop is how fast one hash follows from another, not how much is computed. (That of a boundary is not kept: the
            // next chunk starts anew.)
            while position &+ 4 <= end {
                let four = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self).littleEndian
                let one = table[Int(four & 0xff)]
                let two = (one &<< 1) &+ table[Int((four &>> 8) & 0xff)]
                let three = (two &<< 1) &+ table[Int((four &>> 16) & 0xff)]
                let all = (three &<< 1) &+ table[Int(four &>> 24)]
                if ((hash &<< 1) &+ one) & mask == 0 {
                    position &+= 1
                    return position
                }
                if ((hash &<< 2) &+ two) & mask == 0 {
                    position &+= 2
                    return position
                }
                if ((hash &<< 3) &+ three) & mask == 0 {
                    position &+= 3
                    return position
                }
                hash = (hash &<< 4) &+ all
                position &+= 4
                if hash & mask == 0 { return position }
            }
            while position < end {
                let byte = bytes.load(fromByteOffset: position, as: UInt8.self)
                hash = (hash &<< 1) &+ table[Int(byte)]
                position &+= 1
                if hash & mask == 0 { return position }
            }
            return nil
        }
    }
}

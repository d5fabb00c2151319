/// Makes new inputs of good ones.
struct Mutator {
    /// No input grows beyond this, in bytes: what a decoder may allocate is judged against it.
    static let maximumLength = 16 << 10

    let target: FuzzTarget
    let seeds: [[UInt8]]

    /// The input of a round.
    func input(seed: UInt64, round: Int) -> [UInt8] {
        var chance = SeededBytes(seed: seed, round: round)
        var bytes = chance.element(of: seeds)
        let count = chance.once(in: 8) ? chance.int(5..<40) : chance.int(1..<5)
        change(&bytes, count, &chance)
        return bytes
    }

    /// Changes an input so many times.
    func change(_ bytes: inout [UInt8], _ count: Int, _ chance: inout SeededBytes) {
        for _ in 0..<count { mutate(&bytes, &chance) }
        if bytes.count > Self.maximumLength { bytes.removeLast(bytes.count - Self.maximumLength) }
        if !chance.once(in: 8) { target.mend(&bytes, &chance) }
    }

    private func mutate(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        guard !bytes.isEmpty else { return bytes.append(contentsOf: chance.element(of: seeds)) }
        if chance.once(in: 2) {
            switch target.shape {
            case .binary: BinaryMutations.mutate(&bytes, &chance)
            case .json: JSONMutations.mutate(&bytes, &chance, others: seeds)
            case .text: TextMutations.mutate(&bytes, &chance)
            case .tar: TarMutations.mutate(&bytes, &chance)
            }
        } else {
            generic(&bytes, &chance)
        }
    }

    private func generic(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        let part = chance.part(of: bytes.count)
        let index = chance.int(0..<bytes.count)
        switch chance.int(0..<10) {
        case 0: bytes[index] ^= 1 << UInt8(chance.int(0..<8))
        case 1: bytes[index] = chance.byte()
        case 2: bytes.removeSubrange(part)
        case 3: bytes.insert(contentsOf: Array(bytes[part]), at: index)
        case 4: bytes.removeLast(bytes.count - index)
        case 5: bytes.replaceSubrange(part, with: (0..<chance.int(0..<9)).map { _ in chance.byte() })
        case 6: splice(&bytes, &chance)
        case 7 where !target.words.isEmpty: bytes.insert(contentsOf: chance.element(of: target.words), at: index)
        case 8 where !target.words.isEmpty: bytes.replaceSubrange(part, with: chance.element(of: target.words))
        default: bytes.insert(contentsOf: Array(repeating: bytes[index], count: chance.int(1..<300)), at: index)
        }
    }

    /// The beginning of this input and the end of another.
    private func splice(_ bytes: inout [UInt8], _ chance: inout SeededBytes) {
        let other = chance.element(of: seeds)
        bytes.removeLast(bytes.count - chance.int(0..<(bytes.count + 1)))
        bytes.append(contentsOf: other.dropFirst(chance.int(0..<(other.count + 1))))
    }
}

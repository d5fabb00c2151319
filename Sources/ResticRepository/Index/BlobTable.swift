public import ResticFormat

/// Where a blob lies: the value of the in-memory index.
public struct BlobLocation: Hashable, Sendable {
    /// The pack file.
    public var pack: ResticID
    /// The first byte of the sealed blob in the pack.
    public var offset: UInt32
    /// The length of the sealed blob in bytes, nonce and MAC included.
    public var length: UInt32
    /// The length of the content when it is stored compressed, else `nil`.
    public var uncompressedLength: UInt32?

    /// The length of the content in bytes.
    public var contentLength: Int {
        // A damaged index may state less than the overhead; reading the blob then fails by its length.
        uncompressedLength.map(Int.init) ?? max(0, Int(length) - 32)
    }
}

/// One of the places of a blob, its pack by number.
struct BlobPlace {
    var id: ResticID
    var pack: UInt32
    var offset: UInt32
    var length: UInt32
    /// 0 when the blob is not compressed.
    var uncompressedLength: UInt32

    func location(in pack: ResticID) -> BlobLocation {
        BlobLocation(
            pack: pack,
            offset: offset,
            length: length,
            uncompressedLength: uncompressedLength == 0 ? nil : uncompressedLength
        )
    }
}

/// A compact hash table from blob ids to locations: 56 bytes a blob, so that a repository of a million blobs takes 60 MB.
///
/// Open addressing over 32-bit slots into one array of entries. Ids are SHA-256 hashes, so their own bits serve as the hash.
struct BlobTable: Sendable {
    private struct Entry {
        var id: ResticID
        var pack: UInt32
        var offset: UInt32
        var length: UInt32
        var uncompressedLength: UInt32
    }

    /// A blob that is stored once more, elsewhere.
    private struct Copy {
        var blob: UInt32
        var pack: UInt32
        var offset: UInt32
        var length: UInt32
        var uncompressedLength: UInt32
    }

    /// The packs that hold blobs, by number.
    private(set) var packs: [ResticID] = []
    private var packNumbers: [ResticID: UInt32] = [:]
    private var entries: ContiguousArray<Entry> = []
    /// Further places of blobs that have several: few, in a repository that nobody writes to from two sides.
    private var copies: ContiguousArray<Copy> = []
    /// Packs that are going to be removed: nothing new may rely on them.
    private var condemned: Set<UInt32> = []
    /// Entry number + 1; 0 is free. The count is a power of two.
    private var slots: ContiguousArray<UInt32> = ContiguousArray(repeating: 0, count: 1024)

    var count: Int { entries.count }

    /// Adds a blob. When it is there already, the first location that is not in a condemned pack is the one that is given
    /// out; the others are kept as copies.
    mutating func insert(_ blob: PackedBlob, pack: ResticID) {
        insert(blob, packNumber: number(ofPack: pack))
    }

    /// Adds a blob of a pack whose number is known; see ``number(ofPack:)``.
    mutating func insert(_ blob: PackedBlob, packNumber: UInt32) {
        if (entries.count + 1) * 4 > slots.count * 3 { resize(slots.count * 2) }
        let slot = slot(of: blob.id)
        let entry = Entry(
            id: blob.id,
            pack: packNumber,
            offset: blob.offset,
            length: blob.length,
            uncompressedLength: blob.uncompressedLength ?? 0
        )
        guard slots[slot] == 0 else { return insertCopy(entry, of: Int(slots[slot]) - 1) }
        entries.append(entry)
        slots[slot] = UInt32(entries.count)
    }

    private mutating func insertCopy(_ new: Entry, of number: Int) {
        let old = entries[number]
        // Index files overlap after a crash: the same place named twice is no copy.
        guard old.pack != new.pack || old.offset != new.offset else { return }
        let prefersNew = condemned.contains(old.pack) && !condemned.contains(new.pack)
        if prefersNew { entries[number] = new }
        let other = prefersNew ? old : new
        copies.append(
            Copy(
                blob: UInt32(number),
                pack: other.pack,
                offset: other.offset,
                length: other.length,
                uncompressedLength: other.uncompressedLength
            )
        )
    }

    /// Says that a pack is going to be removed. To be called before its blobs are added.
    mutating func condemn(_ pack: ResticID) {
        condemned.insert(number(ofPack: pack))
    }

    /// Whether new snapshots may rely on a blob: it lies in a pack that stays.
    func isReliable(_ id: ResticID) -> Bool {
        let number = slots[slot(of: id)]
        return number != 0 && !condemned.contains(entries[Int(number) - 1].pack)
    }

    func contains(_ id: ResticID) -> Bool {
        slots[slot(of: id)] != 0
    }

    /// The place of a blob in the order of insertion, from 0.
    func number(of id: ResticID) -> Int? {
        let number = slots[slot(of: id)]
        return number == 0 ? nil : Int(number) - 1
    }

    subscript(_ id: ResticID) -> BlobLocation? {
        let number = slots[slot(of: id)]
        guard number != 0 else { return nil }
        return location(entries[Int(number) - 1])
    }

    /// The blob with a number below ``count``.
    func part(_ number: Int) -> PackRange.Part {
        let entry = entries[number]
        return PackRange.Part(id: entry.id, location: location(entry))
    }

    /// Where the blob with a number below ``count`` lies: a pack's number and an offset; for sorting.
    func place(_ number: Int) -> (pack: UInt32, offset: UInt32) {
        (entries[number].pack, entries[number].offset)
    }

    func forEach(_ body: (ResticID, BlobLocation) throws -> Void) rethrows {
        for entry in entries { try body(entry.id, location(entry)) }
    }

    /// Calls `body` with every place of every blob, those of one blob one after another: the blob's number, the place, and whether
    /// the blob has no other. To be called after ``sortCopies()``.
    func forEachPlace(_ body: (_ blob: Int, BlobPlace, _ isOnly: Bool) throws -> Void) rethrows {
        var next = 0
        for (number, entry) in entries.enumerated() {
            let isOnly = next == copies.count || copies[next].blob != UInt32(number)
            var place = BlobPlace(
                id: entry.id,
                pack: entry.pack,
                offset: entry.offset,
                length: entry.length,
                uncompressedLength: entry.uncompressedLength
            )
            try body(number, place, isOnly)
            while next < copies.count, copies[next].blob == UInt32(number) {
                let copy = copies[next]
                (place.pack, place.offset) = (copy.pack, copy.offset)
                (place.length, place.uncompressedLength) = (copy.length, copy.uncompressedLength)
                try body(number, place, false)
                next += 1
            }
        }
    }

    /// Puts the further places into the order of their blobs, each once.
    mutating func sortCopies() {
        copies.sort { ($0.blob, $0.pack, $0.offset) < ($1.blob, $1.pack, $1.offset) }
        var kept: ContiguousArray<Copy> = []
        for copy in copies {
            if let last = kept.last, (last.blob, last.pack, last.offset) == (copy.blob, copy.pack, copy.offset) {
                continue
            }
            let entry = entries[Int(copy.blob)]
            if (entry.pack, entry.offset) != (copy.pack, copy.offset) { kept.append(copy) }
        }
        copies = kept
    }

    private func location(_ entry: Entry) -> BlobLocation {
        BlobLocation(
            pack: packs[Int(entry.pack)],
            offset: entry.offset,
            length: entry.length,
            uncompressedLength: entry.uncompressedLength == 0 ? nil : entry.uncompressedLength
        )
    }

    /// The number under which the entries here name a pack.
    mutating func number(ofPack pack: ResticID) -> UInt32 {
        if let known = packNumbers[pack] { return known }
        let number = UInt32(packs.count)
        packs.append(pack)
        packNumbers[pack] = number
        return number
    }

    /// The slot that holds `id`, or the free one where it belongs.
    private func slot(of id: ResticID) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: id.leadingWord) & mask
        while slots[slot] != 0, entries[Int(slots[slot]) - 1].id != id {
            slot = (slot + 1) & mask
        }
        return slot
    }

    /// Makes room for `count` blobs, so that neither array moves while they come.
    mutating func reserve(_ count: Int) {
        entries.reserveCapacity(count)
        var needed = slots.count
        while (count + 1) * 4 > needed * 3 { needed *= 2 }
        if needed > slots.count { resize(needed) }
    }

    private mutating func resize(_ slotCount: Int) {
        slots = ContiguousArray(repeating: 0, count: slotCount)
        for (index, entry) in entries.enumerated() {
            slots[slot(of: entry.id)] = UInt32(index + 1)
        }
    }
}

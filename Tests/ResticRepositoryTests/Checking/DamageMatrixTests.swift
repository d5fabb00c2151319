import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// What is said about one kind of damage to one kind of object.
struct DamageCell: Sendable, CustomTestStringConvertible {
    /// What a check finds.
    enum Verdict: Sendable, Equatable {
        case intact
        case remark(CheckRemark.Kind)
        case damaged(CheckFinding.Kind)
    }
    /// What a restore of the first snapshot, which needs the object, comes to.
    enum Restore: Sendable {
        case identical
        case refused
    }

    let kind: ObjectKind
    let damage: Damage
    /// What opening comes to, with a key that is not damaged; `nil` when the repository opens.
    let refusal: RepositoryError.Code?
    let structure: Verdict
    let data: Verdict
    let restore: Restore

    init(
        _ kind: ObjectKind,
        _ damage: Damage,
        opening refusal: RepositoryError.Code? = nil,
        structure: Verdict = .intact,
        data: Verdict? = nil,
        restore: Restore = .identical
    ) {
        self.kind = kind
        self.damage = damage
        self.refusal = refusal
        self.structure = structure
        self.data = data ?? structure
        self.restore = refusal == nil ? restore : .refused
    }

    var testDescription: String { "\(kind.rawValue): \(damage.rawValue)" }

    static let all: [DamageCell] = [
        // Nothing of a repository can be used without its config.
        DamageCell(.config, .flip, opening: .damaged),
        DamageCell(.config, .truncate, opening: .damaged),
        DamageCell(.config, .empty, opening: .damaged),
        DamageCell(.config, .missing, opening: .noRepository),
        DamageCell(.config, .duplicate),
        DamageCell(.config, .wrongName, opening: .noRepository),
        DamageCell(.config, .swapped, opening: .damaged),
        // Another key opens it. That a key is gone cannot be known: keys may be removed.
        DamageCell(.key, .flip, structure: .damaged(.key)),
        DamageCell(.key, .truncate, structure: .damaged(.key)),
        DamageCell(.key, .empty, structure: .damaged(.key)),
        DamageCell(.key, .missing),
        DamageCell(.key, .duplicate, structure: .damaged(.key)),
        DamageCell(.key, .wrongName, structure: .damaged(.key)),
        DamageCell(.key, .swapped, structure: .damaged(.key)),
        // A restore does not guess with half an index.
        DamageCell(.index, .flip, structure: .damaged(.index), restore: .refused),
        DamageCell(.index, .truncate, structure: .damaged(.index), restore: .refused),
        DamageCell(.index, .empty, structure: .damaged(.index), restore: .refused),
        DamageCell(.index, .missing, structure: .damaged(.blob), restore: .refused),
        DamageCell(.index, .duplicate, structure: .damaged(.index), restore: .refused),
        DamageCell(.index, .wrongName, structure: .damaged(.index), restore: .refused),
        DamageCell(.index, .swapped, structure: .damaged(.index), restore: .refused),
        // That a snapshot is gone cannot be known: snapshots may be forgotten.
        DamageCell(.snapshot, .flip, structure: .damaged(.snapshot), restore: .refused),
        DamageCell(.snapshot, .truncate, structure: .damaged(.snapshot), restore: .refused),
        DamageCell(.snapshot, .empty, structure: .damaged(.snapshot), restore: .refused),
        DamageCell(.snapshot, .missing, restore: .refused),
        DamageCell(.snapshot, .duplicate, structure: .damaged(.snapshot)),
        DamageCell(.snapshot, .wrongName, structure: .damaged(.snapshot), restore: .refused),
        DamageCell(.snapshot, .swapped, structure: .damaged(.snapshot), restore: .refused),
        // The index knows what the header says, so a restore does without it; to build the index again it is needed.
        DamageCell(.packHeader, .flip, data: .damaged(.pack)),
        DamageCell(.packHeader, .truncate, structure: .damaged(.pack)),
        // Of a pack of data, the structure is its length.
        DamageCell(.dataPack, .flip, data: .damaged(.pack), restore: .refused),
        DamageCell(.dataPack, .truncate, structure: .damaged(.pack), restore: .refused),
        DamageCell(.dataPack, .empty, structure: .damaged(.pack), restore: .refused),
        DamageCell(.dataPack, .missing, structure: .damaged(.pack), restore: .refused),
        DamageCell(.dataPack, .duplicate, structure: .remark(.unindexedPack)),
        DamageCell(.dataPack, .wrongName, structure: .damaged(.pack), restore: .refused),
        DamageCell(.dataPack, .swapped, structure: .damaged(.pack), restore: .refused),
        // Trees are read for the structure too.
        DamageCell(.treePack, .flip, structure: .damaged(.pack), restore: .refused),
        DamageCell(.treePack, .truncate, structure: .damaged(.pack), restore: .refused),
        DamageCell(.treePack, .empty, structure: .damaged(.pack), restore: .refused),
        DamageCell(.treePack, .missing, structure: .damaged(.pack), restore: .refused),
        DamageCell(.treePack, .duplicate, structure: .remark(.unindexedPack)),
        DamageCell(.treePack, .wrongName, structure: .damaged(.pack), restore: .refused),
        DamageCell(.treePack, .swapped, structure: .damaged(.pack), restore: .refused),
        // A lock that cannot be read may still be somebody's.
        DamageCell(.lock, .flip, structure: .damaged(.lock)),
        DamageCell(.lock, .truncate, structure: .damaged(.lock)),
        DamageCell(.lock, .empty, structure: .damaged(.lock)),
        DamageCell(.lock, .missing),
        DamageCell(.lock, .duplicate, structure: .damaged(.lock)),
        DamageCell(.lock, .wrongName, structure: .damaged(.lock)),
        DamageCell(.lock, .swapped, structure: .damaged(.lock)),
    ]
}

@Suite("Damage", .timeLimit(.minutes(5)))
struct DamageMatrixTests {
    @Test("of every kind to every kind of object has its verdict", arguments: DamageCell.all)
    func verdict(cell: DamageCell) async throws {
        let sample = try await SampleRepository.copy()
        try await cell.damage.apply(to: cell.kind, in: sample)
        if let refusal = cell.refusal {
            let error = await #expect(throws: RepositoryError.self) { try await sample.open() }
            #expect(error?.code == refusal, "\(String(describing: error))")
            return
        }
        let repository = try await sample.open()
        expect(try await RepositoryCheck(repository).run(), cell.structure, cell)
        expect(try await RepositoryCheck(repository, readingData: .all).run(), cell.data, cell)
        await expectRestore(of: sample, cell)
    }

    private func expect(_ report: RepositoryCheckReport, _ verdict: DamageCell.Verdict, _ cell: DamageCell) {
        let shown = "\(report.findings) \(report.remarks)"
        switch verdict {
        case .intact:
            #expect(report.isIntact && report.remarks.isEmpty, "\(shown)")
        case .remark(let kind):
            #expect(report.isIntact && report.remarks.contains { $0.kind == kind }, "\(shown)")
        case .damaged(let kind):
            #expect(!report.isIntact && report.findings.contains { $0.kind == kind }, "\(shown)")
        }
    }

    /// Whatever happened: the right bytes or an error, never other bytes, never fewer.
    private func expectRestore(of sample: SampleRepository, _ cell: DamageCell) async {
        let result: Result<[String: [UInt8]], any Error>
        do {
            let repository = try await sample.open()
            let snapshot = try await repository.loadSnapshot(sample.snapshots[0].id)
            result = .success(try await SampleRepository.read(snapshot, in: repository.loadIndex()))
        } catch {
            result = .failure(error)
        }
        switch (result, cell.restore) {
        case (.success(let files), .identical): #expect(files == sample.contents[0])
        case (.failure(let error), .refused):
            let codes: Set<RepositoryError.Code> = [.damaged, .missing]
            #expect((error as? RepositoryError).map { codes.contains($0.code) } ?? false, "\(error)")
        case (.success(let files), .refused):
            Issue.record("restored \(files.count) files, as they were: \(files == sample.contents[0])")
        case (.failure(let error), .identical): Issue.record(error)
        }
    }

    @Test(
        "to the only key is refused at the door, and the message says which",
        arguments: [Damage.flip, .truncate, .empty]
    )
    func onlyKey(damage: Damage) async throws {
        let sample = try await SampleRepository.copy()
        try await damage.apply(to: .key, in: sample)
        let error = await #expect(throws: RepositoryError.self) { try await sample.open(password: password) }
        #expect(error?.code == .damaged || error?.code == .wrongPassword, "\(String(describing: error))")
    }
}

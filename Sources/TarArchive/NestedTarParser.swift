/// Reads an archive that is a member of another one, from the events of the outer archive.
///
/// Qdrant stores each segment of a collection snapshot as a tar of its own (`0/segments/<uuid>.tar`). Give it the
/// ``TarEvent/data(_:)`` and ``TarEvent/hole(_:)`` of that member, and call ``finish()`` at its ``TarEvent/endMember``.
/// Holes of the outer member are not written out: they come out as holes of the inner one.
public struct NestedTarParser: Sendable {
    /// The parser of the inner archive.
    public private(set) var parser: TarParser
    private let name: TarPath

    /// Makes a parser for the content of a member.
    public init(of member: TarMember, limits: TarLimits = TarLimits()) {
        parser = TarParser(limits: limits)
        name = member.path
    }

    /// Takes an event of the outer archive; other events than data and holes are none of its business, and are ignored.
    ///
    /// - Throws: ``TarError`` when the inner archive is refused, its message naming the outer member; else what `emit` throws.
    public mutating func feed(_ event: TarEvent, _ emit: (TarEvent) throws -> Void) throws {
        do {
            switch event {
            case .data(let buffer): try parser.feed(buffer, emit)
            case .hole(let count): try parser.feed(zeros: count, emit)
            case .beginMember, .endMember, .endOfArchive: break
            }
        } catch let error as TarError {
            throw named(error)
        }
    }

    /// Tells whether the inner archive was complete; see ``TarParser/finish()``.
    public mutating func finish() throws(TarError) {
        do throws(TarError) {
            try parser.finish()
        } catch {
            throw named(error)
        }
    }

    private func named(_ error: TarError) -> TarError {
        // An error of `emit` may be a TarError as well: of a parser nested deeper, which has named its place itself.
        guard error.code == parser.failure?.code else { return error }
        var named = error
        named.message = "in nested archive '\(name)': \(error.message)"
        return named
    }
}

import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("The plan of a prune")
struct PrunePlannerTests {
    private static let now = GoTime(seconds: 1_800_000_000)
    private static let holder = PackMark.Holder(hostname: "h", pid: 1)

    private func facts(
        _ number: UInt64,
        needed: Int64,
        unneeded: Int64,
        markedHoursAgo: Int64? = nil,
        holders: [PackMark.Holder] = [],
        trees: Bool = false,
        both: Bool = false,
        isIndexed: Bool = true
    ) -> PackFacts {
        var facts = PackFacts(id: Self.id(number), byteCount: needed + unneeded + 100)
        facts.isIndexed = isIndexed
        facts.neededBytes = needed
        facts.unneededBytes = unneeded
        facts.holdsTrees = trees || both
        facts.holdsData = !trees || both
        facts.mark = markedHoursAgo.map {
            PackMarks.Entry(
                time: GoTime(seconds: Self.now.seconds - $0 * 3600),
                reason: .unreferenced,
                holders: holders
            )
        }
        return facts
    }

    private static func id(_ number: UInt64) -> ResticID {
        ResticID([UInt8](repeating: 0, count: 24) + withUnsafeBytes(of: number.bigEndian) { Array($0) })!
    }

    private func plan(
        _ facts: [PackFacts],
        holders: [PackMark.Holder] = [],
        refusal: String? = nil,
        _ change: (inout PruneOptions) -> Void = { _ in }
    ) -> [String] {
        var options = PruneOptions()
        change(&options)
        var planner = PrunePlanner(options: options, now: Self.now)
        planner.holders = holders
        planner.sweepRefusal = refusal
        return planner.plan(facts).packs.map { "\($0.action.rawValue): \($0.reason)" }
    }

    @Test("says what becomes of a single pack, and why")
    func single() {
        #expect(plan([facts(1, needed: 5, unneeded: 0)]) == ["keep: all of it is needed"])
        #expect(plan([facts(1, needed: 0, unneeded: 5)]) == ["mark: no snapshot needs it"])
        #expect(plan([facts(1, needed: 0, unneeded: 5)]) { $0.grace = .zero } == ["remove: no snapshot needs it"])
        #expect(plan([facts(1, needed: 5, unneeded: 0, markedHoursAgo: 99)]) == ["unmark: it is needed again"])
        #expect(plan([facts(1, needed: 0, unneeded: 5, markedHoursAgo: 25)]) == ["remove: no snapshot needs it"])
        #expect(plan([facts(1, needed: 0, unneeded: 5, markedHoursAgo: 24)]) == ["remove: no snapshot needs it"])
        let young = plan([facts(1, needed: 0, unneeded: 5, markedHoursAgo: 23)])
        #expect(young[0].hasPrefix("wait: marked at "))
    }

    @Test("treats packs that no index names by who was there when they were seen")
    func unindexed() {
        func pack(_ hours: Int64?, _ holders: [PackMark.Holder] = []) -> [PackFacts] {
            [facts(1, needed: 0, unneeded: 0, markedHoursAgo: hours, holders: holders, isIndexed: false)]
        }
        let other = PackMark.Holder(hostname: "h", pid: 2)
        #expect(plan(pack(nil)) == ["mark: no index names it"])
        #expect(plan(pack(25)) == ["remove: no index names it"])
        #expect(plan(pack(25, [Self.holder]), holders: [other]) == ["remove: no index names it"])
        #expect(
            plan(pack(25, [Self.holder]), holders: [Self.holder]) == [
                "wait: process 1 on h may still be going to index it"
            ]
        )
        #expect(plan(pack(nil)) { $0.grace = .zero } == ["remove: no index names it"])
        #expect(plan(pack(nil), holders: [other]) { $0.grace = .zero } == ["mark: no index names it"])
    }

    @Test("removes nothing while the clock cannot be trusted, but marks and unmarks")
    func refusal() {
        let packs = [
            facts(1, needed: 0, unneeded: 5, markedHoursAgo: 99), facts(2, needed: 0, unneeded: 5),
            facts(3, needed: 5, unneeded: 0, markedHoursAgo: 99),
        ]
        #expect(
            plan(packs, refusal: "no") { $0.grace = .zero } == [
                "wait: the clock stands before what the repository shows", "mark: no snapshot needs it",
                "unmark: it is needed again",
            ]
        )
    }

    @Test("repacks those with most waste first, until what stays unneeded is within the limit")
    func maxUnused() {
        let packs = [
            facts(1, needed: 50, unneeded: 50), facts(2, needed: 90, unneeded: 10), facts(3, needed: 860, unneeded: 0),
        ]
        // 1000 needed: 52.6 may stay. Without the first, 10 do.
        #expect(plan(packs).map { $0.prefix(4) } == ["repa", "keep", "keep"])
        #expect(plan(packs) { $0.maxUnused = .bytes(60) }.allSatisfy { $0.hasPrefix("keep") })
        #expect(plan(packs) { $0.maxUnused = .bytes(5) }.map { $0.prefix(4) } == ["repa", "repa", "keep"])
        #expect(plan(packs) { $0.maxUnused = .percent(0) }.map { $0.prefix(4) } == ["repa", "repa", "keep"])
        #expect(plan(packs) { $0.maxUnused = .unlimited }.allSatisfy { $0.hasPrefix("keep") })
    }

    @Test("repacks no more than the budget allows, and says which packs wait for it")
    func budget() {
        let packs = [facts(1, needed: 50, unneeded: 50), facts(2, needed: 60, unneeded: 40)]
        #expect(
            plan(packs) { $0.maxRepackBytes = 150 } == [
                "repack: too much of it is unneeded", "keep: the budget for repacking is used up",
            ]
        )
        #expect(plan(packs) { $0.maxRepackBytes = 0 }.allSatisfy { $0.hasPrefix("keep") })
    }

    @Test("repacks trees with any waste, packs with data and trees, and small packs once they are many")
    func others() {
        let big = facts(9, needed: 20 << 20, unneeded: 0)
        #expect(plan([facts(1, needed: 99, unneeded: 1, trees: true), big])[0] == "repack: too much of it is unneeded")
        #expect(plan([facts(1, needed: 99, unneeded: 0, both: true), big])[0] == "repack: it holds data and trees")
        let few = (1...9).map { facts($0, needed: 10, unneeded: 0) } + [facts(10, needed: 10, unneeded: 0, trees: true)]
        #expect(plan(few).allSatisfy { $0 == "keep: all of it is needed" })
        let many = plan(few + [facts(11, needed: 10, unneeded: 0)])
        #expect(many.count { $0 == "repack: it is small, and so are many others" } == 10)
        #expect(many[9] == "keep: all of it is needed", "the trees are not many")
    }
}

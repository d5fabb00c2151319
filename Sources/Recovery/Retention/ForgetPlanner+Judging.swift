internal import ResticFormat

/// What is kept by policy, and what is kept whatever the policy says.
extension ForgetPlanner {
    /// Decides about every entry.
    ///
    /// - Parameter calendars: shared by whoever plans often, as a simulation does.
    func judge(_ entries: inout [ForgetPlan.Entry], _ calendars: RetentionCalendars = RetentionCalendars()) {
        var groups: [[String]: [Int]] = [:]
        for (index, entry) in entries.enumerated() where entry.kind != .unfinished {
            groups[[entry.kind.rawValue, entry.system] + entry.paths, default: []].append(index)
        }
        for group in groups.values {
            let newestFirst = group.sorted { (entries[$0].time, entries[$0].id) > (entries[$1].time, entries[$1].id) }
            if entries[newestFirst[0]].kind == .foreign {
                settle(
                    newestFirst,
                    [Opinion(component: nil, reasons: judge(newestFirst, options.policy, entries, calendars))],
                    &entries
                )
            } else {
                judgePoints(newestFirst, &entries, calendars)
            }
        }
        for index in entries.indices where entries[index].kind == .unfinished { judgeUnfinished(&entries[index]) }
    }

    // MARK: Restore points

    /// Why a component's policy keeps entries, by their place.
    private struct Opinion {
        var component: String?
        var reasons: [Int: [String]]
    }

    private func judgePoints(
        _ newestFirst: [Int],
        _ entries: inout [ForgetPlan.Entry],
        _ calendars: RetentionCalendars
    ) {
        let doubtful = doubtfulCount(newestFirst, entries)
        let judged = Array(newestFirst.dropFirst(doubtful))
        var opinions: [Opinion] = []
        var known: [(policy: RetentionPolicy, holders: [Int], reasons: [Int: [String]])] = []
        let components = Set(judged.flatMap { entries[$0].components }).sorted()
        // One without components is judged all the same.
        for component in components.isEmpty ? [nil] : components.map(Optional.some) {
            let holders = component.map { name in judged.filter { entries[$0].components.contains(name) } } ?? judged
            let policy = component.map { options.rules.policy(for: $0) } ?? options.policy
            let same = known.first { $0.policy == policy && $0.holders == holders }
            let reasons = same?.reasons ?? judge(holders, policy, entries, calendars)
            if same == nil { known.append((policy, holders, reasons)) }
            opinions.append(Opinion(component: component, reasons: reasons))
        }
        settle(judged, opinions, &entries)
        for index in newestFirst.prefix(doubtful) {
            entries[index].isKept = true
            entries[index].reasons = ["made after a long gap, and too few since to count ages from"]
        }
        for index in newestFirst where entries[index].standing.isPinned { keep(&entries[index], "pinned") }
        for proven in Self.newestProven(newestFirst, entries) { keep(&entries[proven.index], proven.reason) }
        keepLastOfEachComponent(newestFirst, &entries)
        keepLastOfEachPart(newestFirst, &entries)
    }

    private func judge(
        _ indices: [Int],
        _ policy: RetentionPolicy,
        _ entries: [ForgetPlan.Entry],
        _ calendars: RetentionCalendars
    ) -> [Int: [String]] {
        let items = indices.enumerated().map { place, index in
            // Of two with the same time the order of the plan decides.
            RetentionPolicy.Item(id: "\(place)", time: entries[index].time, tags: entries[index].tags)
        }
        var reasons: [Int: [String]] = [:]
        for verdict in policy.judge(items, calendars[policy.timeZone]) where verdict.isKept {
            guard let place = Int(verdict.item.id) else { continue }
            reasons[indices[place]] = verdict.reasons
        }
        return reasons
    }

    /// Keeps what any component needs, and says which unless all agree.
    private func settle(_ indices: [Int], _ opinions: [Opinion], _ entries: inout [ForgetPlan.Entry]) {
        for index in indices {
            let components = entries[index].components
            let concerned = opinions.filter { $0.component.map(components.contains) ?? true }
            guard let first = concerned.first?.reasons[index] ?? concerned.lazy.compactMap({ $0.reasons[index] }).first
            else {
                entries[index].isKept = false
                entries[index].reasons = [
                    components.count > 1 ? "no rule of any of its components keeps it" : "no rule keeps it"
                ]
                continue
            }
            entries[index].isKept = true
            guard concerned.contains(where: { ($0.reasons[index] ?? []) != first }) else {
                entries[index].reasons = first
                continue
            }
            var holders: [(reason: String, components: [String])] = []
            for opinion in concerned {
                for reason in opinion.reasons[index] ?? [] {
                    let place = holders.firstIndex { $0.reason == reason }
                    if place == nil { holders.append((reason, [])) }
                    holders[place ?? holders.count - 1].components.append(opinion.component ?? "")
                }
            }
            entries[index].reasons = holders.map { holder in
                holder.components.count == concerned.count
                    ? holder.reason : "\(holder.reason) (\(holder.components.joined(separator: ", ")))"
            }
        }
    }

    private func keep(_ entry: inout ForgetPlan.Entry, _ reason: String) {
        entry.reasons = entry.isKept ? entry.reasons + [reason] : [reason]
        entry.isKept = true
    }

    /// A backup whose clock was set to a later year must not let the others run out: what is made after a long gap is not what ages are
    /// counted from, until there is a week of it. A system that was really off so long waits that week.
    ///
    /// - Returns: how many of the newest are of that kind.
    private func doubtfulCount(_ newestFirst: [Int], _ entries: [ForgetPlan.Entry]) -> Int {
        guard let newest = newestFirst.first.map({ entries[$0].time.seconds }) else { return 0 }
        var count = 0
        for place in newestFirst.indices.dropLast() {
            let time = entries[newestFirst[place]].time.seconds
            guard .seconds(newest - time) < options.doubtfulSpan else { break }
            if .seconds(time - entries[newestFirst[place + 1]].time.seconds) > options.doubtfulGap { count = place + 1 }
        }
        return count
    }

    // MARK: What the policy does not decide

    /// For each component the newest restore point that is proven; where a later attempt failed for all that were, the newest of
    /// those.
    static func newestProven(_ indices: [Int], _ entries: [ForgetPlan.Entry]) -> [(index: Int, reason: String)] {
        let proofs = indices.filter { !entries[$0].standing.verified.isEmpty }
            .sorted { (entries[$0].time, entries[$0].id) > (entries[$1].time, entries[$1].id) }
        var components: [Int: [String]] = [:]
        var doubted: [Int: [String]] = [:]
        for component in Set(proofs.flatMap { entries[$0].standing.verified.keys }).sorted() {
            if let proven = proofs.first(where: { entries[$0].standing.proven(component) != nil }) {
                components[proven, default: []].append(component)
            } else if let once = proofs.first(where: { entries[$0].standing.verified[component] != nil }) {
                doubted[once, default: []].append(component)
            }
        }
        func list(_ found: [Int: [String]], _ text: String) -> [(index: Int, reason: String)] {
            found.sorted { $0.key < $1.key }.map { ($0.key, "\(text) for \($0.value.joined(separator: ", "))") }
        }
        return list(components, "the newest that is proven")
            + list(doubted, "the newest that was ever proven, though a later attempt failed,")
    }

    private func keepLastOfEachComponent(_ newestFirst: [Int], _ entries: inout [ForgetPlan.Entry]) {
        for component in Set(newestFirst.flatMap { entries[$0].components }).sorted() {
            let holders = newestFirst.filter { entries[$0].components.contains(component) }
            guard let newest = holders.first, !holders.contains(where: { entries[$0].isKept }) else { continue }
            entries[newest].isKept = true
            entries[newest].reasons = ["the last one that holds \(component)"]
        }
    }

    private func judgeUnfinished(_ entry: inout ForgetPlan.Entry) {
        // What only records are left of was forgotten by a run that died at the end.
        let what = entry.components.isEmpty ? "only records are left of it" : "unfinished"
        let age = Duration.seconds(now.seconds - entry.time.seconds)
        if age < options.unfinishedGrace {
            entry.reasons = ["\(what), and its run may still be going on"]
        } else if hasCompany {
            entry.reasons = ["\(what), and somebody else uses the repository"]
        } else {
            entry.isKept = false
            entry.reasons = [entry.components.isEmpty ? what : "unfinished: its run never came to a manifest"]
        }
    }
}

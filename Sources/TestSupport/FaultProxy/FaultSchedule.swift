/// Which requests a fault strikes.
public struct FaultOrder: Sendable {
    /// What happens.
    public var fault: ProxyFault
    /// The methods that it concerns; empty for all.
    public var methods: Set<String>
    /// What the request's target (path and query) contains; empty for all.
    public var target: String
    /// Which of the requests that it concerns it strikes, counted from 1 and from the order on.
    public var occurrences: ClosedRange<Int>

    /// Makes an order.
    public init(
        _ fault: ProxyFault,
        on methods: Set<String> = [],
        target: String = "",
        occurrences: ClosedRange<Int> = 1...1
    ) {
        self.fault = fault
        self.methods = methods
        self.target = target
        self.occurrences = occurrences
    }
}

/// What strikes which request: the orders first, in their order, then chance.
struct FaultSchedule: Sendable {
    private var orders: [(order: FaultOrder, seen: Int)] = []
    private var chance: (rate: Double, faults: [ProxyFault], generator: SeededGenerator)?

    mutating func add(_ order: FaultOrder) {
        orders.append((order, 0))
    }

    mutating func strikeAtRandom(rate: Double, from faults: [ProxyFault], seed: UInt64) {
        precondition((0...1).contains(rate) && !faults.isEmpty, "a share of requests, and something to strike them")
        chance = (rate, faults, SeededGenerator(seed: seed))
    }

    mutating func heal() {
        orders = []
        chance = nil
    }

    /// Counts the request for every order that concerns it.
    mutating func next(_ method: String, _ target: String) -> ProxyFault? {
        var struck: ProxyFault?
        for index in orders.indices {
            let order = orders[index].order
            guard order.methods.isEmpty || order.methods.contains(method) else { continue }
            guard order.target.isEmpty || target.contains(order.target) else { continue }
            orders[index].seen += 1
            if struck == nil, order.occurrences.contains(orders[index].seen) { struck = order.fault }
        }
        // Drawn for every request, so that an order takes nothing from what chance does to the others.
        if chance != nil, let drawn = draw(), struck == nil { struck = drawn }
        return struck
    }

    private mutating func draw() -> ProxyFault? {
        guard let (rate, faults, _) = chance, var generator = chance?.generator else { return nil }
        defer { chance?.generator = generator }
        let strikes = Double.random(in: 0..<1, using: &generator) < rate
        let index = Int.random(in: faults.indices, using: &generator)
        return strikes ? faults[index] : nil
    }
}

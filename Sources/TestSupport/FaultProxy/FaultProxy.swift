internal import Locks
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// An HTTP proxy between a client and a server on this machine that fails to order, or by chance.
///
/// **The fault model.** Client and server are sound; what lies between them is not. Each request of the client is one
/// exchange: read, forwarded on a connection of its own, answered. To an exchange one ``ProxyFault`` can happen: the
/// connections end at any stage, the answer is late, another one, a damaged one, or comes twice. Between exchanges the server can
/// be gone (``goAway()``): connections end and new ones are refused, until it comes back at the same port.
///
/// What a client signs passes unchanged: the head is forwarded with its own `Host`. Responses that a fault changes are held in
/// memory as a whole, all others stream.
///
/// Chance is seeded, but which request comes as the how-manieth is not when a client sends several at once: a seed
/// reproduces how often and what, not where.
public final class FaultProxy: Sendable {
    /// One request that came, for tests to look at.
    public struct Exchange: Sendable, Hashable {
        /// The method.
        public var method: String
        /// Path and query.
        public var target: String
        /// What happened to it; `nil` for nothing.
        public var fault: ProxyFault?

        /// Makes one, to compare with.
        public init(method: String, target: String, fault: ProxyFault?) {
            self.method = method
            self.target = target
            self.fault = fault
        }
    }

    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>
    private typealias Listener = NIOAsyncChannel<Connection, Never>

    private struct State {
        var port = 0
        var serverPort: Int
        var schedule = FaultSchedule()
        var exchanges: [Exchange] = []
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: Mutex<State>
    private let listeners: AsyncStream<Listener>.Continuation
    let clock: any Clock<Duration>

    private init(to port: Int, clock: any Clock<Duration>, listeners: AsyncStream<Listener>.Continuation) {
        state = Mutex(State(serverPort: port))
        self.clock = clock
        self.listeners = listeners
    }

    /// Runs `body` with a proxy to a server on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - port: where the server listens.
    ///   - clock: sleeps for delays and absences.
    public static func with<Answer>(
        to port: Int,
        clock: some Clock<Duration> = ContinuousClock(),
        _ body: (FaultProxy) async throws -> Answer
    ) async throws -> Answer {
        let (stream, listeners) = AsyncStream.makeStream(of: Listener.self)
        let proxy = FaultProxy(to: port, clock: clock, listeners: listeners)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { serving in
                    for await listener in stream { serving.addTask { await proxy.serve(listener) } }
                }
            }
            let result: Result<Answer, any Error>
            do {
                try await proxy.comeBack()
                result = .success(try await body(proxy))
            } catch {
                result = .failure(error)
            }
            await proxy.goAway()
            listeners.finish()
            // An exchange may sleep.
            group.cancelAll()
            try? await group.waitForAll()
            return try result.get()
        }
    }

    /// The port on 127.0.0.1 where clients connect.
    public var port: Int { state.withLock { $0.port } }
    /// Where clients connect: `http://127.0.0.1:<port>`.
    public var endpoint: String { "http://127.0.0.1:\(port)" }
    /// All requests so far, in the order in which they came.
    public var exchanges: [Exchange] { state.withLock { $0.exchanges } }
    /// How many requests a fault has struck.
    public var faultCount: Int { state.withLock { $0.exchanges.count { $0.fault != nil } } }

    var serverPort: Int { state.withLock { $0.serverPort } }

    /// Orders a fault; it counts requests from now.
    public func order(_ order: FaultOrder) {
        state.withLock { $0.schedule.add(order) }
    }

    /// Orders a fault for the first request that it concerns; see ``FaultOrder``.
    public func order(
        _ fault: ProxyFault,
        on methods: Set<String> = [],
        target: String = "",
        occurrences: ClosedRange<Int> = 1...1
    ) {
        order(FaultOrder(fault, on: methods, target: target, occurrences: occurrences))
    }

    /// Has each request struck with a probability of `rate`, by one of `faults` that all have the same.
    public func strikeAtRandom(rate: Double, from faults: [ProxyFault] = ProxyFault.transient, seed: UInt64) {
        state.withLock { $0.schedule.strikeAtRandom(rate: rate, from: faults, seed: seed) }
    }

    /// Takes back all faults.
    public func heal() {
        state.withLock { $0.schedule.heal() }
    }

    /// Ends all connections and refuses new ones.
    public func goAway() async {
        let channels = state.withLock { state in
            defer {
                state.listener = nil
                state.connections = [:]
            }
            return [state.listener].compactMap(\.self) + Array(state.connections.values)
        }
        for channel in channels { try? await channel.close().get() }
    }

    /// Listens again, at the same port.
    public func comeBack() async throws {
        let port = port
        let listener: Listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
                    try channel.pipeline.syncOperations.addHandler(decoder)
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        state.withLock {
            $0.listener = listener.channel
            $0.port = listener.channel.localAddress?.port ?? 0
        }
        listeners.yield(listener)
    }

    /// Is gone for this long by the proxy's clock.
    public func beGone(for duration: Duration) async throws {
        await goAway()
        try await clock.sleep(for: duration)
        try await comeBack()
    }

    private func serve(_ listener: Listener) async {
        try? await listener.executeThenClose { connections in
            await withDiscardingTaskGroup { group in
                do {
                    for try await connection in connections {
                        group.addTask { await self.serve(connection) }
                    }
                } catch {
                    // The listener was closed; its connections end by themselves.
                }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        let channel = connection.channel
        state.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
        // What goes wrong with a connection is what the proxy is for: the client sees it, nobody else has to.
        try? await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while case .head(let head)? = try await parts.next() {
                let fault = decide(head)
                let exchange = ProxyExchange(head, fault: fault, serverPort: serverPort, clock: clock)
                guard try await exchange.run(&parts, outbound) else { break }
            }
        }
        state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
    }

    private func decide(_ head: HTTPRequestHead) -> ProxyFault? {
        state.withLock { state in
            let fault = state.schedule.next(head.method.rawValue, head.uri)
            state.exchanges.append(Exchange(method: head.method.rawValue, target: head.uri, fault: fault))
            return fault
        }
    }
}

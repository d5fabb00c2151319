import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport

@testable import Recovery

/// The API of a container engine on a unix socket, as Podman 4.3.1 and its clients were seen to talk (`docs/decisions/0024-cold-route.md`),
/// with faults that a test orders.
final class FakeContainerEngine: Sendable {
    /// A container of it.
    struct Container: Sendable {
        var id = String(repeating: "2c43", count: 16)
        var isRunning = true
        var isPaused = false
        var isRemovedWhenStopped = false
        var mounts: [(name: String, source: String)] = []
        /// Called when it is stopped, and when it is started: what the server in it does.
        var onStop: @Sendable () -> Void = {}
        var onStart: @Sendable () -> Void = {}
    }

    /// What goes wrong.
    enum Fault: Sendable, Hashable {
        /// An answer with this status and message to this call: `stop`, `start`.
        case refuse(String, times: Int)
        /// The call is answered well, and nothing happens.
        case ignore(String)
        /// The container ends as soon as it is started.
        case diesAtStart
        /// The connection is closed in place of an answer.
        case hangUp(String)
        /// Not what the API says.
        case nonsense
    }

    struct State: Sendable {
        var containers: [String: Container] = [:]
        /// Folders by the names of volumes.
        var volumes: [String: String] = [:]
        var volumeOptions: [String: String] = [:]
        var faults: Set<Fault> = []
        var refusals: [String: Int] = [:]
        var newest = "1.41"
        var oldest = "1.24"
        /// `POST /v1.41/containers/qdrant/stop?t=60`, in their order.
        var calls: [String] = []
    }

    let socket: String
    private let state: Guarded<State>

    private init(socket: String, state: State) {
        self.socket = socket
        self.state = Guarded(state)
    }

    var calls: [String] { state.value.calls }
    /// The calls that change something, without the version and the container's id.
    var changes: [String] {
        calls.filter { $0.hasPrefix("POST") }.map { call in
            let last = call.split(separator: "/").last ?? ""
            return String(last.split(separator: "?")[0])
        }
    }
    func isRunning(_ name: String) -> Bool { state.value.containers[name]?.isRunning ?? false }
    func change(_ body: (inout State) -> Void) { state.change(body) }
    func order(_ faults: Fault...) { state.change { $0.faults = Set(faults) } }

    /// Runs `body` while the engine answers.
    static func with<Value>(
        in folder: TemporaryDirectory,
        _ state: State,
        _ body: (FakeContainerEngine) async throws -> Value
    ) async throws -> Value {
        let engine = FakeContainerEngine(socket: folder.path("engine.sock"), state: state)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        Handler(engine: engine),
                    ])
                }
            }
            .bind(unixDomainSocketPath: engine.socket).get()
        let result: Result<Value, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        try? await listener.close().get()
        return try result.get()
    }

    // MARK: Answering

    private func answer(_ method: String, _ uri: String) -> (status: Int, body: String)? {
        let (reply, event) = state.change { state in
            state.calls.append("\(method) \(uri)")
            return Self.reply(method, uri, &state)
        }
        event()
        return reply
    }

    private static func reply(_ method: String, _ uri: String, _ state: inout State) -> (
        (status: Int, body: String)?, @Sendable () -> Void
    ) {
        let nothing: @Sendable () -> Void = {}
        if state.faults.contains(.nonsense) { return ((200, "<html>"), nothing) }
        let path = uri.split(separator: "?")[0].split(separator: "/").map(String.init)
        if path == ["version"] {
            return (
                (
                    200,
                    #"{"Platform":{"Name":"linux/amd64/debian-12"},"Version":"4.3.1","ApiVersion":"\#(state.newest)","MinAPIVersion":"\#(state.oldest)","Os":"linux"}"#
                ), nothing
            )
        }
        guard path.count >= 3, path[0].hasPrefix("v"), let version = APIVersion(String(path[0].dropFirst())),
            let newest = APIVersion(state.newest), let oldest = APIVersion(state.oldest), version <= newest,
            version >= oldest
        else { return ((400, #"{"message":"client version is too old or too new"}"#), nothing) }
        if path[1] == "volumes" { return (volume(path[2], state), nothing) }
        let found = state.containers.first { $0.key == path[2] || $0.value.id == path[2] }
        guard path[1] == "containers", path.count == 4, let (name, container) = found else {
            return (
                (
                    404,
                    #"{"cause":"no such container","message":"no container with name or ID \"\#(path[2])\" found: no such container","response":404}"#
                ), nothing
            )
        }
        if method == "GET" { return ((200, inspection(name, container)), nothing) }
        return change(path[3], name, container, &state)
    }

    private static func change(_ call: String, _ name: String, _ container: Container, _ state: inout State) -> (
        (status: Int, body: String)?, @Sendable () -> Void
    ) {
        let nothing: @Sendable () -> Void = {}
        if state.faults.contains(.hangUp(call)) { return (nil, nothing) }
        if state.faults.contains(.ignore(call)) { return ((204, ""), nothing) }
        for case .refuse(call, let times) in state.faults where state.refusals[call, default: 0] < times {
            state.refusals[call, default: 0] += 1
            return ((500, #"{"cause":"container state improper","message":"cannot \#(call)","response":500}"#), nothing)
        }
        let isStart = call == "start"
        guard container.isRunning != isStart else { return ((304, ""), nothing) }
        state.containers[name]?.isRunning = isStart && !state.faults.contains(.diesAtStart)
        return ((204, ""), isStart ? container.onStart : container.onStop)
    }

    private static func volume(_ name: String, _ state: State) -> (Int, String) {
        guard let path = state.volumes[name] else {
            return (
                404,
                #"{"cause":"no such volume","message":"volume with name \#(name) not found: no such volume","response":404}"#
            )
        }
        let options = state.volumeOptions.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
        return (
            200,
            #"{"CreatedAt":"2026-11-24T18:32:32Z","Driver":"local","Labels":{},"Mountpoint":"\#(path)","Name":"\#(name)","Options":{\#(options)},"Scope":"local"}"#
        )
    }

    private static func inspection(_ name: String, _ container: Container) -> String {
        let mounts = container.mounts.map {
            #"{"Type":"\#($0.name.isEmpty ? "bind" : "volume")","Name":"\#($0.name)","Source":"\#($0.source)","Destination":"/qdrant/storage","Driver":"local","RW":true}"#
        }.joined(separator: ",")
        return
            #"{"Id":"\#(container.id)","Created":"2026-11-24T18:33:14.74164662Z","Path":"./entrypoint.sh","State":{"Status":"\#(container.isRunning ? "running" : "exited")","Running":\#(container.isRunning),"Paused":\#(container.isPaused),"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":5941,"ExitCode":\#(container.isRunning ? 0 : 137),"Error":"","Health":{"Status":"","Log":null}},"Name":"/\#(name)","HostConfig":{"Binds":[],"RestartPolicy":{"Name":"","MaximumRetryCount":0},"AutoRemove":\#(container.isRemovedWhenStopped)},"Mounts":[\#(mounts)],"Config":{"Image":"qdrant/qdrant:v1.19.0","StopTimeout":10},"NetworkSettings":{}}"#
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer
        private let engine: FakeContainerEngine
        private var head: HTTPRequestHead?

        init(engine: FakeContainerEngine) {
            self.engine = engine
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head, let (status, body) = engine.answer(head.method.rawValue, head.uri) else {
                    return context.close(promise: nil)
                }
                let length = status == 204 || status == 304 ? "" : "Content-Length: \(body.utf8.count)\r\n"
                let text = "HTTP/1.1 \(status) Words\r\nApi-Version: 1.41\r\n\(length)\r\n\(body)"
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            }
        }
    }
}

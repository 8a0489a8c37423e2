import NIOConcurrencyHelpers

/// Links inside one process, for tests: hosts by name, partitions on command, streams cut into random pieces.
///
/// <!-- given configuration: PeerNetworkConfiguration -->
/// ```swift
/// let world = InMemoryTransport.World(seed: 1)
/// let alice = PeerNetwork(configuration: configuration, transport: world.host("alice"))
/// let bob = PeerNetwork(configuration: configuration, transport: world.host("bob"))
/// try await bob.listen(port: 29555)
/// alice.connect(host: "bob", port: 29555)
/// world.partition([["alice"], ["bob"]])   // the connection ends, and every attempt at a new one
/// world.heal()
/// ```
public final class InMemoryTransport: PeerTransport {
    /// The hosts that can reach each other.
    public final class World: Sendable {
        struct State {
            var listeners: [PeerEndpoint: @Sendable (any PeerLink) -> (any PeerLinkReader)?] = [:]
            var groups: [String: Int] = [:]
            var links: [ObjectIdentifier: InMemoryLink] = [:]
            var nextPort: UInt16 = 49_152
            var random: UInt64
        }

        let state: NIOLockedValueBox<State>
        /// Bytes that are handed over at once at most.
        let largestPiece: Int

        /// - Parameter largestPiece: streams are cut into pieces of 1 to this many bytes, chosen by `seed`.
        public init(seed: UInt64 = 0, largestPiece: Int = 65_536) {
            self.largestPiece = max(1, largestPiece)
            state = NIOLockedValueBox(State(random: seed))
        }

        /// The transport of one host.
        public func host(_ name: String) -> InMemoryTransport { InMemoryTransport(world: self, host: name) }

        /// Separates the hosts into groups: links between different ones end, and no new ones come about. Hosts that are
        /// not named form one more group.
        public func partition(_ groups: [[String]]) {
            let cut = state.withLockedValue { state in
                state.groups = [:]
                for (number, names) in groups.enumerated() { for name in names { state.groups[name] = number } }
                return state.links.values.filter { (state.groups[$0.place.host] ?? -1) != (state.groups[$0.remote.host] ?? -1) }
            }
            for link in cut { link.end("partition") }
        }

        /// Lets everybody reach everybody again.
        public func heal() { state.withLockedValue { $0.groups = [:] } }

        func pieceLength(of remaining: Int) -> Int {
            let limit = min(remaining, largestPiece)
            guard limit > 1 else { return limit }
            return state.withLockedValue { state in
                state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return 1 + Int(state.random >> 33) % limit
            }
        }
    }

    private let world: World
    private let host: String
    private let stopped = NIOLockedValueBox(false)

    init(world: World, host: String) {
        self.world = world
        self.host = host
    }

    public func listen(
        _ endpoint: PeerEndpoint, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError) -> UInt16 {
        if stopped.withLockedValue({ $0 }) { throw .stopped }
        let bound = world.state.withLockedValue { state -> UInt16? in
            var port = endpoint.port
            if port == 0 {
                port = state.nextPort
                state.nextPort = state.nextPort == .max ? 49_152 : state.nextPort + 1
            }
            let place = PeerEndpoint(host: host, port: port)
            guard state.listeners[place] == nil else { return nil }
            state.listeners[place] = accept
            return port
        }
        guard let bound else { throw .portInUse(PeerEndpoint(host: host, port: endpoint.port)) }
        return bound
    }

    public func connect(
        _ endpoint: PeerEndpoint, timeout: Duration, accept: @escaping @Sendable (any PeerLink) -> (any PeerLinkReader)?
    ) async throws(PeerNetworkError) {
        if stopped.withLockedValue({ $0 }) { throw .stopped }
        let (listener, port) = world.state.withLockedValue { state in
            let together = (state.groups[host] ?? -1) == (state.groups[endpoint.host] ?? -1)
            let port = state.nextPort
            state.nextPort = port == .max ? 49_152 : port + 1
            return (together ? state.listeners[endpoint] : nil, port)
        }
        guard let listener else { throw .unreachable(endpoint, "no such host in memory, or a partition") }
        let near = InMemoryLink(world: world, local: PeerEndpoint(host: host, port: port), remote: endpoint)
        let far = InMemoryLink(world: world, local: endpoint, remote: near.place)
        near.pair(with: far)
        far.pair(with: near)
        world.state.withLockedValue { state in
            state.links[ObjectIdentifier(near)] = near
            state.links[ObjectIdentifier(far)] = far
        }
        guard let nearReader = accept(near) else {
            near.end(nil)
            return
        }
        near.start(nearReader)
        guard let farReader = listener(far) else {
            far.end(nil)
            return
        }
        far.start(farReader)
    }

    public func shutdown() async {
        stopped.withLockedValue { $0 = true }
        let links = world.state.withLockedValue { state in
            state.listeners = state.listeners.filter { $0.key.host != host }
            return state.links.values.filter { $0.place.host == host }
        }
        for link in links { link.end(nil) }
    }
}

/// One side of a link in memory. What the other side writes waits here until the reader's task hands it over.
final class InMemoryLink: PeerLink {
    let place: PeerEndpoint
    var local: PeerEndpoint? { place }
    let remote: PeerEndpoint

    private struct Arrival {
        var bytes: ArraySlice<UInt8>
        let done: @Sendable () -> Void
    }

    private struct State {
        var peer: InMemoryLink?
        var reader: (any PeerLinkReader)?
        var arrivals: [Arrival] = []
        var isReading = true
        var isPumping = false
        var ended = false
        var endReason: String?
        var toldEnd = false
    }

    private enum Step { case hand([UInt8], (any PeerLinkReader), (@Sendable () -> Void)?), end(any PeerLinkReader, String?), rest }

    private let world: InMemoryTransport.World
    private let state = NIOLockedValueBox(State())

    init(world: InMemoryTransport.World, local: PeerEndpoint, remote: PeerEndpoint) {
        self.world = world
        place = local
        self.remote = remote
    }

    func pair(with other: InMemoryLink) { state.withLockedValue { $0.peer = other } }

    func start(_ reader: any PeerLinkReader) {
        state.withLockedValue { $0.reader = reader }
        pump()
    }

    func write(_ bytes: [UInt8], done: @escaping @Sendable () -> Void) {
        let peer = state.withLockedValue { $0.ended ? nil : $0.peer }
        guard let peer else {
            Task { done() }
            return
        }
        peer.arrive(bytes, done)
    }

    func setReading(_ enabled: Bool) {
        state.withLockedValue { $0.isReading = enabled }
        if enabled { pump() }
    }

    func close() { end(nil) }

    /// Ends both sides; what arrived before is still handed over.
    func end(_ why: String?) {
        let peer = state.withLockedValue { state -> InMemoryLink? in
            guard !state.ended else { return nil }
            state.ended = true
            state.endReason = why
            defer { state.peer = nil }
            return state.peer
        }
        world.state.withLockedValue { _ = $0.links.removeValue(forKey: ObjectIdentifier(self)) }
        peer?.end(why)
        pump()
    }

    private func arrive(_ bytes: [UInt8], _ done: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.arrivals.append(Arrival(bytes: bytes[...], done: done)) }
        pump()
    }

    private func pump() {
        let mustStart = state.withLockedValue { state -> Bool in
            guard !state.isPumping, state.reader != nil || state.ended else { return false }
            state.isPumping = true
            return true
        }
        guard mustStart else { return }
        Task {
            while true {
                switch nextStep() {
                case .hand(let bytes, let reader, let done):
                    reader.linkDidReceive(bytes)
                    done?()
                case .end(let reader, let why): reader.linkDidClose(why)
                case .rest: return
                }
            }
        }
    }

    private func nextStep() -> Step {
        state.withLockedValue { state in
            if let reader = state.reader {
                if let first = state.arrivals.first, state.isReading || state.ended {
                    let piece = first.bytes.prefix(world.pieceLength(of: first.bytes.count))
                    state.arrivals[0].bytes = first.bytes.dropFirst(piece.count)
                    let isLast = state.arrivals[0].bytes.isEmpty
                    if isLast { state.arrivals.removeFirst() }
                    return .hand(Array(piece), reader, isLast ? first.done : nil)
                }
                if state.ended && !state.toldEnd {
                    state.toldEnd = true
                    state.reader = nil
                    return .end(reader, state.endReason)
                }
            }
            state.isPumping = false
            return .rest
        }
    }
}

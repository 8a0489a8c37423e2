import NIOConcurrencyHelpers

/// A node's connections: it listens, connects and keeps connected, and says in one stream of events what happens.
///
/// Memory is bounded on both sides, for each peer and for all: nothing is read from a peer whose messages wait for the
/// consumer of `events`, or that does not take what it is sent; and a peer that lets too much pile up is cut off. All methods
/// may be called from anywhere and do not block. Call `stop` at the end.
public final class PeerNetwork: Sendable {
    public let configuration: PeerNetworkConfiguration
    /// What happens, for one consumer. Ends after `stop`.
    public let events: AsyncStream<PeerEvent>

    struct State {
        var connections: [PeerID: PeerConnection] = [:]
        var inboundPlaces: [PeerID: String] = [:]
        var nextID: UInt64 = 1
        var bans: BanList
        var discovery: PeerDiscovery
        var targets: [PeerEndpoint: Task<Void, Never>] = [:]
        var untoldFailures: Set<PeerEndpoint> = []
        var startHeight: UInt32 = 0
        var listening: [PeerEndpoint] = []
        var ticker: Task<Void, Never>?
        var stopped = false
        var isActive = true
        /// Bytes of connections that are over.
        var ended = (received: UInt64(0), sent: UInt64(0))
        var memory: MemoryBudget
        /// Those that wait until less waits to be sent.
        var roomWaiters: [OneShot<Void>] = []
    }

    /// Its lock may be held while a connection's is taken, never the other way round.
    let state: NIOLockedValueBox<State>
    /// Bans are told in the order in which they came into force.
    private let banOrder = NIOLock()
    let transport: any PeerTransport
    let queue = EventQueue()

    /// - Parameter transport: how bytes travel; TCP where it is nil.
    public init(configuration: PeerNetworkConfiguration, transport: (any PeerTransport)? = nil) {
        self.configuration = configuration
        self.transport = transport ?? TCPTransport()
        state = NIOLockedValueBox(
            State(
                bans: configuration.bans,
                discovery: PeerDiscovery(
                    book: configuration.addressBook, outbound: configuration.automaticOutbound,
                    services: configuration.connection.services, own: configuration.externalAddresses, seed: configuration.seed),
                memory: MemoryBudget(receivingLimit: configuration.receiveMemory, sendingLimit: configuration.sendMemory)))
        let queue = queue
        events = AsyncStream { await queue.next() }
        let clock = configuration.clock, interval = configuration.tickInterval
        let ticker = Task { [weak self] in
            while (try? await clock.sleep(interval)) != nil, let network = self { network.tick() }
        }
        state.withLockedValue { $0.ticker = ticker }
    }

    deinit {
        let (ticker, targets) = state.withLockedValue { ($0.ticker, $0.targets.values) }
        ticker?.cancel()
        for target in targets { target.cancel() }
        queue.finish()
        let transport = transport
        Task { await transport.shutdown() }
    }

    // MARK: Listening

    /// Takes connections at a place of this machine.
    /// - Parameters:
    ///   - host: an own address; `0.0.0.0` or `::` for all.
    ///   - port: 0 lets the system choose.
    /// - Returns: the port.
    /// - Throws: `portInUse`, `portForbidden`, `addressUnavailable`, `cannotListen` or `stopped`.
    @discardableResult
    public func listen(host: String = "0.0.0.0", port: UInt16) async throws(PeerNetworkError) -> UInt16 {
        if state.withLockedValue({ $0.stopped }) { throw .stopped }
        let bound = try await transport.listen(PeerEndpoint(host: host, port: port)) { [weak self] link in
            self?.adopt(link, isInbound: true)
        }
        state.withLockedValue { $0.listening.append(PeerEndpoint(host: host, port: bound)) }
        return bound
    }

    /// Where connections are taken.
    public var listening: [PeerEndpoint] { state.withLockedValue { $0.listening } }

    /// Height of the node's best block, which new connections state in their version.
    public var startHeight: UInt32 {
        get { state.withLockedValue { $0.startHeight } }
        set { state.withLockedValue { $0.startHeight = newValue } }
    }

    // MARK: Talking

    /// Queues a message for a peer.
    /// - Returns: false where the peer is gone, or is now cut off since it reads too slowly.
    @discardableResult
    public func send(_ message: NetworkMessage, to peer: PeerID) -> Bool {
        guard let connection = connection(peer) else { return false }
        return connection.send(message, encode(message))
    }

    /// As `send`, after waiting until the peer has taken most of what it was sent before, and all peers together enough: for
    /// answers that are large.
    @discardableResult
    public func sendWhenReady(_ message: NetworkMessage, to peer: PeerID) async -> Bool {
        await sendWhenReady(size: message.approximateSize, to: peer) { message }
    }

    /// Likewise for a message that is made when there is room for it, so that nothing large is held for a peer that does not read.
    /// - Parameters:
    ///   - size: its bytes, about
    ///   - make: nil for none after all
    /// - Returns: false when the peer is gone or `make` gave nothing
    public func sendWhenReady(size: Int, to peer: PeerID, _ make: () async -> NetworkMessage?) async -> Bool {
        while true {
            guard let connection = connection(peer), await connection.waitForRoom() else { return false }
            let waiter = state.withLockedValue { state -> OneShot<Void>? in
                if state.stopped || state.memory.reserveSending(size) { return nil }
                let waiter = OneShot<Void>()
                state.roomWaiters.append(waiter)
                return waiter
            }
            guard let waiter else {
                defer { settle { state in state.memory.unreserveSending(size) } }
                guard let message = await make() else { return false }
                return connection.send(message, encode(message))
            }
            if await waiter.get() == nil { return false }
        }
    }

    /// Queues a message for all peers but those excepted.
    /// - Returns: how many peers it was queued for.
    @discardableResult
    public func broadcast(_ message: NetworkMessage, except: Set<PeerID> = []) -> Int {
        let connections = state.withLockedValue { $0.connections }.filter { !except.contains($0.key) }
        guard !connections.isEmpty else { return 0 }
        let bytes = encode(message)
        return connections.values.reduce(0) { $0 + ($1.send(message, bytes) ? 1 : 0) }
    }

    private func encode(_ message: NetworkMessage) -> [UInt8] {
        message.envelope.encoded(magic: configuration.magic, checksum: configuration.checksum)
    }

    // MARK: Peers

    /// All peers whose handshake is done, in the order of their numbers.
    public func peers() -> [PeerInfo] {
        state.withLockedValue { $0.connections }.values.compactMap(\.info).sorted { $0.id < $1.id }
    }

    /// What is known of a peer; nil where it is gone.
    public func peer(_ id: PeerID) -> PeerInfo? { connection(id)?.info }

    /// Ends a connection; a place given to `connect` is tried again.
    public func disconnect(_ peer: PeerID, reason: String) { connection(peer)?.close(.requested(reason)) }

    /// Measures the way to every peer now (`PeerInfo.pingTime`).
    public func ping() { for connection in state.withLockedValue({ $0.connections }).values { connection.ping() } }

    /// Whether the node talks with others. Switched off, it ends all connections, takes none and tries none; places given to `connect` are tried again
    /// once it is switched on.
    public var isActive: Bool {
        get { state.withLockedValue { $0.isActive } }
        set {
            let connections = state.withLockedValue { state in
                state.isActive = newValue
                return newValue ? [] : Array(state.connections.values)
            }
            for connection in connections { connection.close(.requested("the network is switched off")) }
        }
    }

    /// Learns where another node may be, as if a peer had told.
    /// - Returns: false where there is no room for it, or it is known, or cannot be reached from elsewhere
    public func learn(_ address: PeerAddress) -> Bool {
        let now = configuration.clock.unixTime()
        return state.withLockedValue { $0.discovery.learn(address, now: now) }
    }

    /// Adds points of misbehaviour; at the limit the peer is cut off and its host banned.
    public func misbehaved(_ peer: PeerID, points: Int, fault: String) { connection(peer)?.misbehave(points, fault) }

    /// Says that a peer brought something that was new and right, which counts when places are full.
    public func noteUseful(_ peer: PeerID, _ use: PeerUsefulness) { connection(peer)?.noteUseful(use) }

    /// Bytes that all connections hold: received and not yet taken from `events`, and waiting to be sent.
    public var heldBytes: (receiving: Int, sending: Int) {
        state.withLockedValue { ($0.memory.receiving, $0.memory.sending) }
    }

    /// Bytes of all connections since the start, those that are over included.
    public var totals: (received: UInt64, sent: UInt64) {
        state.withLockedValue { state in
            state.connections.values.reduce(state.ended) { sum, connection in
                let traffic = connection.traffic
                return (sum.received &+ traffic.received, sum.sent &+ traffic.sent)
            }
        }
    }

    /// The places of other nodes that are known, to be kept until the next run (`PeerNetworkConfiguration.addressBook`).
    public var addressBook: AddressBook { state.withLockedValue { $0.discovery.book } }

    // MARK: Bans

    /// Keeps a host or a range of hosts out and ends its connections.
    public func ban(_ range: NetworkRange, for time: Duration? = nil) {
        let now = configuration.clock.unixTime()
        let seconds = UInt64(max(0, (time ?? configuration.banTime).components.seconds))
        let connections = banOrder.withLock {
            let (end, connections) = state.withLockedValue { state in
                let end = state.bans.ban(range, until: now.addingReportingOverflow(seconds).overflow ? .max : now + seconds, at: now)
                return (end, state.connections.values.filter { range.contains(NetworkRange(host: $0.remote.host)) })
            }
            configuration.banChanged(range, end)
            return connections
        }
        for connection in connections { connection.close(.banned) }
    }

    public func unban(_ range: NetworkRange) {
        banOrder.withLock {
            state.withLockedValue { $0.bans.lift(range) }
            configuration.banChanged(range, nil)
        }
    }

    /// What is banned and the ends of the bans in seconds since 1970.
    public func bans() -> [NetworkRange: UInt64] {
        let now = configuration.clock.unixTime()
        return state.withLockedValue { $0.bans.entries(at: now) }
    }

    // MARK: Ending

    /// Ends all connections and `events`. Calling it again does nothing.
    public func stop() async {
        let old = state.withLockedValue { state -> State? in
            guard !state.stopped else { return nil }
            state.stopped = true
            defer {
                state.targets = [:]
                state.listening = []
                state.ticker = nil
                state.roomWaiters = []
            }
            return state
        }
        guard let old else { return }
        old.ticker?.cancel()
        for target in old.targets.values { target.cancel() }
        for connection in old.connections.values { connection.close(.stopped) }
        for waiter in old.roomWaiters { waiter.fulfil(()) }
        await transport.shutdown()
        queue.finish()
    }

    /// Looks at all timeouts; called by itself every `tickInterval`.
    public func tick() {
        for connection in state.withLockedValue({ $0.connections }).values { connection.tick() }
        let now = configuration.clock.now()
        settle { state in state.memory.tick(now: now) }
        let time = configuration.clock.unixTime()
        discover { state in
            guard state.isActive else { return [] }
            let outbound = state.connections.values.filter { !$0.isInbound }.map(\.remote)
            return state.discovery.tick(busy: outbound + state.targets.keys, now: time)
        }
    }

    // MARK: Connections

    func connection(_ id: PeerID) -> PeerConnection? { state.withLockedValue { $0.connections[id] } }

    /// Makes a link a connection; nil where there is no place for it.
    func adopt(_ link: any PeerLink, isInbound: Bool, automatic: PeerEndpoint? = nil) -> PeerConnection? {
        let now = configuration.clock.unixTime()
        let (connection, evicted) = state.withLockedValue { state -> (PeerConnection?, PeerConnection?) in
            guard !state.stopped, state.isActive, !state.bans.contains(link.remote.host, at: now) else { return (nil, nil) }
            var evicted: PeerConnection?
            if isInbound {
                switch place(for: link, in: state) {
                case .none: return (nil, nil)
                case .free: break
                case .of(let victim): evicted = state.connections.removeValue(forKey: victim)
                }
            }
            let id = PeerID(rawValue: state.nextID)
            state.nextID += 1
            let connection = PeerConnection(
                id: id, link: link, isInbound: isInbound, automatic: automatic, startHeight: state.startHeight,
                configuration: configuration, queue: queue, callbacks: callbacks)
            state.connections[id] = connection
            state.memory.add(id)
            if isInbound { state.inboundPlaces[id] = link.remote.host }
            return (connection, evicted)
        }
        evicted?.close(.evicted)
        connection?.start()
        return connection
    }

    private enum Place { case none, free, of(PeerID) }

    /// Whether there is a place for an inbound connection, or who gives up his.
    private func place(for link: any PeerLink, in state: State) -> Place {
        // Those that are gone and whose events wait may be as many again: a lagging consumer bounds them.
        guard state.inboundPlaces.count < 2 * configuration.maximumInbound else { return .none }
        let host = link.remote.host
        let sameHost = state.inboundPlaces.values.reduce(0) { $0 + ($1 == host ? 1 : 0) }
        guard link.remote.isLoopback || sameHost < configuration.maximumInboundPerHost else { return .none }
        let inbound = state.connections.values.filter(\.isInbound)
        guard inbound.count >= configuration.maximumInbound else { return .free }
        let victim = InboundEviction.victim(among: inbound.compactMap(\.evictionCandidate), key: configuration.evictionKey)
        return victim.map { .of($0) } ?? .none
    }

    private var callbacks: PeerConnection.Callbacks {
        PeerConnection.Callbacks(
            established: { [weak self] in self?.connectionEstablished($0, $1) },
            addresses: { [weak self] in self?.addressesReceived($1, from: $0) },
            ended: { [weak self] in self?.connectionEnded($0, $1) },
            released: { [weak self] in self?.connectionReleased($0) },
            memoryChanged: { [weak self] in self?.memoryChanged($0) })
    }

    private func connectionEstablished(_ connection: PeerConnection, _ info: PeerInfo) {
        let now = configuration.clock.unixTime()
        discover { state in
            // Its end may have been told before.
            guard state.connections[connection.id] != nil else { return [] }
            return state.discovery.connected(
                connection.id, connection.automatic ?? connection.remote, isInbound: connection.isInbound, services: info.services,
                own: ownPlace(connection, state), now: now)
        }
    }

    private func addressesReceived(_ message: NetworkMessage, from connection: PeerConnection) {
        let now = configuration.clock.unixTime()
        discover { state in state.discovery.received(message, from: connection.id, now: now) }
    }

    private func connectionEnded(_ connection: PeerConnection, _ reason: DisconnectReason) {
        state.withLockedValue { state in
            state.connections[connection.id] = nil
            let traffic = connection.traffic
            state.ended = (state.ended.received &+ traffic.received, state.ended.sent &+ traffic.sent)
            state.discovery.ended(connection.id, automatic: connection.automatic)
            if reason == .selfConnection, !connection.isInbound { state.discovery.isOwn(connection.remote) }
        }
        if reason.isMisbehaviour, !connection.remote.isLoopback { ban(NetworkRange(host: connection.remote.host)) }
    }

    private func connectionReleased(_ connection: PeerConnection) {
        let now = configuration.clock.now()
        settle { state in
            state.inboundPlaces[connection.id] = nil
            return state.memory.remove(connection.id, now: now)
        }
    }

    private func memoryChanged(_ connection: PeerConnection) {
        let now = configuration.clock.now()
        settle { state in state.memory.update(connection.id, connection.memoryUsage, now: now) }
    }

    /// Does what the memory's budget decides. Reading stops and goes on under the lock, so that the last decision holds.
    private func settle(_ decide: (inout State) -> [MemoryBudget.Decision]) {
        let (cut, waiters) = state.withLockedValue { state -> ([(PeerConnection, DisconnectReason)], [OneShot<Void>]) in
            var cut: [(PeerConnection, DisconnectReason)] = []
            for decision in decide(&state) {
                switch decision {
                case .hold(let id): state.connections[id]?.setHeld(true)
                case .release(let id): state.connections[id]?.setHeld(false)
                case .cut(let id, let reason): if let connection = state.connections[id] { cut.append((connection, reason)) }
                }
            }
            guard !state.memory.isSendingTight else { return (cut, []) }
            defer { state.roomWaiters = [] }
            return (cut, state.roomWaiters)
        }
        for (connection, reason) in cut { connection.close(reason) }
        for waiter in waiters { waiter.fulfil(()) }
    }
}

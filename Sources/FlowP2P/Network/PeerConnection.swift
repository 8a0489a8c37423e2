import NIOConcurrencyHelpers

/// One connection: the state machine on one side, the queue of events and the link on the other.
///
/// Under its lock it decides, queues events and writes to the link, so that messages and events come in the order of the
/// decisions: nobody who hears of a connection can write to it before its `verack`.
final class PeerConnection: PeerLinkReader {
    let id: PeerID
    let remote: PeerEndpoint
    let isInbound: Bool
    /// The place of the address book that this connection was made to, where it was.
    let automatic: PeerEndpoint?
    /// This side, where it is known.
    let local: PeerEndpoint?
    let openedAt: Duration
    /// The peer's version once the handshake is done, or why it never will be.
    let established = OneShot<Result<PeerInfo, DisconnectReason>>()
    /// The connection ended, and nothing of it waits for the consumer any more.
    let released = OneShot<Void>()

    private struct State {
        var machine: ConnectionStateMachine
        var info: PeerInfo?
        var bytesReceived: UInt64 = 0
        var bytesSent: UInt64 = 0
        var lastSend: UInt64 = 0
        var lastReceive: UInt64 = 0
        var queuedBytes = 0
        /// When the peer last took something, or when the first of what waits was queued.
        var takenAt: Duration?
        var untakenBytes = 0
        var isReading = true
        /// All connections together hold too much.
        var isHeld = false
        var roomWaiters: [OneShot<Void>] = []
        var lastBlock: Duration?
        var lastTransaction: Duration?
        var closed: DisconnectReason?
        var reported = 0
        /// What the network is told after the lock.
        var told: [Told] = []
    }

    private enum Told { case established(PeerInfo), addresses(NetworkMessage) }

    /// What a connection tells the network, without holding a lock.
    struct Callbacks: Sendable {
        /// Called once when the handshake is done.
        var established: @Sendable (PeerConnection, PeerInfo) -> Void
        /// Called for `addr` and `getaddr`, which the consumer does not see.
        var addresses: @Sendable (PeerConnection, NetworkMessage) -> Void
        /// Called once when the connection ends.
        var ended: @Sendable (PeerConnection, DisconnectReason) -> Void
        /// Called once when nothing of the connection waits for the consumer any more.
        var released: @Sendable (PeerConnection) -> Void
        /// Called when the memory that the connection holds has changed by more than a trifle.
        var memoryChanged: @Sendable (PeerConnection) -> Void
    }

    /// Bytes handed to the link at once: what a slow peer takes is seen in steps of this size.
    private static let largestWrite = 131_072
    /// Changes of memory up to this size are not told.
    private static let trifle = 4_096

    private let link: any PeerLink
    private let configuration: PeerNetworkConfiguration
    private let queue: EventQueue
    private let state: NIOLockedValueBox<State>
    private let callbacks: Callbacks

    init(
        id: PeerID, link: any PeerLink, isInbound: Bool, automatic: PeerEndpoint?, startHeight: UInt32, configuration: PeerNetworkConfiguration,
        queue: EventQueue, callbacks: Callbacks
    ) {
        self.id = id
        self.link = link
        self.isInbound = isInbound
        self.automatic = automatic
        self.configuration = configuration
        self.queue = queue
        self.callbacks = callbacks
        remote = link.remote
        local = link.local
        openedAt = configuration.clock.now()
        state = NIOLockedValueBox(
            State(
                machine: ConnectionStateMachine(
                    direction: isInbound ? .inbound : .outbound, parameters: configuration.connection,
                    magic: configuration.magic, checksum: configuration.checksum, startHeight: startHeight, now: openedAt,
                    unixTime: configuration.clock.unixTime())))
    }

    // MARK: What comes in

    func start() { act { state in state.machine.start() } }

    func linkDidReceive(_ bytes: [UInt8]) {
        let now = configuration.clock.now(), time = configuration.clock.unixTime()
        act { state in
            guard state.closed == nil else { return [] }
            state.bytesReceived += UInt64(bytes.count)
            state.lastReceive = time
            return state.machine.receive(bytes, now: now)
        }
    }

    func linkDidClose(_ why: String?) { close(.remoteClosed(why)) }

    func ping() {
        let now = configuration.clock.now()
        act { state in state.machine.pingNow(now: now) }
    }

    func tick() {
        let now = configuration.clock.now()
        act { state in state.machine.tick(now: now) }
    }

    func misbehave(_ points: Int, _ fault: String) { act { state in state.machine.misbehave(points, fault) } }

    func close(_ reason: DisconnectReason) { act { state in state.machine.close(reason) } }

    /// Remembers that the peer brought something that was new and right.
    func noteUseful(_ use: PeerUsefulness) {
        let now = configuration.clock.now(), time = configuration.clock.unixTime()
        state.withLockedValue { state in
            switch use {
            case .block:
                state.lastBlock = now
                state.info?.lastBlock = time
            case .transaction:
                state.lastTransaction = now
                state.info?.lastTransaction = time
            }
        }
    }

    /// Lets the state machine decide and does what it says, under one lock; ends the link behind it.
    private func act(_ decide: (inout State) -> [ConnectionStateMachine.Action]) {
        let (told, ended, mustReport) = state.withLockedValue { state -> ([Told], DisconnectReason?, Bool) in
            let before = state.closed
            perform(decide(&state), &state)
            adjustReading(&state)
            defer { state.told = [] }
            return (state.told, before == nil ? state.closed : nil, noteReport(&state))
        }
        for item in told {
            switch item {
            case .established(let info): callbacks.established(self, info)
            case .addresses(let message): callbacks.addresses(self, message)
            }
        }
        if let ended { finish(ended) }
        if mustReport || ended != nil { callbacks.memoryChanged(self) }
    }

    private func perform(_ actions: [ConnectionStateMachine.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .send(let message):
                write(message, message.envelope.encoded(magic: configuration.magic, checksum: configuration.checksum), &state)
            case .established(let version):
                let time = configuration.clock.unixTime()
                let info = PeerInfo(
                    id: id, host: remote.host, port: remote.port, isInbound: isInbound, isAutomatic: automatic != nil, version: version,
                    connectedAt: time, lastSend: state.lastSend, lastReceive: state.lastReceive,
                    bytesSent: state.bytesSent, bytesReceived: state.bytesReceived, sendQueueBytes: state.queuedBytes,
                    misbehaviourScore: state.machine.misbehaviourScore)
                state.info = info
                queue.push(.connected(info))
                established.fulfil(.success(info))
                state.told.append(.established(info))
            case .deliver(.addr), .deliver(.getaddr):
                if case .deliver(let message) = action { state.told.append(.addresses(message)) }
            case .deliver(let message):
                let cost = message.approximateSize
                state.untakenBytes += cost
                queue.push(.message(id, message)) { [weak self] in self?.eventTaken(cost) }
            case .close(let reason):
                state.closed = reason
                if state.info != nil {
                    // The place is free again when the consumer knows, so a lagging one bounds the queue.
                    queue.push(.disconnected(id, reason)) { self.release() }
                }
            }
        }
    }

    private func finish(_ reason: DisconnectReason) {
        let (waiters, wasEstablished) = state.withLockedValue { state in
            defer { state.roomWaiters = [] }
            return (state.roomWaiters, state.info != nil)
        }
        link.close()
        callbacks.ended(self, reason)
        if !wasEstablished { release() }
        established.fulfil(.failure(reason))
        for waiter in waiters { waiter.fulfil(()) }
    }

    private func release() {
        callbacks.released(self)
        released.fulfil(())
    }

    private func eventTaken(_ cost: Int) {
        let mustReport = state.withLockedValue { state in
            state.untakenBytes -= cost
            adjustReading(&state)
            return noteReport(&state)
        }
        if mustReport { callbacks.memoryChanged(self) }
    }

    /// Called under the lock, so that the link sees stops and goes in their order.
    private func adjustReading(_ state: inout State) {
        let mark = state.isReading ? configuration.eventQueueMark : configuration.eventQueueMark / 2
        let shouldRead = state.untakenBytes <= mark && state.queuedBytes <= configuration.sendQueueMark && !state.isHeld
            && !state.machine.isHeld
        guard shouldRead != state.isReading else { return }
        state.isReading = shouldRead
        state.machine.setReading(shouldRead, now: configuration.clock.now())
        link.setReading(shouldRead)
    }

    // MARK: Memory

    /// Reads nothing more, or goes on, since all connections together hold too much or no longer do.
    func setHeld(_ isHeld: Bool) {
        state.withLockedValue { state in
            state.isHeld = isHeld
            adjustReading(&state)
        }
    }

    var memoryUsage: MemoryBudget.Usage {
        state.withLockedValue { state in
            MemoryBudget.Usage(
                unfinished: state.machine.bufferedBytes, unfinishedSince: state.machine.unfinishedSince,
                queued: state.untakenBytes, sending: state.queuedBytes, sendingSince: state.takenAt)
        }
    }

    private func noteReport(_ state: inout State) -> Bool {
        let bytes = state.machine.bufferedBytes + state.untakenBytes + state.queuedBytes
        guard abs(bytes - state.reported) > Self.trifle else { return false }
        state.reported = bytes
        return true
    }

    // MARK: What goes out

    /// Queues an encoded message for an established peer; false where it is gone, or is cut off for reading too slowly.
    func send(_ message: NetworkMessage, _ bytes: [UInt8]) -> Bool {
        var isTaken = false
        act { state in
            guard state.closed == nil, state.info != nil else { return [] }
            isTaken = write(message, bytes, &state)
            return []
        }
        return isTaken
    }

    /// Waits until the peer has taken most of what it was sent before; false when the task is cancelled first.
    func waitForRoom() async -> Bool {
        while true {
            let waiter = state.withLockedValue { state -> OneShot<Void>? in
                guard state.closed == nil, state.queuedBytes > configuration.sendQueueMark else { return nil }
                let waiter = OneShot<Void>()
                state.roomWaiters.append(waiter)
                return waiter
            }
            guard let waiter else { return true }
            if await waiter.get() == nil { return false }
        }
    }

    /// Writes under the lock; too much at once ends the connection. The last words of a refused handshake, which come before
    /// its end, are written too.
    @discardableResult
    private func write(_ message: NetworkMessage, _ bytes: [UInt8], _ state: inout State) -> Bool {
        let count = state.queuedBytes + bytes.count
        guard state.queuedBytes == 0 || count <= configuration.sendQueueLimit else {
            perform(state.machine.close(.sendQueueFull(bytes: count, limit: configuration.sendQueueLimit)), &state)
            return false
        }
        state.machine.willSend(message)
        if state.queuedBytes == 0 { state.takenAt = configuration.clock.now() }
        state.queuedBytes = count
        for start in stride(from: 0, to: bytes.count, by: Self.largestWrite) {
            let end = min(start + Self.largestWrite, bytes.count)
            let piece = end - start == bytes.count ? bytes : Array(bytes[start..<end])
            link.write(piece) { [weak self] in self?.written(piece.count) }
        }
        return true
    }

    private func written(_ count: Int) {
        let now = configuration.clock.now(), time = configuration.clock.unixTime()
        let (waiters, mustReport) = state.withLockedValue { state -> ([OneShot<Void>], Bool) in
            state.queuedBytes -= count
            state.takenAt = state.queuedBytes > 0 ? now : nil
            state.bytesSent += UInt64(count)
            state.lastSend = time
            adjustReading(&state)
            let mustReport = noteReport(&state)
            guard state.queuedBytes <= configuration.sendQueueMark else { return ([], mustReport) }
            defer { state.roomWaiters = [] }
            return (state.roomWaiters, mustReport)
        }
        for waiter in waiters { waiter.fulfil(()) }
        if mustReport { callbacks.memoryChanged(self) }
    }

    // MARK: What is known

    var traffic: (received: UInt64, sent: UInt64) { state.withLockedValue { ($0.bytesReceived, $0.bytesSent) } }

    /// The present figures; nil before the handshake and after the end.
    var info: PeerInfo? {
        state.withLockedValue { state in
            guard var info = state.info, state.closed == nil else { return nil }
            info.lastSend = state.lastSend
            info.lastReceive = state.lastReceive
            info.bytesSent = state.bytesSent
            info.bytesReceived = state.bytesReceived
            info.sendQueueBytes = state.queuedBytes
            info.pingTime = state.machine.pingTime
            info.shortestPingTime = state.machine.shortestPingTime
            info.misbehaviourScore = state.machine.misbehaviourScore
            return info
        }
    }

    /// How the choice of who makes room sees this connection; nil when it has ended.
    var evictionCandidate: InboundEviction.Candidate? {
        state.withLockedValue { state in
            guard state.closed == nil else { return nil }
            return InboundEviction.Candidate(
                id: id, connectedAt: openedAt, group: NetGroup.of(remote.host), shortestPing: state.machine.shortestPingTime,
                lastBlock: state.lastBlock, lastTransaction: state.lastTransaction)
        }
    }
}

extension NetworkMessage {
    /// About what a message takes in memory.
    var approximateSize: Int {
        switch self {
        case .block(let bytes), .tx(let bytes): 256 + bytes.count
        case .inv(let items), .getdata(let items), .notfound(let items): 256 + items.count * 40
        case .headers(let headers): 256 + headers.count * 200
        case .addr(let addresses): 256 + addresses.reduce(0) { $0 + 100 + $1.address.count }
        case .model(let piece), .corpus(let piece): 256 + piece.bytes.count + piece.proof.count * 32
        case .getheaders(let request): 256 + request.locator.count * 32
        default: 512
        }
    }
}

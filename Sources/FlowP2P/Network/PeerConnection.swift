import NIOConcurrencyHelpers

/// One connection: the stream's decoder and the state machine on one side, the queue of events and the link on the other.
///
/// Under its lock it decides, queues events and writes to the link, so that messages and events come in the order of the
/// decisions: nobody who hears of a connection can write to it before its `verack`.
final class PeerConnection: PeerLinkReader {
    let id: PeerID
    let remote: PeerEndpoint
    let isInbound: Bool
    /// The peer's version once the handshake is done, or why it never will be.
    let established = OneShot<Result<PeerInfo, DisconnectReason>>()
    /// The connection ended, and nothing of it waits for the consumer any more.
    let released = OneShot<Void>()

    private struct State {
        var decoder: EnvelopeDecoder
        var machine: ConnectionStateMachine
        var info: PeerInfo?
        var bytesReceived: UInt64 = 0
        var bytesSent: UInt64 = 0
        var lastSend: UInt64 = 0
        var lastReceive: UInt64 = 0
        var queuedBytes = 0
        var untakenBytes = 0
        var isReading = true
        var roomWaiters: [OneShot<Void>] = []
        var closed: DisconnectReason?
    }

    private let link: any PeerLink
    private let configuration: PeerNetworkConfiguration
    private let queue: EventQueue
    private let state: NIOLockedValueBox<State>
    private let onEnd: @Sendable (PeerConnection, DisconnectReason) -> Void
    private let onRelease: @Sendable (PeerConnection) -> Void

    /// - Parameters:
    ///   - onEnd: called once when the connection ends.
    ///   - onRelease: called once when nothing of the connection waits for the consumer any more.
    init(
        id: PeerID, link: any PeerLink, isInbound: Bool, startHeight: UInt32, configuration: PeerNetworkConfiguration,
        queue: EventQueue, onEnd: @escaping @Sendable (PeerConnection, DisconnectReason) -> Void,
        onRelease: @escaping @Sendable (PeerConnection) -> Void
    ) {
        self.id = id
        self.link = link
        self.isInbound = isInbound
        self.configuration = configuration
        self.queue = queue
        self.onEnd = onEnd
        self.onRelease = onRelease
        remote = link.remote
        state = NIOLockedValueBox(
            State(
                decoder: EnvelopeDecoder(magic: configuration.magic, checksum: configuration.checksum),
                machine: ConnectionStateMachine(
                    direction: isInbound ? .inbound : .outbound, parameters: configuration.connection,
                    startHeight: startHeight, now: configuration.clock.now(), unixTime: configuration.clock.unixTime())))
    }

    // MARK: What comes in

    func start() { act { state in state.machine.start() } }

    func linkDidReceive(_ bytes: [UInt8]) {
        let now = configuration.clock.now(), time = configuration.clock.unixTime()
        act { state in
            guard state.closed == nil else { return [] }
            state.bytesReceived += UInt64(bytes.count)
            state.lastReceive = time
            state.decoder.append(bytes)
            do throws(EnvelopeFault) {
                while state.closed == nil, let frame = try state.decoder.next() {
                    perform(state.machine.receive(frame, now: now), &state)
                }
                return []
            } catch {
                return state.machine.receive(error)
            }
        }
    }

    func linkDidClose(_ why: String?) { close(.remoteClosed(why)) }

    func tick() {
        let now = configuration.clock.now()
        act { state in state.machine.tick(now: now) }
    }

    func misbehave(_ points: Int, _ fault: String) { act { state in state.machine.misbehave(points, fault) } }

    func close(_ reason: DisconnectReason) { act { state in state.machine.close(reason) } }

    /// Lets the state machine decide and does what it says, under one lock; ends the link behind it.
    private func act(_ decide: (inout State) -> [ConnectionStateMachine.Action]) {
        let ended = state.withLockedValue { state -> DisconnectReason? in
            let before = state.closed
            perform(decide(&state), &state)
            return before == nil ? state.closed : nil
        }
        if let ended { finish(ended) }
    }

    private func perform(_ actions: [ConnectionStateMachine.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .send(let message):
                write(message.envelope.encoded(magic: configuration.magic, checksum: configuration.checksum), &state)
            case .established(let version):
                let time = configuration.clock.unixTime()
                let info = PeerInfo(
                    id: id, host: remote.host, port: remote.port, isInbound: isInbound, version: version,
                    connectedAt: time, lastSend: state.lastSend, lastReceive: state.lastReceive,
                    bytesSent: state.bytesSent, bytesReceived: state.bytesReceived, sendQueueBytes: state.queuedBytes,
                    misbehaviourScore: state.machine.misbehaviourScore)
                state.info = info
                queue.push(.connected(info))
                established.fulfil(.success(info))
            case .deliver(let message):
                let cost = message.approximateSize
                state.untakenBytes += cost
                queue.push(.message(id, message)) { [weak self] in self?.eventTaken(cost) }
                adjustReading(&state)
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
        onEnd(self, reason)
        if !wasEstablished { release() }
        established.fulfil(.failure(reason))
        for waiter in waiters { waiter.fulfil(()) }
    }

    private func release() {
        onRelease(self)
        released.fulfil(())
    }

    private func eventTaken(_ cost: Int) {
        state.withLockedValue { state in
            state.untakenBytes -= cost
            adjustReading(&state)
        }
    }

    /// Called under the lock, so that the link sees stops and goes in their order.
    private func adjustReading(_ state: inout State) {
        let shouldRead: Bool
        if state.isReading {
            shouldRead = state.untakenBytes <= configuration.eventQueueMark && state.queuedBytes <= configuration.sendQueueMark
        } else {
            shouldRead = state.untakenBytes <= configuration.eventQueueMark / 2 && state.queuedBytes <= configuration.sendQueueMark
        }
        guard shouldRead != state.isReading else { return }
        state.isReading = shouldRead
        link.setReading(shouldRead)
    }

    // MARK: What goes out

    /// Queues an encoded message for an established peer; false where it is gone, or is cut off for reading too slowly.
    func send(_ bytes: [UInt8]) -> Bool {
        var isTaken = false
        act { state in
            guard state.closed == nil, state.info != nil else { return [] }
            isTaken = write(bytes, &state)
            return []
        }
        return isTaken
    }

    /// As `send`, after waiting until the peer has taken most of what it was sent before.
    func sendWhenReady(_ bytes: [UInt8]) async -> Bool {
        while true {
            let waiter = state.withLockedValue { state -> OneShot<Void>? in
                guard state.closed == nil, state.queuedBytes > configuration.sendQueueMark else { return nil }
                let waiter = OneShot<Void>()
                state.roomWaiters.append(waiter)
                return waiter
            }
            guard let waiter else { return send(bytes) }
            if await waiter.get() == nil { return false }
        }
    }

    /// Writes under the lock; too much at once ends the connection. The last words of a refused handshake, which come before
    /// its end, are written too.
    @discardableResult
    private func write(_ bytes: [UInt8], _ state: inout State) -> Bool {
        let count = state.queuedBytes + bytes.count
        guard state.queuedBytes == 0 || count <= configuration.sendQueueLimit else {
            perform(state.machine.close(.sendQueueFull(bytes: count, limit: configuration.sendQueueLimit)), &state)
            return false
        }
        state.queuedBytes = count
        adjustReading(&state)
        link.write(bytes) { [weak self] in self?.written(bytes.count) }
        return true
    }

    private func written(_ count: Int) {
        let time = configuration.clock.unixTime()
        let waiters = state.withLockedValue { state -> [OneShot<Void>] in
            state.queuedBytes -= count
            state.bytesSent += UInt64(count)
            state.lastSend = time
            adjustReading(&state)
            guard state.queuedBytes <= configuration.sendQueueMark else { return [] }
            defer { state.roomWaiters = [] }
            return state.roomWaiters
        }
        for waiter in waiters { waiter.fulfil(()) }
    }

    // MARK: What is known

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

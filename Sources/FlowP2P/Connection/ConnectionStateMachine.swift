/// Decides what a connection does: the stream's messages, handshake, pings, timeouts, the score of misbehaviour, and how much
/// work the peer may cause. Pure: time comes in as a parameter (any steadily growing clock), what to do comes out.
struct ConnectionStateMachine: Sendable {
    enum Direction: Sendable { case inbound, outbound }

    /// What the owner of the connection must do, in this order.
    enum Action: Equatable, Sendable {
        case send(NetworkMessage)
        /// The handshake is done; the peer's version.
        case established(VersionMessage)
        /// A message for the node.
        case deliver(NetworkMessage)
        /// End the connection. Nothing follows.
        case close(DisconnectReason)
    }

    /// Points for faults; at `ConnectionParameters.misbehaviourLimit` the peer is banned.
    enum Fault {
        /// A payload that is no message, or breaks a limit.
        static let malformed = 20
        /// A checksum that does not match, or an unprintable command.
        static let corrupt = 10
        /// A message where it does not belong: before the handshake, or a second version.
        static let outOfPlace = 1
        /// An unknown command, beyond a thousand and ten a second.
        static let unknown = 1
    }

    enum Phase { case awaitingVersion, awaitingVerack, established, closed }

    let direction: Direction
    let parameters: ConnectionParameters
    private let openedAt: Duration
    private let unixTime: UInt64
    private let startHeight: UInt32
    var phase = Phase.awaitingVersion
    private var started = false
    private var remoteVersion: VersionMessage?

    private var pingNonce: UInt64
    private var pingSentAt: Duration?
    private var lastPingAt: Duration?

    private var decoder: EnvelopeDecoder
    /// When the message that is not complete began, later by the time in which nothing was read.
    private var messageBegan: Duration?
    private var pausedAt: Duration?
    private var requests = OutstandingRequests()
    private var work: TokenBucket
    private var unknownCommands: TokenBucket
    private var addresses: TokenBucket

    /// The points so far.
    private(set) var misbehaviourScore = 0
    /// The last round-trip time and the shortest one; nil before the first pong.
    private(set) var pingTime: Duration?
    private(set) var shortestPingTime: Duration?

    /// - Parameters:
    ///   - magic: the network's four bytes as a little-endian number.
    ///   - startHeight: height of the node's best block.
    ///   - now: the steadily growing clock.
    ///   - unixTime: seconds since 1970, for the version message.
    init(
        direction: Direction, parameters: ConnectionParameters, magic: UInt32, checksum: EnvelopeChecksum = .keccak256d,
        startHeight: UInt32, now: Duration, unixTime: UInt64
    ) {
        self.direction = direction
        self.parameters = parameters
        self.startHeight = startHeight
        self.unixTime = unixTime
        openedAt = now
        decoder = EnvelopeDecoder(magic: magic, checksum: checksum)
        work = TokenBucket(capacity: parameters.workBurst, perSecond: parameters.workPerSecond, now: now)
        unknownCommands = TokenBucket(capacity: 1000, perSecond: 10, now: now)
        // As Bitcoin Core: one address at first, a thousand more with each `getaddr`.
        addresses = TokenBucket(capacity: Double(ProtocolLimits.addresses), perSecond: 0.1, tokens: 1, now: now)
        // Ping numbers only tell one's own pings apart.
        pingNonce = parameters.nonce ^ UInt64(truncatingIfNeeded: now.components.attoseconds) &* 0x9E37_79B9_7F4A_7C15
    }

    var isEstablished: Bool { phase == .established }
    var isClosed: Bool { phase == .closed }
    /// The peer has caused more work than it may: read nothing from it until a `tick` says otherwise.
    var isHeld: Bool { phase != .closed && work.tokens <= 0 }
    /// Bytes of memory that hold what arrived and makes no message yet, or waits while `isHeld`.
    var bufferedBytes: Int { phase == .closed ? 0 : decoder.capacity }
    /// When the message that is being read began; nil between messages.
    var unfinishedSince: Duration? { phase == .closed ? nil : messageBegan }

    /// The first actions; call once. The side that connected speaks first.
    mutating func start() -> [Action] {
        guard !started, phase != .closed else { return [] }
        started = true
        return direction == .outbound ? [.send(.version(localVersion))] : []
    }

    // MARK: What happens

    /// Takes a piece of the stream.
    mutating func receive(_ bytes: some Collection<UInt8>, now: Duration) -> [Action] {
        guard phase != .closed else { return [] }
        work.refill(now: now)
        if bytes.count < WorkCost.smallPiece { work.spend(WorkCost.piece) }
        if decoder.bufferedCount == 0 && !bytes.isEmpty { messageBegan = now }
        decoder.append(bytes)
        return read(now: now)
    }

    /// Says what is about to be sent to the peer, so that its answer is let in.
    mutating func willSend(_ message: NetworkMessage) {
        requests.sent(message)
        if case .getaddr = message { addresses.add(Double(ProtocolLimits.addresses)) }
    }

    /// Says that nothing more is read from the peer, or that reading goes on: time in which nothing is read does not count
    /// against an unfinished message.
    mutating func setReading(_ isReading: Bool, now: Duration) {
        if isReading, let paused = pausedAt {
            messageBegan = messageBegan.map { $0 + (now - max(paused, $0)) }
            pausedAt = nil
        } else if !isReading, pausedAt == nil {
            pausedAt = now
        }
    }

    /// Lets time pass; call about once a second.
    mutating func tick(now: Duration) -> [Action] {
        work.refill(now: now)
        let actions = read(now: now)
        return phase == .closed ? actions : actions + timeouts(now: now)
    }

    /// Measures the way to the peer now, unless an answer is awaited or there is no handshake yet.
    mutating func pingNow(now: Duration) -> [Action] { phase == .established && pingSentAt == nil ? ping(now: now) : [] }

    /// Adds points for a fault that the node found; closes at the limit.
    mutating func misbehave(_ points: Int, _ fault: String) -> [Action] {
        guard phase != .closed else { return [] }
        misbehaviourScore = min(misbehaviourScore + max(0, min(points, 1_000_000)), 1_000_000)
        guard misbehaviourScore >= parameters.misbehaviourLimit else { return [] }
        return close(.misbehaviour(score: misbehaviourScore, fault))
    }

    /// Ends the connection, once.
    mutating func close(_ reason: DisconnectReason) -> [Action] {
        guard phase != .closed else { return [] }
        phase = .closed
        decoder = EnvelopeDecoder(magic: 0)
        return [.close(reason)]
    }

    private mutating func timeouts(now: Duration) -> [Action] {
        if let began = messageBegan, pausedAt == nil, !isHeld {
            let header = try? decoder.header()
            let length = header?.length ?? 0
            let allowed = parameters.messageTimeout + .seconds(length / max(1, parameters.minimumThroughput))
            if now - began >= allowed {
                return close(.messageTimeout(
                    command: header?.command ?? "", received: max(0, decoder.bufferedCount - Envelope.headerLength), length: length, within: allowed))
            }
        }
        guard phase == .established else {
            return now - openedAt >= parameters.handshakeTimeout
                ? close(.handshakeTimeout(parameters.handshakeTimeout)) : []
        }
        if let sent = pingSentAt {
            return now - sent >= parameters.pingTimeout ? close(.pingTimeout(parameters.pingTimeout)) : []
        }
        if let last = lastPingAt, now - last < parameters.pingInterval { return [] }
        return ping(now: now)
    }

    private mutating func ping(now: Duration) -> [Action] {
        pingNonce = pingNonce &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        pingSentAt = now
        lastPingAt = now
        return [.send(.ping(pingNonce))]
    }

    // MARK: The stream

    /// Reads the messages that are there, as far as the peer's work allows.
    private mutating func read(now: Duration) -> [Action] {
        var actions: [Action] = []
        do throws(EnvelopeFault) {
            while phase != .closed, !isHeld {
                if let header = try decoder.header(), let refusal = refuse(header) {
                    actions += close(refusal)
                    break
                }
                guard let frame = try decoder.next() else { break }
                messageBegan = decoder.bufferedCount > 0 ? now : nil
                actions += receive(frame, now: now)
            }
        } catch {
            actions += close(.badEnvelope(error))
        }
        return actions
    }

    /// Judges a message by its header, before its payload takes any memory.
    private func refuse(_ header: EnvelopeDecoder.Header) -> DisconnectReason? {
        let command = header.command.flatMap(MessageCommand.init)
        let isExpected = command.map { requests.admit($0, length: header.length) } ?? true
        guard isExpected, phase == .established || header.length <= ProtocolLimits.handshakePayload else {
            return .unrequested(command: header.command ?? "", length: header.length)
        }
        return nil
    }

    private mutating func receive(_ frame: EnvelopeDecoder.Frame, now: Duration) -> [Action] {
        switch frame {
        case .badCommand:
            work.spend(WorkCost.frame)
            return misbehave(Fault.corrupt, "an unprintable command")
        case .badChecksum(let command):
            work.spend(WorkCost.frame)
            return misbehave(Fault.corrupt, "a wrong checksum of '\(command)'")
        case .message(let envelope):
            do {
                guard let message = try NetworkMessage.decode(envelope) else { return receive(unknown: envelope, now: now) }
                let isAnswer = requests.expects(message.command)
                work.spend(isAnswer ? WorkCost.frame : WorkCost.frame(bytes: envelope.payload.count))
                return receive(message, now: now)
            } catch {
                work.spend(WorkCost.frame(bytes: envelope.payload.count))
                return misbehave(Fault.malformed, "a malformed '\(envelope.command)': \(error)")
            }
        }
    }

    /// Unknown commands are passed over, so that later versions can add some; a flood of them is a fault.
    private mutating func receive(unknown envelope: Envelope, now: Duration) -> [Action] {
        work.spend(WorkCost.frame(bytes: envelope.payload.count))
        unknownCommands.refill(now: now)
        return unknownCommands.take(1) ? [] : misbehave(Fault.unknown, "a flood of unknown commands, last '\(envelope.command)'")
    }

    private mutating func receive(_ message: NetworkMessage, now: Duration) -> [Action] {
        switch (message, phase) {
        case (.version(let version), .awaitingVersion): return receive(version)
        case (.version, _): return misbehave(Fault.outOfPlace, "a second version")
        case (.verack, .awaitingVerack):
            phase = .established
            guard let remoteVersion else { return [] }
            return [.established(remoteVersion)] + ping(now: now)
        case (.verack, .established): return misbehave(Fault.outOfPlace, "a second verack")
        case (_, .awaitingVersion), (_, .awaitingVerack):
            return misbehave(Fault.outOfPlace, "'\(message.command.rawValue)' before the handshake")
        case (.ping(let nonce), _): return [.send(.pong(nonce))]
        case (.pong(let nonce), _):
            // Another number answers a ping that was given up, or none; Bitcoin lets that pass.
            guard let sent = pingSentAt, nonce == pingNonce else { return [] }
            pingSentAt = nil
            let time = now - sent
            pingTime = time
            shortestPingTime = shortestPingTime.map { min($0, time) } ?? time
            return []
        case (.addr(let places), _):
            // Those beyond what the peer may say are passed over.
            addresses.refill(now: now)
            let heard = places.prefix(Int(max(0, addresses.tokens)))
            addresses.spend(Double(heard.count))
            return heard.isEmpty ? [] : deliver(.addr(Array(heard)))
        default: return deliver(message)
        }
    }

    private mutating func deliver(_ message: NetworkMessage) -> [Action] {
        requests.received(message)
        work.spend(WorkCost.content(of: message))
        return [.deliver(message)]
    }

    private mutating func receive(_ version: VersionMessage) -> [Action] {
        // The accepting side answers before it judges, so that the other side sees the difference too, itself included.
        var actions: [Action] = direction == .inbound ? [.send(.version(localVersion))] : []
        if version.nonce == parameters.nonce { return actions + close(.selfConnection) }
        if version.genesisHash != parameters.genesisHash {
            return actions
                + close(.wrongNetwork(expectedGenesis: parameters.genesisHash, actualGenesis: version.genesisHash))
        }
        if version.protocolVersion < parameters.minimumProtocolVersion {
            return actions
                + close(.obsoleteVersion(minimum: parameters.minimumProtocolVersion, actual: version.protocolVersion))
        }
        remoteVersion = version
        phase = .awaitingVerack
        actions.append(.send(.verack))
        return actions
    }

    private var localVersion: VersionMessage {
        VersionMessage(
            protocolVersion: parameters.protocolVersion, services: parameters.services, time: unixTime,
            genesisHash: parameters.genesisHash, nonce: parameters.nonce, userAgent: parameters.userAgent,
            startHeight: startHeight, relay: parameters.relay)
    }
}

/// Decides what a connection does: handshake, pings, timeouts and the score of misbehaviour. Pure: time comes in as a
/// parameter (any steadily growing clock), what to do comes out.
public struct ConnectionStateMachine: Sendable {
    public enum Direction: Sendable { case inbound, outbound }

    /// What the owner of the connection must do, in this order.
    public enum Action: Equatable, Sendable {
        case send(NetworkMessage)
        /// The handshake is done; the peer's version.
        case established(VersionMessage)
        /// A message for the node.
        case deliver(NetworkMessage)
        /// End the connection. Nothing follows.
        case close(DisconnectReason)
    }

    /// Points for faults; at `ConnectionParameters.misbehaviourLimit` the peer is banned.
    public enum Fault {
        /// A payload that is no message, or breaks a limit.
        public static let malformed = 20
        /// A checksum that does not match, or an unprintable command.
        public static let corrupt = 10
        /// A message where it does not belong: before the handshake, or a second version.
        public static let outOfPlace = 1
    }

    private enum Phase { case awaitingVersion, awaitingVerack, established, closed }

    private let direction: Direction
    private let parameters: ConnectionParameters
    private let openedAt: Duration
    private let unixTime: UInt64
    private let startHeight: UInt32
    private var phase = Phase.awaitingVersion
    private var started = false
    private var remoteVersion: VersionMessage?
    private var pingNonce: UInt64
    private var pingSentAt: Duration?
    private var lastPingAt: Duration?

    /// The points so far.
    public private(set) var misbehaviourScore = 0
    /// The last round-trip time and the shortest one; nil before the first pong.
    public private(set) var pingTime: Duration?
    public private(set) var shortestPingTime: Duration?

    /// - Parameters:
    ///   - startHeight: height of the node's best block.
    ///   - now: the steadily growing clock.
    ///   - unixTime: seconds since 1970, for the version message.
    public init(
        direction: Direction, parameters: ConnectionParameters, startHeight: UInt32, now: Duration, unixTime: UInt64
    ) {
        self.direction = direction
        self.parameters = parameters
        self.startHeight = startHeight
        self.unixTime = unixTime
        openedAt = now
        // Ping numbers only tell one's own pings apart.
        pingNonce = parameters.nonce ^ UInt64(truncatingIfNeeded: now.components.attoseconds) &* 0x9E37_79B9_7F4A_7C15
    }

    public var isEstablished: Bool { phase == .established }
    public var isClosed: Bool { phase == .closed }

    /// The first actions; call once. The side that connected speaks first.
    public mutating func start() -> [Action] {
        guard !started, phase != .closed else { return [] }
        started = true
        return direction == .outbound ? [.send(.version(localVersion))] : []
    }

    /// Takes one frame of the stream.
    public mutating func receive(_ frame: EnvelopeDecoder.Frame, now: Duration) -> [Action] {
        guard phase != .closed else { return [] }
        switch frame {
        case .badCommand: return misbehave(Fault.corrupt, "an unprintable command")
        case .badChecksum(let command): return misbehave(Fault.corrupt, "a wrong checksum of '\(command)'")
        case .message(let envelope):
            do {
                // Unknown commands are passed over, so that later versions can add some.
                guard let message = try NetworkMessage.decode(envelope) else { return [] }
                return receive(message, now: now)
            } catch {
                return misbehave(Fault.malformed, "a malformed '\(envelope.command)': \(error)")
            }
        }
    }

    /// Takes a fault of the stream, which ends the connection.
    public mutating func receive(_ fault: EnvelopeFault) -> [Action] { close(.badEnvelope(fault)) }

    /// Lets time pass; call about once a second.
    public mutating func tick(now: Duration) -> [Action] {
        switch phase {
        case .closed: return []
        case .awaitingVersion, .awaitingVerack:
            return now - openedAt >= parameters.handshakeTimeout
                ? close(.handshakeTimeout(parameters.handshakeTimeout)) : []
        case .established:
            if let sent = pingSentAt {
                return now - sent >= parameters.pingTimeout ? close(.pingTimeout(parameters.pingTimeout)) : []
            }
            if let last = lastPingAt, now - last < parameters.pingInterval { return [] }
            pingNonce = pingNonce &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            pingSentAt = now
            lastPingAt = now
            return [.send(.ping(pingNonce))]
        }
    }

    /// Adds points for a fault that the node found; closes at the limit.
    public mutating func misbehave(_ points: Int, _ fault: String) -> [Action] {
        guard phase != .closed else { return [] }
        misbehaviourScore = min(misbehaviourScore + max(0, min(points, 1_000_000)), 1_000_000)
        guard misbehaviourScore >= parameters.misbehaviourLimit else { return [] }
        return close(.misbehaviour(score: misbehaviourScore, fault))
    }

    /// Ends the connection, once.
    public mutating func close(_ reason: DisconnectReason) -> [Action] {
        guard phase != .closed else { return [] }
        phase = .closed
        return [.close(reason)]
    }

    // MARK: Messages

    private mutating func receive(_ message: NetworkMessage, now: Duration) -> [Action] {
        switch (message, phase) {
        case (.version(let version), .awaitingVersion): return receive(version)
        case (.version, _): return misbehave(Fault.outOfPlace, "a second version")
        case (.verack, .awaitingVerack):
            phase = .established
            guard let remoteVersion else { return [] }
            return [.established(remoteVersion)] + tick(now: now)
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
        default: return [.deliver(message)]
        }
    }

    private mutating func receive(_ version: VersionMessage) -> [Action] {
        // The accepting side answers before it judges, so that the other side sees the difference too.
        var actions: [Action] = direction == .inbound ? [.send(.version(localVersion))] : []
        if version.nonce == parameters.nonce { return close(.selfConnection) }
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

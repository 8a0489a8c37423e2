import NIOConcurrencyHelpers

extension PeerNetwork {
    /// Connects to a place and keeps connected: after a failure or an end it is tried again, after pauses that double
    /// from a second to five minutes, and when the end of the last connection has been taken from `events`. Failures come
    /// as events. A place that turns out to be this node itself is given up.
    public func connect(host: String, port: UInt16) {
        let endpoint = PeerEndpoint(host: host, port: port)
        state.withLockedValue { state in
            guard !state.stopped, state.targets[endpoint] == nil else { return }
            var backoff = ReconnectBackoff(
                shortest: configuration.shortestReconnectPause, longest: configuration.longestReconnectPause,
                seed: configuration.connection.nonce ^ UInt64(port))
            // The network is held only during an attempt, so that dropping it ends the task.
            state.targets[endpoint] = Task { [weak self, configuration] in
                while !Task.isCancelled, let attempt = await self?.attempt(endpoint, &backoff) {
                    let pause: Duration
                    switch attempt {
                    case .giveUp: return
                    case .retry(let after): pause = after
                    case .connected(let connection):
                        let start = configuration.clock.now()
                        guard await connection.released.get() != nil else { return }
                        if configuration.clock.now() - start >= configuration.lastingConnection { backoff.reset() }
                        pause = backoff.pause()
                    }
                    guard (try? await configuration.clock.sleep(pause)) != nil else { return }
                }
            }
        }
    }

    /// No longer keeps connected to a place; a present connection stays.
    public func forget(host: String, port: UInt16) {
        let endpoint = PeerEndpoint(host: host, port: port)
        state.withLockedValue { $0.targets.removeValue(forKey: endpoint) }?.cancel()
    }

    /// The places that are kept connected.
    public var targets: [PeerEndpoint] {
        state.withLockedValue { $0.targets.keys.sorted { $0.description < $1.description } }
    }

    /// Connects once.
    /// - Returns: the peer, when the handshake is done.
    /// - Throws: `unreachable`, `handshakeFailed`, `banned` or `stopped`.
    public func connectOnce(host: String, port: UInt16) async throws(PeerNetworkError) -> PeerID {
        let endpoint = PeerEndpoint(host: host, port: port)
        let connection = try await open(endpoint)
        switch await connection.established.get() {
        case .success(let info): return info.id
        case .failure(let reason): throw .handshakeFailed(endpoint, reason)
        case nil:
            connection.close(.requested("the attempt was cancelled"))
            throw .unreachable(endpoint, "the attempt was cancelled")
        }
    }

    private enum Attempt { case connected(PeerConnection), retry(after: Duration), giveUp }

    private func attempt(_ endpoint: PeerEndpoint, _ backoff: inout ReconnectBackoff) async -> Attempt {
        let failure: PeerNetworkError
        do throws(PeerNetworkError) {
            let connection = try await open(endpoint)
            switch await connection.established.get() {
            case nil: return .giveUp
            case .success: return .connected(connection)
            case .failure(let reason): failure = .handshakeFailed(endpoint, reason)
            }
        } catch {
            failure = error
        }
        switch failure {
        case .stopped, .handshakeFailed(_, .stopped): return .giveUp
        case .handshakeFailed(_, .selfConnection):
            state.withLockedValue { _ = $0.targets.removeValue(forKey: endpoint) }
            tell(endpoint, failure, retryIn: nil)
            return .giveUp
        default:
            let pause = backoff.pause()
            tell(endpoint, failure, retryIn: pause)
            return .retry(after: pause)
        }
    }

    /// Makes the event of a failed attempt, unless an earlier one of this place still waits for the consumer and others follow.
    private func tell(_ endpoint: PeerEndpoint, _ failure: PeerNetworkError, retryIn: Duration?) {
        guard let retryIn else { return queue.push(.connectFailed(endpoint, failure, retryIn: nil)) }
        guard state.withLockedValue({ $0.untoldFailures.insert(endpoint).inserted }) else { return }
        queue.push(.connectFailed(endpoint, failure, retryIn: retryIn)) { [weak self] in
            self?.state.withLockedValue { _ = $0.untoldFailures.remove(endpoint) }
        }
    }

    /// Does what the discovery of other nodes decides.
    func discover(_ decide: (inout State) -> [PeerDiscovery.Action]) {
        for action in state.withLockedValue({ $0.stopped ? [] : decide(&$0) }) {
            switch action {
            case .send(let message, let peer): send(message, to: peer)
            case .connect(let endpoint):
                Task { [weak self] in
                    // Once there is a connection, its end tells.
                    if await (try? self?.open(endpoint, isAutomatic: true)) == nil {
                        self?.state.withLockedValue { $0.discovery.ended(nil, automatic: endpoint) }
                    }
                }
            }
        }
    }

    /// This node as others may reach it, by what one of its connections shows: its address there, and where it listens.
    func ownPlace(_ connection: PeerConnection, _ state: State) -> PeerEndpoint? {
        guard let local = connection.local else { return nil }
        let listening = state.listening.first { ["0.0.0.0", "::", local.host].contains($0.host) }
        return listening.map { PeerEndpoint(host: local.host, port: $0.port) }
    }

    private func open(_ endpoint: PeerEndpoint, isAutomatic: Bool = false) async throws(PeerNetworkError) -> PeerConnection {
        let now = configuration.clock.unixTime()
        let (stopped, active, banned) = state.withLockedValue { ($0.stopped, $0.isActive, $0.bans.contains(endpoint.host, at: now)) }
        if stopped { throw .stopped }
        guard active else { throw .inactive }
        if banned { throw .banned(endpoint) }
        let made = NIOLockedValueBox<PeerConnection?>(nil)
        try await transport.connect(endpoint, timeout: configuration.connectTimeout) { [weak self] link in
            let connection = self?.adopt(link, isInbound: false, automatic: isAutomatic ? endpoint : nil)
            made.withLockedValue { $0 = connection }
            return connection
        }
        guard let connection = made.withLockedValue({ $0 }) else {
            let (stopped, active) = state.withLockedValue { ($0.stopped, $0.isActive) }
            if stopped { throw .stopped }
            throw active ? .banned(endpoint) : .inactive
        }
        return connection
    }
}

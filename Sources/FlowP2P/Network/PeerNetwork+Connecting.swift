import NIOConcurrencyHelpers

extension PeerNetwork {
    /// Connects to a place and keeps connected: after a failure or an end it is tried again, after pauses that double
    /// from a second to five minutes. Failures come as events. A place that turns out to be this node itself is given up.
    public func connect(host: String, port: UInt16) {
        let endpoint = PeerEndpoint(host: host, port: port)
        state.withLockedValue { state in
            guard !state.stopped, state.targets[endpoint] == nil else { return }
            var backoff = ReconnectBackoff(
                shortest: configuration.shortestReconnectPause, longest: configuration.longestReconnectPause,
                seed: configuration.connection.nonce ^ UInt64(port))
            state.targets[endpoint] = Task { [weak self, configuration] in
                while !Task.isCancelled {
                    guard let pause = await Self.attempt(endpoint, &backoff, of: self) else { return }
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

    /// One attempt and, where it succeeds, the whole life of the connection.
    /// - Returns: the pause before the next attempt; nil for no next attempt.
    private static func attempt(
        _ endpoint: PeerEndpoint, _ backoff: inout ReconnectBackoff, of network: PeerNetwork?
    ) async -> Duration? {
        guard let clock = network?.configuration.clock else { return nil }
        let failure: PeerNetworkError
        do throws(PeerNetworkError) {
            guard let connection = try await network?.open(endpoint) else { return nil }
            switch await connection.established.get() {
            case nil: return nil
            case .failure(let reason): throw .handshakeFailed(endpoint, reason)
            case .success:
                let start = clock.now()
                guard await connection.ended.get() != nil else { return nil }
                if let lasting = network?.configuration.lastingConnection, clock.now() - start >= lasting { backoff.reset() }
                return backoff.pause()
            }
        } catch {
            failure = error
        }
        switch failure {
        case .stopped: return nil
        case .handshakeFailed(_, .stopped): return nil
        case .handshakeFailed(_, .selfConnection):
            network?.state.withLockedValue { _ = $0.targets.removeValue(forKey: endpoint) }
            network?.tell(endpoint, failure, retryIn: nil)
            return nil
        default:
            let pause = backoff.pause()
            network?.tell(endpoint, failure, retryIn: pause)
            return pause
        }
    }

    /// Makes the event of a failed attempt, unless an earlier one of this place still waits for the consumer.
    private func tell(_ endpoint: PeerEndpoint, _ failure: PeerNetworkError, retryIn: Duration?) {
        guard state.withLockedValue({ $0.untoldFailures.insert(endpoint).inserted }) else { return }
        queue.push(.connectFailed(endpoint, failure, retryIn: retryIn)) { [weak self] in
            self?.state.withLockedValue { _ = $0.untoldFailures.remove(endpoint) }
        }
    }

    private func open(_ endpoint: PeerEndpoint) async throws(PeerNetworkError) -> PeerConnection {
        let now = configuration.clock.unixTime()
        let (stopped, banned) = state.withLockedValue { ($0.stopped, $0.bans.contains(endpoint.host, at: now)) }
        if stopped { throw .stopped }
        if banned { throw .banned(endpoint) }
        let made = NIOLockedValueBox<PeerConnection?>(nil)
        try await transport.connect(endpoint, timeout: configuration.connectTimeout) { [weak self] link in
            let connection = self?.adopt(link, isInbound: false)
            made.withLockedValue { $0 = connection }
            return connection
        }
        guard let connection = made.withLockedValue({ $0 }) else {
            if state.withLockedValue({ $0.stopped }) { throw .stopped }
            throw .banned(endpoint)
        }
        return connection
    }
}

import FlowCrypto
@testable import FlowP2P
import Foundation

extension ConnectionParameters {
    static func sample(genesis: Hash256 = Keccak256.hash([1]), nonce: UInt64 = 1, agent: String = "/test:1/") -> ConnectionParameters {
        ConnectionParameters(genesisHash: genesis, services: [.blocks], userAgent: agent, nonce: nonce)
    }
}

extension PeerNetworkConfiguration {
    static func sample(nonce: UInt64, genesis: Hash256 = Keccak256.hash([1]), magic: UInt32 = 0x0a0b_0c0d) -> PeerNetworkConfiguration {
        var configuration = PeerNetworkConfiguration(
            magic: magic, connection: .sample(genesis: genesis, nonce: nonce, agent: "/node:\(nonce)/"))
        configuration.shortestReconnectPause = .milliseconds(20)
        configuration.longestReconnectPause = .milliseconds(200)
        configuration.connectTimeout = .seconds(5)
        return configuration
    }
}

/// Takes a network's events as they come and keeps them for questions.
actor EventLog {
    private(set) var events: [PeerEvent] = []

    init(_ network: PeerNetwork) {
        let events = network.events
        Task { for await event in events { await self.add(event) } }
    }

    private func add(_ event: PeerEvent) { events.append(event) }

    /// The first event, of those so far and those to come, for which `match` gives something; nil when none comes.
    func first<Result: Sendable>(_ match: @Sendable (PeerEvent) -> Result?) async -> Result? {
        await found { for event in events { if let result = match(event) { return result } }; return nil }
    }

    func connected(_ number: Int = 1) async -> PeerInfo? {
        await found {
            let infos = events.compactMap { if case .connected(let info) = $0 { info } else { nil } }
            return infos.count >= number ? infos[number - 1] : nil
        }
    }

    func disconnected() async -> DisconnectReason? {
        await first { if case .disconnected(_, let reason) = $0 { reason } else { nil } }
    }

    func messages() -> [NetworkMessage] { events.compactMap { if case .message(_, let message) = $0 { message } else { nil } } }
}

/// Waits until `condition` holds; false when it never does.
func eventually(_ condition: () async -> Bool) async -> Bool {
    await found { await condition() ? true : nil } ?? false
}

/// Asks until there is an answer. A minute ends it, so that a fault ends the test: other tests may hold the processor for many seconds, and no test here is about speed.
private func found<Result>(isolation: isolated (any Actor)? = #isolation, _ ask: () async -> Result?) async -> Result? {
    let end = ContinuousClock.now + .seconds(60)
    repeat {
        if let result = await ask() { return result }
        try? await Task.sleep(for: .milliseconds(10))
    } while ContinuousClock.now < end
    return nil
}

extension EnvelopeChecksum {
    /// Always the same four bytes.
    static let none = EnvelopeChecksum { _ in [1, 2, 3, 4] }
}

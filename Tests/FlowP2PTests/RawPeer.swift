import FlowCrypto
import NIOConcurrencyHelpers

@testable import FlowP2P

/// The other side of a connection, saying byte for byte what a test wants it to say, and writing down what it hears.
final class RawPeer: PeerLinkReader {
    private struct State {
        var decoder: EnvelopeDecoder
        var heard: [NetworkMessage] = []
        var answersPings = true
        var isClosed = false
    }

    private let state: NIOLockedValueBox<State>
    private let magic: UInt32
    private let link: NIOLockedValueBox<(any PeerLink)?> = NIOLockedValueBox(nil)

    private init(magic: UInt32) {
        self.magic = magic
        state = NIOLockedValueBox(State(decoder: EnvelopeDecoder(magic: magic)))
    }

    /// Connects and says nothing yet.
    static func connect(
        _ transport: any PeerTransport, to endpoint: PeerEndpoint, magic: UInt32 = 0x0a0b_0c0d
    ) async throws -> RawPeer {
        let peer = RawPeer(magic: magic)
        try await transport.connect(endpoint, timeout: .seconds(5)) { link in
            peer.link.withLockedValue { $0 = link }
            return peer
        }
        return peer
    }

    /// Connects and shakes hands, both messages in one piece; returns when the other side's `verack` is there.
    static func shakeHands(
        _ transport: any PeerTransport, with endpoint: PeerEndpoint, magic: UInt32 = 0x0a0b_0c0d, nonce: UInt64 = 99,
        genesis: Hash256 = Keccak256.hash([1])
    ) async throws -> RawPeer {
        let peer = try await connect(transport, to: endpoint, magic: magic)
        peer.say(.version(VersionMessage(
            services: [], time: 0, genesisHash: genesis, nonce: nonce, userAgent: "/raw/", startHeight: 0)), .verack)
        _ = await eventually { peer.heard.contains(.verack) || peer.isClosed }
        return peer
    }

    func say(_ messages: NetworkMessage...) { write(messages.flatMap { $0.envelope.encoded(magic: magic) }) }

    func write(_ bytes: [UInt8]) { link.withLockedValue { $0 }?.write(bytes) {} }

    func setReading(_ enabled: Bool) { link.withLockedValue { $0 }?.setReading(enabled) }

    func close() { link.withLockedValue { $0 }?.close() }

    /// What the other side said so far.
    var heard: [NetworkMessage] { state.withLockedValue { $0.heard } }
    var isClosed: Bool { state.withLockedValue { $0.isClosed } }

    /// Whether pings get their pongs.
    var answersPings: Bool {
        get { state.withLockedValue { $0.answersPings } }
        set { state.withLockedValue { $0.answersPings = newValue } }
    }

    func linkDidReceive(_ bytes: [UInt8]) {
        let pongs = state.withLockedValue { state -> [NetworkMessage] in
            state.decoder.append(bytes)
            var pongs: [NetworkMessage] = []
            while case .message(let envelope)? = try? state.decoder.next() {
                guard let message = try? NetworkMessage.decode(envelope) else { continue }
                state.heard.append(message)
                if case .ping(let number) = message, state.answersPings { pongs.append(.pong(number)) }
            }
            return pongs
        }
        for pong in pongs { say(pong) }
    }

    func linkDidClose(_ why: String?) { state.withLockedValue { $0.isClosed = true } }
}

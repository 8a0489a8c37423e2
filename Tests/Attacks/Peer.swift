import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import Foundation
import Synchronization

/// A peer that announces blocks and answers requests for them; it connects again when it is thrown out.
final class Peer: Sendable {
    private struct State {
        var bodies: [Hash256: [UInt8]] = [:]
        var sent: Set<Hash256> = []
        var peer: PeerID?
        var headers: [[UInt8]] = []
        var cuts = 0
    }

    private let network: PeerNetwork
    private let port: UInt16
    private let state = Mutex(State())
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init(to port: UInt16, parameters: ChainParameters) {
        self.port = port
        let connection = ConnectionParameters(
            genesisHash: parameters.genesisHash, services: [.blocks], userAgent: "/attack:1/", nonce: .random(in: 0 ... .max))
        network = PeerNetwork(configuration: PeerNetworkConfiguration(magic: parameters.magic, connection: connection))
        let started = Task { [weak self, network] in
            for await event in network.events { self?.handle(event) }
        }
        task.withLock { $0 = started }
    }

    func stop() async {
        task.withLock { $0?.cancel() }
        await network.stop()
    }

    /// How often the node threw this peer out.
    var cuts: Int { state.withLock { $0.cuts } }
    var sentCount: Int { state.withLock { $0.sent.count } }

    func connect() async throws {
        if state.withLock({ $0.peer != nil }) { return }
        let peer = try await network.connectOnce(host: "127.0.0.1", port: port)
        state.withLock { $0.peer = peer }
    }

    private func handle(_ event: PeerEvent) {
        switch event {
        case .message(let peer, .getdata(let items)):
            for item in items where item.kind == .block {
                guard let bytes = state.withLock({ state in
                    state.sent.insert(item.hash)
                    return state.bodies[item.hash]
                }) else { continue }
                network.send(.block(bytes), to: peer)
            }
        case .message(_, .headers(let headers)): state.withLock { $0.headers = headers }
        case .disconnected(let peer, _):
            state.withLock {
                if $0.peer == peer { $0.peer = nil }
                $0.cuts += 1
            }
        default: break
        }
    }

    func send(_ message: NetworkMessage) {
        if let peer = state.withLock({ $0.peer }) { network.send(message, to: peer) }
    }

    /// Announces blocks, each on the parent that it names, and serves their bodies or keeps silent.
    func announce(_ blocks: [Block], asOneBranch: Bool = false, serving: Bool = true) {
        if serving { state.withLock { for block in blocks { $0.bodies[block.hash] = block.encoded } } }
        if asOneBranch { return send(.headers(blocks.map(\.header.encoded))) }
        for block in blocks { send(.headers([block.header.encoded])) }
    }

    /// Whether the node's chain holds a block, asked over the wire.
    func isConnected(_ block: Block) async throws -> Bool {
        state.withLock { $0.headers = [] }
        send(.getheaders(HeaderRequest(locator: [block.header.previousHash])))
        for _ in 0..<100 {
            try await Task.sleep(for: .milliseconds(5))
            if let last = state.withLock({ $0.headers.first }) { return Keccak256.doubleHash(last) == block.hash }
        }
        return false
    }

    /// Seconds until a block of this peer is connected.
    func deliver(_ block: Block, within seconds: Double = 120) async throws -> Double {
        let start = Date()
        announce([block])
        while Date().timeIntervalSince(start) < seconds {
            if try await isConnected(block) { return Date().timeIntervalSince(start) }
            try await Task.sleep(for: .milliseconds(10))
        }
        return .infinity
    }
}

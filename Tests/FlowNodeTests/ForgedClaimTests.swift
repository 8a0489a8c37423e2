@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
@testable import FlowP2P
@testable import FlowTensor
import FlowTraining
import Foundation
import Synchronization
import Testing

@testable import FlowNode

/// Multiplies right and slowly, so that a replay can be met in the middle.
private struct SlowBackend: MatrixBackend {
    let name = "slow"
    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        Thread.sleep(forTimeInterval: 0.01)
        ReferenceBackend().execute(products, pool: pool)
    }
}

/// A peer on a TCP socket that announces blocks and serves their bodies.
private final class ScriptedPeer: Sendable {
    private let network: PeerNetwork
    private let peer: PeerID
    private let bodies = Mutex<[Hash256: [UInt8]]>([:])
    private let served = Mutex<Set<Hash256>>([])

    init(to port: UInt16, parameters: ChainParameters) async throws {
        let connection = ConnectionParameters(
            genesisHash: parameters.genesisHash, services: [.blocks], userAgent: "/script:1/", nonce: .random(in: 0 ... .max))
        let network = PeerNetwork(configuration: PeerNetworkConfiguration(magic: parameters.magic, connection: connection))
        self.network = network
        peer = try await network.connectOnce(host: "127.0.0.1", port: port)
        Task { [weak self, network] in
            for await event in network.events {
                guard case .message(let from, .getdata(let items)) = event, let self else { continue }
                for item in items {
                    guard let bytes = bodies.withLock({ $0[item.hash] }) else { continue }
                    network.send(.block(bytes), to: from)
                    served.withLock { _ = $0.insert(item.hash) }
                }
            }
        }
    }

    func announce(_ headers: [BlockHeader], serving blocks: [Block]) {
        bodies.withLock { for block in blocks { $0[block.hash] = block.encoded } }
        network.send(.headers(headers.map(\.encoded)), to: peer)
    }

    func hasServed(_ hash: Hash256) -> Bool { served.withLock { $0.contains(hash) } }
    func stop() async { await network.stop() }
}

@Suite struct ForgedClaimTests {
    /// A node's replay of a right block is preempted; then somebody claims the same seed with another first digest, and with fewer
    /// steps. Both are false, whatever was trained before.
    @Test(arguments: [false, true])
    func aForgeryOfAPreemptedBlockIsNotBelieved(isShorter: Bool) async throws {
        let parameters = try TestNetwork.parameters(stepsPerBlock: 4, firstPayingStep: 2)
        let (honest, rival) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: honest).mine(2, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: rival).mine(3, paying: try TestKey(2).program)
        let (chain, branch) = (try await honest.blocks(from: 1), try await rival.blocks(from: 1))
        await honest.stop()
        await rival.stop()

        let node = try await TestNetwork.chain(parameters, backend: SlowBackend())
        let network = PeerNetwork(
            configuration: PeerNetworkConfiguration(
                magic: parameters.magic,
                connection: ConnectionParameters(genesisHash: parameters.genesisHash, services: [.blocks], userAgent: "/node:1/", nonce: 1)))
        let port = try await network.listen(host: "127.0.0.1", port: 0)
        let sync = PeerSync(chain: node, network: network)
        await sync.start()

        let friend = try await ScriptedPeer(to: port, parameters: parameters)
        friend.announce([chain[0].header], serving: [chain[0]])
        try await eventually { await node.tip().height == 1 }
        // The rival branch claims more; its first block is being replayed when the next honest one comes.
        let first = try await ScriptedPeer(to: port, parameters: parameters)
        first.announce(branch.map(\.header), serving: branch)
        try await eventually { await node.isReplaying }
        friend.announce([chain[1].header], serving: [chain[1]])
        try await eventually { friend.hasServed(chain[1].hash) }
        await first.stop()
        try await eventually { await node.tip().height == 2 }

        var forged = branch[0]
        forged.stepDigests[0] = forged.stepDigests[0].flipped
        if isShorter { forged.stepDigests = Array(forged.stepDigests.prefix(2)) }
        var headers: [BlockHeader] = []
        forged.seal(parameters)
        headers.append(forged.header)
        for _ in 0..<2 {
            var child = forged
            let parent = headers[headers.count - 1]
            child.header.previousHash = parent.hash
            child.header.height = parent.height + 1
            child.header.time = parent.time + 1
            child.seal(parameters)
            headers.append(child.header)
        }
        let forger = try await ScriptedPeer(to: port, parameters: parameters)
        forger.announce(headers, serving: [forged])
        let hash = forged.hash
        try await eventually { await node.entry(hash)?.violation != nil }
        let violation = await node.entry(hash)?.violation
        #expect(violation?.hasPrefix("training-digest") == true && violation?.contains("step 1") == true, "\(violation ?? "")")
        #expect(await node.tip().hash == chain[1].hash)
        // The right block is not blamed for the forgery of its seed.
        let again = try await ScriptedPeer(to: port, parameters: parameters)
        again.announce(branch.map(\.header), serving: branch)
        try await eventually { await node.tip().hash == branch[2].hash }
        for peer in [friend, forger, again] { await peer.stop() }
        await sync.stop()
        await node.stop()
    }
}

@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import TestSupport
import Testing

@testable import FlowNode

@Suite struct PeerTests {
    private func node(_ directory: TemporaryFolder, parameters: ChainParameters, connect: Node? = nil) async throws -> Node {
        var configuration = NodeConfiguration(parameters: parameters, dataDirectory: directory.path)
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = 0
        configuration.threads = 1
        if let connect { configuration.connect = ["127.0.0.1:\(try #require(connect.listeningPort))"] }
        return try await Node(configuration)
    }

    /// A connection that says what the test wants it to say.
    private func stranger(to node: Node, genesis: Hash256? = nil) async throws -> (network: PeerNetwork, peer: PeerID) {
        let connection = ConnectionParameters(
            genesisHash: genesis ?? node.parameters.genesisHash, services: [.blocks], userAgent: "/stranger:1/", nonce: .random(in: 0 ... .max))
        let network = PeerNetwork(configuration: PeerNetworkConfiguration(magic: node.parameters.magic, connection: connection))
        return (network, try await network.connectOnce(host: "127.0.0.1", port: try #require(node.listeningPort)))
    }

    /// Announces a block and waits until the node asks for it.
    private func announce(_ header: BlockHeader, over network: PeerNetwork, to peer: PeerID) async {
        network.send(.headers([header.encoded]), to: peer)
        for await event in network.events {
            switch event {
            case .message(_, .getdata(let items)) where items.contains(InventoryItem(.block, header.hash)): return
            case .disconnected: return
            default: continue
            }
        }
    }

    @Test func twoNodesThatMinedApartAgreeWhenJoined() async throws {
        let parameters = try TestNetwork.parameters()
        let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
        let first = try await node(a, parameters: parameters)
        let second = try await node(b, parameters: parameters)
        _ = try await first.miner.mine(3, paying: try TestKey(1).program)
        _ = try await second.miner.mine(6, paying: try TestKey(2).program)
        second.network.connect(host: "127.0.0.1", port: try #require(first.listeningPort))
        try await eventually { await first.chain.tip().height == 6 }
        try await expectSame(first.chain, second.chain)
        await first.stop()
        await second.stop()
    }

    @Test func transactionsTravel() async throws {
        let parameters = try TestNetwork.parameters()
        let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
        let first = try await node(a, parameters: parameters)
        let key = try TestKey(1)
        _ = try await first.miner.mine(101, paying: key.program)
        let second = try await node(b, parameters: parameters, connect: first)
        try await eventually { await second.chain.tip().height == 101 }
        let coinbase = try await first.chain.blocks(from: 1, limit: 1)[0].transactions[0]
        let outPoint = OutPoint(txid: coinbase.txid, index: 0)
        let payment = key.payment(
            from: [(outPoint, try #require(try await first.chain.coin(outPoint)))],
            to: [TransactionOutput(value: Amount(haruki: 4_999_000_000), program: try TestKey(2).program)], genesis: parameters.genesisHash)
        try await second.chain.submit(payment)
        try await eventually { await first.chain.read { $0.mempool[payment.txid] } != nil }
        _ = try await first.miner.mine(1, paying: key.program)
        try await eventually { await second.chain.tip().height == 102 }
        #expect(await second.chain.read { $0.mempool.entries.count } == 0)
        try await expectSame(first.chain, second.chain)
        await second.stop()
        await first.stop()
    }

    /// Two nodes whose amendments differ agree up to the height, part there, and both say why; nobody is cut off.
    @Test func nodesWithOtherAmendmentsSayWhyTheyPart() async throws {
        let plain = try TestNetwork.parameters()
        var amended = plain
        amended.amendments = [Amendment(height: 3, stepsPerBlock: 4)]
        let (a, b) = (try TemporaryFolder(), try TemporaryFolder())
        let first = try await node(a, parameters: plain)
        let second = try await node(b, parameters: try amended.validated(), connect: first)
        try await eventually { first.network.peers().count == 1 && second.network.peers().count == 1 }
        _ = try await first.miner.mine(2, paying: try TestKey(1).program)
        try await eventually { await second.chain.tip().height == 2 }
        #expect(await first.chain.warnings().isEmpty)
        _ = try await first.miner.mine(2, paying: try TestKey(1).program)
        try await eventually { await second.chain.warnings().contains("from height 3 on") }
        _ = try await second.miner.mine(3, paying: try TestKey(2).program)
        try await eventually { await first.chain.warnings().contains("from height 3 on") }
        #expect(await first.chain.warnings().contains("other amendments than the 0 that this node has in force"))
        #expect(await second.chain.warnings().contains("other amendments than the 1 that this node has in force"))
        #expect(await first.chain.tip().height == 4)
        #expect(await second.chain.tip().height == 5)
        for height in 1...2 as ClosedRange<BlockHeight> {
            #expect(await first.chain.entry(at: height)?.hash == second.chain.entry(at: height)?.hash)
        }
        for network in [first.network, second.network] {
            #expect(network.peers().map(\.misbehaviourScore) == [0])
            #expect(network.bans().isEmpty)
        }
        await second.stop()
        // The warning goes with the peer.
        try await eventually { await first.chain.warnings().isEmpty }
        await first.stop()
    }

    @Test func anotherNetworkIsRefusedAtTheHandshake() async throws {
        let directory = try TemporaryFolder()
        let node = try await node(directory, parameters: try TestNetwork.parameters())
        let other = try TestNetwork.parameters().with(corpusRoot: .zero, length: 100_000)
        do {
            let (network, _) = try await stranger(to: node, genesis: other.genesisHash)
            await network.stop()
            Issue.record("a node on another corpus was let in")
        } catch let error as PeerNetworkError {
            guard case .handshakeFailed = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(node.network.peers().isEmpty)
        await node.stop()
    }

    /// Faults that a peer could know cut it off.
    @Test func punishesWhatAPeerCouldKnow() async throws {
        let parameters = try TestNetwork.parameters()
        let directory = try TemporaryFolder()
        let node = try await node(directory, parameters: parameters)
        let miner = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: miner).mine(1, paying: try TestKey(1).program)
        let block = try await miner.blocks(from: 1)[0]
        await miner.stop()

        var mutated = block
        mutated.stepDigests[0] = mutated.stepDigests[0].flipped
        var forged = block
        forged.stepDigests = [block.stepDigests[0].flipped]
        forged.header.steps = 1
        forged.seal(parameters)
        let unknown = NetworkMessage.headers([[UInt8](repeating: 0xff, count: 160)])
        let faults: [(header: BlockHeader?, message: NetworkMessage)] = [
            (block.header, .block(mutated.encoded)), (forged.header, .block(forged.encoded)), (block.header, .block([1, 2, 3])),
            (nil, .block(block.encoded)), (nil, .tx([0])), (nil, unknown),
        ]
        for (header, message) in faults {
            let (network, peer) = try await stranger(to: node)
            if let header { await announce(header, over: network, to: peer) }
            network.send(message, to: peer)
            if message == unknown {
                // Its parent is unknown, which is no fault; the peer stays.
                try await Task.sleep(for: .milliseconds(100))
                #expect(network.peer(peer) != nil)
            } else {
                try await eventually { network.peer(peer) == nil }
            }
            await network.stop()
        }
        #expect(try await node.chain.submit(block) == .connected)
        await node.stop()
    }

    /// A digest that is false at the second step: whoever relayed it after the first could not know.
    @Test func doesNotPunishWhatAPeerCouldNotKnow() async throws {
        let parameters = try TestNetwork.parameters(firstPayingStep: 2)
        let directory = try TemporaryFolder()
        let node = try await node(directory, parameters: parameters)
        let miner = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: miner).mine(1, paying: try TestKey(1).program)
        let block = try await miner.blocks(from: 1)[0]
        await miner.stop()
        var forged = block
        forged.stepDigests[1] = forged.stepDigests[1].flipped
        forged.seal(parameters)
        let (network, peer) = try await stranger(to: node)
        let (witness, _) = try await stranger(to: node)
        await announce(forged.header, over: network, to: peer)
        network.send(.block(forged.encoded), to: peer)
        let hash = forged.hash
        try await eventually { await node.chain.entry(hash)?.violation?.hasPrefix("training-digest") == true }
        #expect(network.peer(peer) != nil)
        // It was relayed all the same: its first step is right.
        var relayed = false
        for await event in witness.events {
            guard case .message(_, let message) = event else { continue }
            switch message {
            case .inv(let items): relayed = items.contains { $0.hash == hash }
            case .headers(let headers): relayed = headers.contains { Keccak256.doubleHash($0) == hash }
            default: continue
            }
            if relayed { break }
        }
        #expect(relayed)
        #expect(try await node.chain.submit(block) == .connected)
        await network.stop()
        await witness.stop()
        await node.stop()
    }
}

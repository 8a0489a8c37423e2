import FlowCrypto
import FlowP2P
import FlowStore
import Testing

@testable import FlowConsensus
@testable import FlowNode

/// What the sync asks for, and what of it is kept.
@Suite struct BlockSyncTests {
    private static func mined(_ count: Int, _ parameters: ChainParameters) async throws -> [Block] {
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(count, paying: try TestKey(1).program)
        let blocks = try await source.blocks(from: 1)
        await source.stop()
        return blocks
    }

    /// A peer that has no more headers is asked for the bodies of those that it claimed before.
    @Test func anEmptyAnswerStartsTheSearchForBodies() async throws {
        let parameters = try TestNetwork.parameters()
        let blocks = try await Self.mined(3, parameters)
        let node = try await TestNetwork.chain(parameters)
        try await node.read { chain in
            let peer = PeerID(rawValue: 5)
            var sync = BlockSync()
            #expect(!sync.handle(.connected(peer), now: .zero, chain: chain).isEmpty)
            let outcome = try chain.accept(headers: blocks.map(\.header), from: BlockTree.Announcer(rawValue: peer.rawValue))
            #expect(outcome.new == 3)
            let wanted = BlockSync.Action.send(.getdata(blocks.map { InventoryItem(.block, $0.hash) }), to: peer)
            #expect(sync.handle(.message(peer, .headers([])), now: .seconds(1), chain: chain) == [wanted])
            // Asked once; another empty answer asks for nothing more.
            #expect(sync.handle(.message(peer, .headers([])), now: .seconds(2), chain: chain).isEmpty)
        }
        await node.stop()
    }

    /// Bodies beside the chain whose headers are forged are kept in memory while their peer is connected, and never reach the store.
    @Test func forgedSideBlocksAreNotStored() async throws {
        let parameters = try TestNetwork.parameters()
        let blocks = try await Self.mined(3, parameters)
        let node = try await TestNetwork.chain(parameters)
        for block in blocks { #expect(try await node.submit(block) == .connected) }
        let peer = BlockTree.Announcer(rawValue: 5)
        // Beside the chain, where nothing is gained by a replay, and on the tip, where it is replayed and condemned.
        for (parent, height) in [(parameters.genesisBlock.header, 1), (blocks[0].header, 2), (blocks[2].header, 4)] {
            var forged = blocks[min(height, 3) - 1]
            forged.header.previousHash = parent.hash
            forged.header.height = BlockHeight(height)
            forged.header.time = parent.time + 1
            if height == 4 { forged.header.modelRoot = try #require(await node.tip().resultRoot) }
            forged.transactions = [Transaction.coinbase(height: forged.header.height, outputs: forged.transactions[0].outputs, data: [9])]
            forged.header.merkleRoot = forged.computedMerkleRoot
            forged.stepDigests = [Keccak256.hash([UInt8(height)])]
            forged.seal(parameters)
            let block = forged
            #expect(try await node.accept(block, from: peer) == nil)
            if height == 4 { try await eventually { await node.read { $0.tree.condemned(block.hash) != nil } } }
            #expect(try await node.read { try $0.store.block(block.hash) } == nil)
            #expect(await node.read { ($0.tree.body(block.hash) != nil) == (height < 4) })
        }
        await node.read { $0.remove(peer) }
        #expect(await node.read { $0.tree.bodyBytes } == 0)
        #expect(try await node.read { try $0.store.block(blocks[2].hash) } != nil)
        await node.stop()
    }
}

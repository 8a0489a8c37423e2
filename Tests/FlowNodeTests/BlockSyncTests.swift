import FlowCrypto
import FlowEncoding
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

    /// A peer with other amendments is no liar: both sides say it, its payments are left alone, and only a crowd of such headers ends the connection.
    @Test func aPeerWithOtherAmendmentsIsNotPunished() async throws {
        let plain = try TestNetwork.parameters()
        var amended = plain
        amended.amendments = [Amendment(height: 3, stepsPerBlock: 4)]
        let theirs = try await Self.mined(4, try amended.validated())
        let node = try await TestNetwork.chain(plain)
        for block in theirs.prefix(2) { #expect(try await node.submit(block) == .connected) }
        let headers = NetworkMessage.headers(theirs.map(\.header.encoded))
        let (peer, later) = (PeerID(rawValue: 5), PeerID(rawValue: 6))
        var sync = BlockSync()
        func take(_ event: BlockSync.Event, at seconds: Int) async -> [BlockSync.Action] {
            let (before, now) = (sync, Duration.seconds(seconds))
            let (after, actions) = await node.read { chain in
                var sync = before
                let actions = sync.handle(event, now: now, chain: chain)
                return (sync, actions)
            }
            sync = after
            return actions
        }
        _ = await take(.connected(peer), at: 0)
        #expect(sync.warnings.isEmpty)
        // There is no block of one's own at that height yet, so none is shown.
        var actions = await take(.message(peer, headers), at: 1)
        guard case .parted(peer, let reason)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(actions.count == 1 && reason.contains("other amendments than the 0 that this node has in force at height 3"))
        #expect(sync.warnings.count == 1 && sync.warnings[0].contains("from height 3 on"))
        let inventory = NetworkMessage.inv([InventoryItem(.transaction, Keccak256.hash([1]))])
        #expect(await take(.message(peer, inventory), at: 2).isEmpty)
        #expect(await take(.message(peer, .tx([0])), at: 2).isEmpty)
        #expect(await take(.message(peer, .mempool), at: 2).isEmpty)

        _ = try await MiningLoop(chain: node).mine(1, paying: try TestKey(2).program)
        let own = try await node.blocks(from: 3)[0].header
        _ = await take(.connected(later), at: 3)
        actions = await take(.message(later, headers), at: 4)
        #expect(actions.contains(.send(.headers([own.encoded]), to: later)))
        // Once a peer, and one line a height.
        #expect(await take(.message(later, .headers([theirs[2].header.encoded])), at: 5).isEmpty)
        #expect(sync.warnings.count == 1)
        for count in 3..<BlockSync.foreignHeaders {
            #expect(await take(.message(later, .headers([theirs[2].header.encoded])), at: 5).isEmpty, "\(count)")
        }
        actions = await take(.message(later, .headers([theirs[2].header.encoded])), at: 5)
        guard case .disconnect(later, _)? = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        for id in [peer, later] { _ = await take(.disconnected(id), at: 6) }
        #expect(sync.warnings.isEmpty)

        // Another height than the one behind its parent, and other rules, are faults as before.
        var high = theirs[2].header
        high.height = 9
        var bits = own
        bits.bits = CompactTarget(bits: 0)
        for (number, header) in [high, bits].enumerated() {
            let liar = PeerID(rawValue: UInt64(7 + number))
            _ = await take(.connected(liar), at: 7)
            actions = await take(.message(liar, .headers([header.encoded])), at: 8)
            guard case .misbehaved(liar, 100, _)? = actions.first else {
                Issue.record("\(actions)")
                continue
            }
        }
        #expect(sync.warnings.isEmpty)
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

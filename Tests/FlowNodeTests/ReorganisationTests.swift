@testable import FlowConsensus
import FlowCrypto
import FlowStore
import Testing

@testable import FlowNode

@Suite struct ReorganisationTests {
    @Test func theShorterSideChangesOverWithItsModel() async throws {
        let parameters = try TestNetwork.parameters()
        let (left, right) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: left).mine(3, paying: try TestKey(1).program)
        for block in try await left.blocks(from: 1) { #expect(try await right.submit(block) == .connected) }
        // They mine apart.
        _ = try await MiningLoop(chain: left).mine(2, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: right).mine(3, paying: try TestKey(2).program)
        let oldTip = await left.tip().hash
        let events = left.events()
        let branch = try await right.blocks(from: 4)
        // As many blocks as the own branch: first seen stays.
        #expect(try await left.submit(branch[0]) == .sideChain)
        #expect(try await left.submit(branch[1]) == .sideChain)
        #expect(await left.tip().hash == oldTip)
        #expect(try await left.submit(branch[2]) == .connected)
        try await expectSame(left, right)
        var seen: [String] = []
        for await event in events {
            switch event {
            case .disconnected(_, let height): seen.append("-\(height)")
            case .connected(_, let height): seen.append("+\(height)")
            case .reorganised(let from, _, let depth): seen.append("r\(depth)\(from == oldTip)")
            default: continue
            }
            if seen.count == 6 { break }
        }
        #expect(seen == ["-5", "-4", "+4", "+5", "+6", "r2true"])
        #expect(await left.read { $0.chainTips() }.map(\.status.rawValue).sorted() == ["active", "valid-fork"])
        // And back again, with the stored deltas.
        await left.stop()
        await right.stop()
    }

    @Test func headersFirstThenBodiesInAnyOrder() async throws {
        let parameters = try TestNetwork.parameters()
        let (source, node) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: source).mine(8, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: node).mine(2, paying: try TestKey(2).program)
        let blocks = try await source.blocks(from: 1)
        let accepted = try await node.accept(headers: blocks.map(\.header))
        #expect(accepted.new == 8 && accepted.refusal == nil)
        #expect(await node.read { $0.tree.missingBodies(of: .local, limit: 100) { _ in false } } == blocks.map(\.hash))
        for block in blocks.reversed() { #expect(try await node.accept(block) == nil) }
        try await eventually { await node.tip().height == 8 }
        try await expectSame(source, node)
        await source.stop()
        await node.stop()
    }

    /// A block without its parent is not kept, however large: headers tell what to ask for.
    @Test func orphansAreNotKept() async throws {
        let parameters = try TestNetwork.parameters()
        let (source, node) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: source).mine(3, paying: try TestKey(1).program)
        let blocks = try await source.blocks(from: 1)
        #expect(try await node.submit(blocks[2]) == .orphan)
        #expect(await node.read { $0.tree.bodyBytes } == 0)
        for block in blocks { #expect(try await node.submit(block) == .connected) }
        try await expectSame(source, node)
        await source.stop()
        await node.stop()
    }

    /// A branch whose later block spends a coin that its own earlier block did not make is left, and the old branch stands.
    @Test func aBranchThatTurnsOutInvalidIsLeft() async throws {
        let parameters = try TestNetwork.parameters()
        let (left, right) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: left).mine(1, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: right).mine(1, paying: try TestKey(2).program)
        let fork = try await right.blocks(from: 1)[0]
        var bad = try await right.blockTemplate().block(paying: try TestKey(2).program)
        bad.transactions.append(
            try TestKey(1).payment(
                from: [(OutPoint(txid: try await left.blocks(from: 1)[0].transactions[0].txid, index: 0), Coin(output: bad.transactions[0].outputs[0], height: 1, isCoinbase: true))],
                to: [TransactionOutput(value: Amount(haruki: 1), program: try TestKey(2).program)], genesis: parameters.genesisHash))
        bad.header.merkleRoot = bad.computedMerkleRoot
        bad.header.steps = 1
        repeat {
            bad.stepDigests = [(bad.stepDigests.first ?? .zero).next]
            bad.header.deltaHash = DigestChain.end(
                modelRoot: bad.header.modelRoot, workSeed: parameters.workSeed(of: bad.header), stepDigests: bad.stepDigests)
        } while !bad.header.meetsTarget
        let before = await left.tip().hash
        _ = try await left.submit(fork)
        #expect(try await left.submit(bad).rule == "tx-missing-coin")
        #expect(await left.tip().hash == before)
        await left.stop()
        await right.stop()
    }

    /// A reorganisation across base snapshots: the base lies on the branch that was left.
    @Test func restartAfterAReorganisationBelowTheBase() async throws {
        let parameters = try TestNetwork.parameters()
        let store = MemoryStore()
        let (left, right) = (try await TestNetwork.chain(parameters, store: store), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: left).mine(30, paying: try TestKey(1).program)
        for block in try await left.blocks(from: 1) { _ = try await right.submit(block) }
        _ = try await MiningLoop(chain: left).mine(3, paying: try TestKey(1).program)
        _ = try await MiningLoop(chain: right).mine(5, paying: try TestKey(2).program)
        // Only to height 31, so that no new base is written on the new branch before the restart: bodies and headers first.
        for block in try await right.blocks(from: 31) { _ = try await left.submit(block) }
        try await expectSame(left, right)
        await left.stop()
        let again = try await TestNetwork.chain(parameters, store: store)
        try await expectSame(again, right)
        await again.stop()
        await right.stop()
    }
}

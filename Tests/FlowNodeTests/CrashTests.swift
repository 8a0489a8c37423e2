import FlowConsensus
import FlowCrypto
import FlowModel
import FlowStore
import TestSupport
import Testing

@testable import FlowNode

/// A crash in any write leaves a store from which a node starts with tip, coins and model that belong together.
@Suite struct CrashTests {
    @Test(arguments: [CrashingStore.Ending.processEnd, .powerCut])
    func everyWriteOfAReorganisation(_ ending: CrashingStore.Ending) async throws {
        let parameters = try TestNetwork.parameters()
        let key = try TestKey(1)
        // Two branches: the node follows the short one, then has to change to the long one.
        let (short, long) = (try await TestNetwork.chain(parameters), try await TestNetwork.chain(parameters))
        _ = try await MiningLoop(chain: short).mine(2, paying: key.program)
        _ = try await MiningLoop(chain: long).mine(4, paying: try TestKey(2).program)
        let script = try await short.blocks(from: 1) + long.blocks(from: 1)
        var crashes = 0
        let folder = try TemporaryFolder(inMemory: true)
        for write in 1...200 {
            let store = CrashingStore(seed: UInt64(write)), mark = DurableFile(path: folder.path("mark\(write)"))
            store.crash(atWrite: write)
            do {
                let node = try await TestNetwork.chain(parameters, store: store, mark: mark)
                try await play(script, on: node)
                await node.stop()
            } catch {
                #expect(store.hasCrashed, "\(error)")
            }
            guard store.hasCrashed else { break }
            crashes += 1
            let reopened = store.reopened(after: ending)
            // Opening verifies that the model's root is the tip's.
            let again = try await TestNetwork.chain(parameters, store: reopened, mark: mark)
            #expect(await again.warnings() == "", "nothing is missing that was acknowledged")
            try await expectConsistent(again)
            try await play(script, on: again)
            try await expectSame(again, long)
            await again.stop()
        }
        // Genesis, two blocks, one header-only branch replayed beside it, two down, four up: well above ten writes.
        #expect(crashes > 10 && crashes < 200)
        await short.stop()
        await long.stop()
    }

    @Test func everyWriteAroundANewBaseSnapshot() async throws {
        let parameters = try TestNetwork.parameters()
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(34, paying: try TestKey(1).program)
        let script = try await source.blocks(from: 1)
        // Writes 30 to 36 surround the snapshot at height 32.
        for write in 30...36 {
            let store = CrashingStore(seed: UInt64(write))
            store.crash(atWrite: write)
            do {
                let node = try await TestNetwork.chain(parameters, store: store)
                try await play(script, on: node)
                await node.stop()
            } catch {}
            #expect(store.hasCrashed)
            let again = try await TestNetwork.chain(parameters, store: store.reopened(after: .powerCut))
            try await expectConsistent(again)
            try await play(script, on: again)
            try await expectSame(again, source)
            await again.stop()
        }
        await source.stop()
    }

    @Test func aFullDiskStopsTheNodeAndLosesNothing() async throws {
        let parameters = try TestNetwork.parameters()
        let source = try await TestNetwork.chain(parameters)
        _ = try await MiningLoop(chain: source).mine(5, paying: try TestKey(1).program)
        let script = try await source.blocks(from: 1)
        let store = CrashingStore(seed: 1)
        let node = try await TestNetwork.chain(parameters, store: store)
        #expect(try await node.submit(script[0]) == .connected)
        store.fillDisk(atWrite: 1)
        let events = node.events()
        guard case .localFault = try await node.submit(script[1]) else {
            Issue.record("a full disk was not noticed")
            return
        }
        var fault: NodeError?
        for await event in events {
            if case .fault(let error) = event {
                fault = error
                break
            }
        }
        #expect(fault?.code == .diskFull)
        await #expect(throws: NodeError.self) { try await node.submit(script[2]) }
        #expect(await node.tip().height == 1)
        let again = try await TestNetwork.chain(parameters, store: store.reopened(after: .processEnd))
        try await play(script, on: again)
        try await expectSame(again, source)
        await again.stop()
        await node.stop()
        await source.stop()
    }

    private func play(_ script: [Block], on node: ChainService) async throws {
        for block in script { _ = try await node.submit(block) }
    }

    /// The weights have the root that the index has for the tip, and the coins are those of the tip's blocks.
    private func expectConsistent(_ node: ChainService) async throws {
        let snapshot = await node.modelSnapshot()
        #expect(snapshot.weights.root() == snapshot.tip.resultRoot)
        var coins = CoinTable()
        let validator = BlockValidator(parameters: node.parameters)
        var chain = HeaderChain(genesis: node.parameters.genesisBlock.header)
        for block in try await node.blocks(from: 1, limit: 1_000) {
            coins.apply(try validator.connect(block, coins: coins, context: chain).changes)
            chain.append(block.header)
        }
        #expect(chain.parentHash == snapshot.tip.hash)
        let summary = try await node.read { try $0.coinSummary(isHashed: false) }
        #expect(summary.coins.count == coins.coins.count)
        for (outPoint, coin) in coins.coins { #expect(try await node.coin(outPoint) == coin) }
    }
}
